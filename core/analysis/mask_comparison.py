"""The masks of two models: how far they are the same weights, and where their effects differ. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from core.abilities import ABILITIES
from core.analysis.cache_status import items_of
from core.analysis.model_comparison import require_same_items
from core.analysis.statistics.cells import (
    clusters_of,
    frame_statistics,
    paired_probabilities,
    paired_scores,
)
from core.analysis.statistics.intervals import Answered, paired_difference
from core.benchmarks.benchmark import Benchmark
from core.run.experiment import Experiment
from core.run.selected import StoredMasks
from core.run.specs import MaskSpec

SHARED: dict[str, pl.DataType] = {
    "ability": pl.String(),
    "weights": pl.Int64(),
    "shared": pl.Int64(),
    "expected": pl.Float64(),
}
"""One row for each ability whose masks are stored for both models: how many weights the masks have, how many
they share, and how many two random masks of their sizes would."""

EFFECTS: dict[str, pl.DataType] = {
    "ability": pl.String(),
    "benchmark": pl.String(),
    "measure": pl.String(),
    **{name: pl.Float64() for name in ("effect_a", "effect_b", "difference", "low", "high")},
}
"""One row for each mask and benchmark that both models have stored and defined, the largest difference first.

`measure`: `ais_p`, or `ais` where there is no p(right); `difference`: that of B minus that of A, with its
95 % paired bootstrap interval."""


PAIRED = {"ais": paired_scores, "ais_p": paired_probabilities}
"""What each measure is made of."""


def shared_weights(a: Experiment, b: Experiment, mask: MaskSpec) -> pl.DataFrame:
    """The table `SHARED`; empty where the models have other matrices.

    Args:
        a: the first model.
        b: the second.
        mask: of any ability; every ability's is compared.

    Raises:
        CorruptEntry: a ranking is damaged.
        ValueError: k asks for more weights than there are candidates.
    """
    masks_a, masks_b = StoredMasks(a), StoredMasks(b)
    rows = []
    if np.array_equal(masks_a.layout.sizes, masks_b.layout.sizes):
        candidates = a.info.candidates[mask.variant]
        for spec in (replace(mask, ability=ability.id) for ability in ABILITIES):
            one, other = masks_a.mask(spec), masks_b.mask(spec)
            if one is not None and other is not None:
                expected = len(one) * len(other) / candidates
                rows.append((spec.ability, len(one), len(one.intersection(other)), expected))
    return pl.DataFrame(rows, schema=SHARED, orient="row")


def compared_effects(
    a: Experiment,
    b: Experiment,
    mask: MaskSpec,
    benchmarks: Sequence[Benchmark],
    limit: int | None = None,
    measures: Sequence[str] = ("ais_p", "ais"),
) -> pl.DataFrame:
    """The table `EFFECTS`.

    Args:
        a: the first model.
        b: the second.
        mask: of any ability; every ability's is compared, and its seed is that of the bootstrap.
        benchmarks: the columns of the two matrices.
        limit: items of each benchmark; None for all.
        measures: of `PAIRED`; the first that is defined for both is compared.

    Raises:
        NotComparable: the items differ.
        ValueError: k asks for more weights than there are candidates.
    """
    rows = []
    for benchmark in benchmarks:
        n = items_of(benchmark, limit)
        for spec in (replace(mask, ability=ability.id) for ability in ABILITIES):
            pairs = [_stored_pair(one, spec, benchmark, n) for one in (a, b)]
            if pairs[0] is not None and pairs[1] is not None:
                rows += _effect_rows(spec, benchmark, pairs[0], pairs[1], measures)
    table = pl.DataFrame(rows, schema=EFFECTS, orient="row")
    return table.sort(pl.col("difference").abs(), descending=True, maintain_order=True)


def _stored_pair(
    experiment: Experiment, mask: MaskSpec, benchmark: Benchmark, n: int
) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """Intact and ablated outcomes; None if one of them is not stored."""
    keys = [experiment.request(one, benchmark, n).key for one in (None, mask)]
    frames = experiment.store.outcomes.load_many(keys).frames
    return (frames[keys[0]], frames[keys[1]]) if set(keys) <= set(frames) else None


def _effect_rows(
    mask: MaskSpec,
    benchmark: Benchmark,
    a: tuple[pl.DataFrame, pl.DataFrame],
    b: tuple[pl.DataFrame, pl.DataFrame],
    measures: Sequence[str],
) -> list[tuple[object, ...]]:
    """One row, or none where no measure is defined for both."""
    require_same_items(benchmark, a[0], b[0])
    cells = [frame_statistics(base, [ablated], benchmark, mask.seed)[0] for base, ablated in (a, b)]
    for measure in measures:
        paired = PAIRED[measure]
        effects = [getattr(cell, measure) for cell in cells]
        pairs = [paired(base, [ablated], benchmark) for base, ablated in (a, b)]
        if None not in effects and pairs[0] is not None and pairs[1] is not None:
            of_a, of_b = (Answered(one.base, one.ablated[0], one.chance) for one in (pairs[0], pairs[1]))
            low, high = paired_difference(of_b, of_a, seed=mask.seed, clusters=clusters_of(a[0]))
            difference = effects[1] - effects[0]
            ends = min(difference, low), max(difference, high)
            return [(mask.ability, benchmark.id, measure, *effects, difference, *ends)]
    return []
