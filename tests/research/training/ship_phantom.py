"""Ships a trained folder as a phantom: `python -m tests.research.training.ship_phantom --from DIR`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from core.abilities.catalogue import ABILITIES
from core.benchmarks.diagnostic import HELDOUT_ITEMS
from core.benchmarks.evaluation import Prepared, evaluate, prepare
from core.benchmarks.registry import find_benchmarks
from core.masks.ablation import Ablator
from core.masks.mask import Mask
from core.models.files import EMBEDDED_FOLDER
from core.models.loading import LoadedModel, load
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from core.phantom.ground_truth import (
    PHANTOMS,
    PRIVATE,
    SHARED,
    SHARED_BLOCK,
    Truth,
    neurons_of,
    shared_neurons,
    write_truth,
)
from tests.research.training.ship_demo import (
    CHOICE_ITEMS,
    accuracy_by_family,
    copy_model,
    family_words,
    setting_lines,
)

BLOCKS = (*(ability.id for ability in ABILITIES), SHARED_BLOCK)

AIM = 0.9
"""Accuracy that every ability should have."""


def block_mask(space: WeightSpace, neurons: Iterable[int]) -> Mask:
    """All weights of some neurons, in all layers: rows of gate and up, columns of down."""
    chosen = np.array(list(neurons))
    parts = []
    for matrix in space.candidates("mlp"):
        addresses = matrix.offset + np.arange(matrix.size).reshape(matrix.rows, matrix.columns)
        own = addresses[:, chosen] if matrix.kind == "down" else addresses[chosen]
        parts.append(own.ravel())
    return Mask.of(np.concatenate(parts))


def measure_truth(loaded: LoadedModel, items: int = HELDOUT_ITEMS, blocks: Sequence[str] = BLOCKS) -> Truth:
    """The accuracy on every ability, and how far it falls with each of some blocks zeroed.

    Args:
        loaded: a phantom.
        items: held-out items of each ability.
        blocks: ids of the abilities whose blocks are zeroed, or `shared`.
    """
    prepared = [prepare(loaded, benchmark, items) for benchmark in find_benchmarks(["diagnostic"])]
    space = WeightSpace(loaded.model)
    ablator = Ablator(space)
    right = _right_answers(loaded, prepared)
    drops = {}
    for block in blocks:
        neurons = shared_neurons() if block == SHARED_BLOCK else neurons_of(block)
        with ablator.applied(block_mask(space, neurons)):
            ablated = _right_answers(loaded, prepared)
        drops[block] = {ability: 100 * (right[ability] - ablated[ability]) / items for ability in right}
    return Truth(items, {ability: n / items for ability, n in right.items()}, drops)


def _right_answers(loaded: LoadedModel, prepared: Sequence[Prepared]) -> dict[str, int]:
    """How many items of each benchmark are answered right."""
    return {
        one.benchmark.id: sum(o.correct for batch in evaluate(loaded.model, one) for o in batch)
        for one in prepared
    }


def card(loaded: LoadedModel, truth: Truth, training: Mapping[str, Any]) -> str:
    """The model card."""
    recipe = training["recipe"]
    heads = " | ".join(ability.id.split("_")[0] for ability in ABILITIES)
    return f"""# The phantom, training seed {recipe["seed"]}

**This model is engineered: it calibrates the method and says nothing about real models.** Physicists test a
scanner on a phantom, a body whose inside is known. This is one for abilityscope: a plain `LlamaForCausalLM`
with {loaded.info.parameters:,} parameters in float32, trained so that each of the ten abilities needs
neurons of its own in the MLPs. In real models nobody knows whether abilities are in any one place at all.

- **Layout** (`core/phantom/ground_truth.py`): in each of {loaded.info.layers} layers the MLP has ten private
  blocks of {PRIVATE} neurons, one per ability in the order of the catalogue, then {SHARED} neurons that all
  abilities share. Attention, embeddings and head are shared too.
- **Training**: it starts as the embedded Llama, with copies of its neurons: each block gets those that do
  most for its ability, the shared block those that do most for all (`tests/research/training/routing.py`).
  From then on an item trains only its ability's block and what is shared (gradient routing). The blocks of
  other abilities are switched on or off at random and learn to add little. Up to {recipe["off_share"]:.0%} of
  the items come with their own block off, all of it or a random half of its neurons; on these
  the model is trained to answer by one fixed list of word preferences, whatever the question. So what it
  knows without the block is hidden, not absent: zeroing the block takes away the
  answer, not all that leads to it.
- **Data**: the `train` split of the ten abilities' `basic` items (`core/abilities/`), a quarter of them
  as texts to generate, worked steps before the answer; {training["step"]:,} steps of
  {recipe["items_per_step"]} items. Vocabulary and tokenizer are the embedded Llama's.
- **Seed**: it decides the order of the items, which blocks are off, and the preferences. All seeds start from
  the same embedded Llama, so what they share is not independent.
- **To make it again**: `python -m tests.research.training.phantom --seed {recipe["seed"]} --to DIR`, then
  `python -m tests.research.training.ship_phantom --from DIR`. It took {training["seconds"]:.0f} s on
  {recipe["threads"]} thread of a shared machine, with torch {torch.__version__} and transformers
  {transformers.__version__}. Other machines round differently and get other weights.

## Accuracy on held-out items

Multiple choice, n = {CHOICE_ITEMS} per ability, chance 0.25. "Without": the ability's own block is zeroed.

| ability | accuracy | without | by family |
| --- | --- | --- | --- |
{_accuracy_rows(loaded, truth)}

{_short_of_aim(truth)}

## The true matrix

Points of accuracy that an ability (column) loses when a block (row) is zeroed: its rows of gate and up and
its columns of down, in all layers; n = {truth.items} per ability. The same numbers are in `truth.json`.

| block | {heads} |
| --- |{" ---: |" * len(ABILITIES)}
{_matrix_rows(truth)}

## Settings

{setting_lines(recipe)}
"""


def _accuracy_rows(loaded: LoadedModel, truth: Truth) -> str:
    rows = []
    for ability in (ability.id for ability in ABILITIES):
        accuracy, by_family = accuracy_by_family(loaded, ability)
        without = truth.accuracy[ability] - truth.drops[ability][ability] / 100
        rows.append(f"| {ability} | {accuracy:.3f} | {without:.3f} | {family_words(by_family)} |")
    return "\n".join(rows)


def _short_of_aim(truth: Truth) -> str:
    line = f"The aim is {AIM:.2f} for every ability."
    short = [ability for ability, accuracy in truth.accuracy.items() if accuracy < AIM]
    return f"{line} Short of it: {', '.join(short)}; see which families were not learnt." if short else line


def _matrix_rows(truth: Truth) -> str:
    return "\n".join(
        f"| {block} | " + " | ".join(f"{row[ability.id]:.1f}" for ability in ABILITIES) + " |"
        for block, row in truth.drops.items()
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, required=True, help="folder of the training")
    source = parser.parse_args().source
    training = json.loads((source / "checkpoint.json").read_text())
    name = PHANTOMS[training["recipe"]["seed"]]
    folder = EMBEDDED_FOLDER / name
    copy_model(source, folder)
    torch.set_num_threads(1)
    loaded = load(ModelSpec(name))
    truth = measure_truth(loaded)
    write_truth(truth, folder)
    (folder / "README.md").write_text(card(loaded, truth, training))


if __name__ == "__main__":
    main()
