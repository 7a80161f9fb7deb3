"""A cache of made-up runs that stop when it is known: settled at once, never settled, cut off."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cache.folder import Store
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.drawn import drawn, parts_of
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.specs import ImportanceSpec, MaskSpec
from core.run.storing import ensure_items
from tests.tui.inspector.made_up import answers

N, UNTIL, K = 96, 0.05, 0.03
ENDS = (32, 64, 96)
LOST, KEPT, BROKEN_OFF, ABSENT = (
    "spatial_reasoning",
    "deductive_reasoning",
    "temporal_reasoning",
    "inductive_reasoning",
)
"""Abilities: whose mask takes all away, though three parts are stored; whose takes little, and stays open;
whose run was cancelled after its first part; of which nothing is stored."""

MASK = MaskSpec(LOST, "mlp", "top", K)
(BENCHMARK,) = find_benchmarks([LOST])
DRAWN = drawn(BENCHMARK, N, 0)


def stopped_runs(root: Path) -> Experiment:
    """Fills a cache and gives the experiment that it is of."""
    experiment = Experiment(ModelSpec(device="cpu"), Store(root), ImportanceSpec())
    items = pl.read_parquet(ensure_items(experiment, DRAWN, N))
    store(experiment, DRAWN, None, items, 0.95)
    for ability, right, parts in ((LOST, 0.2, 3), (KEPT, 0.9, 3), (BROKEN_OFF, 0.9, 1)):
        store(experiment, DRAWN, MaskSpec(ability, "mlp", "top", K), items, right, parts)
        store(experiment, DRAWN, MaskSpec(ability, "mlp", "random", K), items, 0.94, parts)
    return experiment


def store(
    experiment: Experiment,
    benchmark: Benchmark,
    mask: MaskSpec | None,
    items: pl.DataFrame,
    right: float,
    parts: int = 99,
) -> None:
    """Stores the first parts of a run of which about a share is right."""
    start = 0
    for part in parts_of(benchmark)[:parts]:
        request = experiment.request(mask, part, part.n_items)
        columns = answers(items.slice(start, part.n_items), right, "base" if mask is None else str(mask))
        experiment.store.outcomes.save(request.key, request.key_inputs, columns)
        start += part.n_items
