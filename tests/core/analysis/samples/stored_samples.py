"""Made-up outcomes of any number of items, saved through the store: what samples are read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cache.folder import Store
from core.abilities import Item
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.diagnostic import ItemSource
from core.models.spec import Level, ModelSpec
from core.run.experiment import Experiment
from core.run.specs import MaskSpec

FAMILIES = ("chains", "groups", "orders")
MASK = MaskSpec("deductive_reasoning", "mlp", "top", 0.01)
WORDS = (
    "all",
    "some",
    "zorps",
    "mips",
    "tarks",
    "are",
    "is",
    "who",
    "follows",
    "if",
    "then",
    "not",
    "and",
    "Anna",
)


def made_up_benchmark(n: int) -> Benchmark:
    """A benchmark of n items with prompts of some 270 characters; that of the eighth has `Item 7,`."""
    return Benchmark(
        id="made_up",
        name="made up",
        about="nothing",
        kind="multiple_choice",
        metrics=("acc", "acc_norm"),
        plausible_range=(0.0, 1.0),
        version=1,
        source=ItemSource(_items, n, 0.25),
    )


def _items(level: Level, n: int) -> tuple[Item, ...]:
    rng = np.random.default_rng(0)
    texts = [" ".join(words) for words in np.array(WORDS)[rng.integers(0, len(WORDS), (n, 60))]]
    return tuple(
        Item(
            id=f"made_up/{place}",
            ability="deductive_reasoning",
            family=FAMILIES[place % len(FAMILIES)],
            context=f"Item {place}, {text}.",
            question="What follows?",
            options=(f"Zorps {place}", "Mips", "Tarks", "None"),
            answer_index=place % 4,
        )
        for place, text in enumerate(texts)
    )


def predictions(n: int, right: float, seed: int) -> NDArray[np.int64]:
    """(n,) chosen options: the right one, place modulo 4, in that share of the items."""
    rng = np.random.default_rng(seed)
    wrong = rng.integers(1, 4, n) * (rng.random(n) >= right)
    return (np.arange(n) + wrong) % 4


def save_outcomes(
    experiment: Experiment, benchmark: Benchmark, mask: MaskSpec | None, chosen: NDArray[np.int64]
) -> None:
    """Saves an outcome for each chosen option, with the largest log-likelihood there."""
    n = len(chosen)
    values = np.full((n, 4), -8.0)
    values[np.arange(n), chosen] = -1.0 - np.arange(n) % 3
    correct = (chosen == np.arange(n) % 4).tolist()
    columns: dict[str, list[Any]] = {
        "item_id": [f"made_up/{place}" for place in range(n)],
        "gold": [place % 4 for place in range(n)],
        "prediction": chosen.tolist(),
        "correct": correct,
        "correct_norm": correct,
        "loglikelihoods": values.tolist(),
    }
    request = experiment.request(mask, benchmark, n)
    experiment.store.outcomes.save(request.key, request.key_inputs, columns)


def stored_samples(root: Path, n: int) -> tuple[Experiment, Benchmark]:
    """An experiment whose cache has base (0.9 right) and `MASK` (0.6 right) on n made-up items."""
    experiment, benchmark = Experiment(ModelSpec(), Store(root)), made_up_benchmark(n)
    save_outcomes(experiment, benchmark, None, predictions(n, 0.9, seed=1))
    save_outcomes(experiment, benchmark, MASK, predictions(n, 0.6, seed=2))
    return experiment, benchmark
