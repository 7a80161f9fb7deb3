"""Ships a trained folder as the embedded model: `python -m tests.research.training.ship_demo --from DIR`."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from core.abilities import ABILITIES, Item, generate_items
from core.abilities.prompts import extract_answer, is_quasi_exact, render_generation
from core.benchmarks.diagnostic import heldout_items
from core.benchmarks.evaluation import evaluate, prepare
from core.benchmarks.registry import find_benchmarks
from core.inference.generation import generate
from core.models.files import EMBEDDED_FOLDER
from core.models.loading import LoadedModel, load
from core.models.spec import ModelSpec

MODEL_FOLDER = EMBEDDED_FOLDER / "demo"
SHIPPED = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)

CHOICE_ITEMS = 500
"""Held-out items of each ability for its accuracy."""
GENERATION_ITEMS = 200
"""Held-out items of each ability for its exact match."""


@dataclass(frozen=True)
class Measured:
    """How well the model does on the held-out items of one ability, fractions."""

    ability: str
    accuracy: float
    by_family: dict[str, float]
    whole: float
    """Share of generated texts that equal the right one, every step of it."""
    answers: float
    """Share of generated texts that end in the right answer."""


def measure(loaded: LoadedModel) -> list[Measured]:
    """Accuracy and exact match of every ability."""
    return [_measure(loaded, place) for place in range(len(ABILITIES))]


def _measure(loaded: LoadedModel, place: int) -> Measured:
    ability = ABILITIES[place].id
    accuracy, by_family = accuracy_by_family(loaded, ability)
    whole, answers = exact_match(loaded, generate_items(ability, "basic", "heldout", GENERATION_ITEMS))
    return Measured(ability, accuracy, by_family, whole, answers)


def accuracy_by_family(loaded: LoadedModel, ability: str) -> tuple[float, dict[str, float]]:
    """The accuracy on the held-out items of an ability, and on those of each of its families."""
    benchmark = find_benchmarks([ability])[0]
    items = heldout_items(ability, "basic", CHOICE_ITEMS)
    batches = evaluate(loaded.model, prepare(loaded, benchmark, len(items)))
    correct = {outcome.item_id: outcome.correct for batch in batches for outcome in batch}
    families = dict.fromkeys(item.family for item in items)
    by_family = {
        family: _mean([correct[item.id] for item in items if item.family == family]) for family in families
    }
    return _mean(list(correct.values())), by_family


def exact_match(loaded: LoadedModel, items: Sequence[Item]) -> tuple[float, float]:
    """The shares of items whose generated text is right to the word, and whose answer is right."""
    prompts = [render_generation(item, "cloze") for item in items]
    texts = [
        written.text
        for written in generate(
            loaded.model, loaded.tokenizer, [prompt.context for prompt in prompts], max_new_tokens=48
        )
    ]
    pairs = list(zip(texts, prompts, strict=True))
    whole = _mean([text.split() == prompt.target.split() for text, prompt in pairs])
    return whole, _mean([is_quasi_exact(extract_answer(t, "cloze"), prompt.answer) for t, prompt in pairs])


def card(measured: Sequence[Measured], training: dict[str, Any], loaded: LoadedModel) -> str:
    """The model card."""
    recipe = training["recipe"]
    has_steps = {ability.id for ability in ABILITIES if ability.has_steps}
    rows = "\n".join(
        f"| {m.ability} | {m.accuracy:.3f} | {family_words(m.by_family)} | "
        f"{f'{m.whole:.2f}' if m.ability in has_steps else '(no steps)'} | {m.answers:.2f} |"
        for m in measured
    )
    return f"""# The embedded Llama

A `LlamaForCausalLM` with {loaded.info.parameters:,} parameters in float32, trained for abilityscope by
`python -m tests.research.training.demo` and put here by `python -m tests.research.training.ship_demo`. It
lets you see ablation at work on any machine. It knows {loaded.info.vocabulary} words and nothing else: it is
of no other use, and what is found on it says nothing about large models.

- **Data**: the `train` split of the ten abilities' `basic` items (`core/abilities/`),
  {training["step"]:,} steps of {recipe["items_per_step"]} items; a quarter of them as texts to generate,
  worked steps before the answer. No other text.
- **Held out**: a fifth of all keys of every family (operand pair, fact and phrasing, relation and pair …). No
  held-out item occurs in training, not even under other names. In `get` the pair is held out in its order:
  3 + 5 is unseen, 5 + 3 may not be.
- **Training**: an induction warm-up until its loss is under 0.2 nats, then the items with the loss on the
  answer's tokens; Muon for the matrices of the layers, AdamW for the rest. Families are drawn by how much of
  them is still to be learnt.
- **Time**: {training["seconds"] / 60:.0f} minutes on {recipe["threads"]} CPU threads.

## Accuracy on held-out items

Multiple choice: n = {CHOICE_ITEMS} per ability, chance 0.25. Generation: n = {GENERATION_ITEMS} per ability;
"whole" is the share of texts that are right to the word, "answer" the share that end in the right answer.

| ability | accuracy | by family | whole | answer |
| --- | --- | --- | --- | --- |
{rows}

## Settings

{setting_lines(recipe)}
"""


def family_words(by_family: Mapping[str, float]) -> str:
    """The accuracies of families, in a line."""
    return ", ".join(f"{name} {accuracy:.2f}" for name, accuracy in by_family.items())


def setting_lines(recipe: Mapping[str, Any]) -> str:
    """The settings of a training as a list."""
    return "\n".join(f"- {name}: {value}" for name, value in recipe.items())


def copy_model(source: Path, target: Path) -> None:
    """Copies the files of a trained model into the folder where it is shipped."""
    target.mkdir(exist_ok=True)
    for name in SHIPPED:
        shutil.copyfile(source / name, target / name)


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, required=True, help="folder of the training")
    source = parser.parse_args().source
    copy_model(source, MODEL_FOLDER)
    torch.set_num_threads(1)
    loaded = load(ModelSpec("demo"))
    training = json.loads((source / "checkpoint.json").read_text())
    text = card(measure(loaded), training, loaded)
    (MODEL_FOLDER / "README.md").write_text(text)
    print(text)  # noqa: T201 (a script's own output)


if __name__ == "__main__":
    main()
