"""Two models, or two masks, on the same items. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.abilities import ABILITIES
from core.analysis.statistics.cells import (
    clusters_of,
    frame_statistics,
    paired_probabilities,
    paired_scores,
)
from core.analysis.statistics.intervals import (
    Answered,
    paired_difference,
    percentile_interval,
    resampled_impacts,
)
from core.analysis.statistics.scores import holm, mcnemar_exact, minimum_detectable_drop
from core.analysis.stored import items_of
from core.benchmarks.benchmark import Benchmark
from core.run.experiment import Experiment
from core.run.selected import StoredMasks
from core.run.specs import MaskSpec

RESAMPLES = 2000

BENCHMARKS: dict[str, pl.DataType] = {
    "benchmark": pl.String(),
    "n": pl.Int64(),
    **{name: pl.Float64() for name in ("score_a", "score_b", "difference", "low", "high")},
    **{name: pl.Float64() for name in ("p_right_a", "p_right_b", "p_difference", "p_low", "p_high")},
    "lost": pl.Int64(),
    "won": pl.Int64(),
    "p_value": pl.Float64(),
    "holm_p": pl.Float64(),
    "detectable": pl.Float64(),
}
"""One row for each benchmark, that which B has lost most on first.

`difference`: the score of B minus that of A, with its 95 % paired bootstrap interval; `p_difference`: that of
p(right), null where there is none. `lost`: items that A has right and B wrong; `won`: the other way.
`p_value`: exact McNemar test of these, two-sided; `holm_p`: with all benchmarks taken together. `detectable`:
the smallest drop in accuracy that n items show with 80 % power, if all flips go one way; null if none."""

ITEMS = ("item_id", "gold", "prediction", "correct", "score", "loglikelihoods", "text", "answer")
"""Columns of an outcome that are kept of both models."""


class NotComparable(ValueError):  # noqa: N818 (it names what is wrong)
    """The two models have not answered the same items."""


def compared_benchmarks(
    benchmarks: Sequence[Benchmark],
    a: Sequence[pl.DataFrame],
    b: Sequence[pl.DataFrame],
    seed: int = 0,
) -> pl.DataFrame:
    """The table `BENCHMARKS`.

    Args:
        a: the outcomes of the first model on each, `cache.outcomes.SCHEMA`.
        b: those of the second.

    Raises:
        NotComparable: the items differ.
    """
    rows = [_row(*three, seed) for three in zip(benchmarks, a, b, strict=True)]
    adjusted = holm(np.array([row["p_value"] for row in rows])).tolist()
    table = pl.DataFrame(
        [{**row, "holm_p": p} for row, p in zip(rows, adjusted, strict=True)], schema=BENCHMARKS
    )
    return table.sort("difference", maintain_order=True)


def require_same_items(benchmark: Benchmark, a: pl.DataFrame, b: pl.DataFrame) -> None:
    """Checks that two models have answered the same items.

    Raises:
        NotComparable: they have not.
    """
    if not a["item_id"].equals(b["item_id"]):
        raise NotComparable(f"The two models have other items of '{benchmark.id}': run both again.")


def _row(benchmark: Benchmark, a: pl.DataFrame, b: pl.DataFrame, seed: int) -> dict[str, object]:
    require_same_items(benchmark, a, b)
    right_a, right_b = a["correct"].to_numpy(), b["correct"].to_numpy()
    scores = a["score"].to_numpy().astype(np.float64), b["score"].to_numpy().astype(np.float64)
    difference, low, high = _difference(*scores, a, seed)
    row = {
        "benchmark": benchmark.id,
        "n": len(a),
        "score_a": float(scores[0].mean()),
        "score_b": float(scores[1].mean()),
        "difference": difference,
        "low": low,
        "high": high,
        "lost": int((right_a & ~right_b).sum()),
        "won": int((~right_a & right_b).sum()),
        "p_value": float(mcnemar_exact(right_a, right_b[None])[0]),
        "detectable": minimum_detectable_drop(len(a)),
    }
    paired = paired_probabilities(a, [b], benchmark)
    if paired is None:
        return row
    p_a, p_b = np.asarray(paired.base, np.float64), np.asarray(paired.ablated[0], np.float64)
    p_difference, p_low, p_high = _difference(p_a, p_b, a, seed)
    means = {"p_right_a": float(p_a.mean()), "p_right_b": float(p_b.mean())}
    return {**row, **means, "p_difference": p_difference, "p_low": p_low, "p_high": p_high}


def _difference(
    a: NDArray[np.float64], b: NDArray[np.float64], frame: pl.DataFrame, seed: int
) -> tuple[float, float, float]:
    """The mean of b - a and its 95 % paired bootstrap interval; items of one cluster are drawn together."""
    gains = (b - a)[None]
    # Of a base of 1 and chance 0, an impact is the mean itself.
    values = resampled_impacts(
        np.ones(len(a)), gains, 0.0, resamples=RESAMPLES, seed=seed, clusters=clusters_of(frame)
    )
    (low,), (high,) = percentile_interval(values)
    mean = float(gains.mean())
    return mean, min(mean, float(low)), max(mean, float(high))


def compared_items(
    benchmarks: Sequence[Benchmark], a: Sequence[pl.DataFrame], b: Sequence[pl.DataFrame]
) -> pl.DataFrame:
    """Every item with the answers of both models: `ITEMS` of A, then those of B with `_b`, and `flip`.

    `flip` is `lost`, `won`, or null where both are right or both wrong.
    """
    parts = []
    for benchmark, one, other in zip(benchmarks, a, b, strict=True):
        both = pl.concat(
            [one.select(ITEMS), other.select(ITEMS[1:]).rename(lambda name: f"{name}_b")], how="horizontal"
        )
        parts.append(both.select(pl.lit(benchmark.id).alias("benchmark"), pl.all()))
    right, right_b = pl.col("correct"), pl.col("correct_b")
    flip = pl.when(right & ~right_b).then(pl.lit("lost")).when(~right & right_b).then(pl.lit("won"))
    return pl.concat(parts).with_columns(flip=flip)


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
        mask: of any ability; every ability's is compared.

    Raises:
        CorruptEntry: a ranking is damaged.
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
        mask: of any ability; every ability's is compared, and its seed is that of the bootstrap.
        measures: of `PAIRED`; the first that is defined for both is compared.

    Raises:
        NotComparable: the items differ.
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
