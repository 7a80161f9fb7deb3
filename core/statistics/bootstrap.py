"""The paired bootstrap of the Ability Impact Score, for many masks at once."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.statistics.accuracy import impact

LEVEL = 0.95
"""Coverage that the intervals aim at."""

CHUNK = 1 << 20
"""Draws held at a time, resamples times items: bounds the memory, and changes no result."""


class Intervals(NamedTuple):
    """The AIS of each mask with its interval."""

    ais: NDArray[np.float64]
    """(M,)"""
    low: NDArray[np.float64]
    """(M,) -inf where the data do not bound the AIS from below."""
    high: NDArray[np.float64]
    """(M,) inf where the data do not bound the AIS from above."""


def paired_bootstrap(
    base: NDArray[np.bool_],
    ablated: NDArray[np.bool_],
    chance: float,
    *,
    resamples: int = 2000,
    seed: int = 0,
    clusters: NDArray[Any] | None = None,
) -> Intervals:
    """The AIS of each mask and its 95 % percentile interval over resampled items.

    Base and ablated answers of an item are drawn together, and all masks share the same resamples, so that
    two masks can be compared. Where a resample's base score is not above chance, its AIS has no value; it
    counts as unbounded, infinite with the sign of the drop (0 without a drop). To leave such resamples out
    would make the interval look narrower exactly where the data say least.

    Args:
        base: (N,) whether the unmodified model answered each item right.
        ablated: (M, N) the same under each of M masks.
        chance: accuracy of guessing, fraction in [0, 1].
        resamples: how often to resample.
        seed: the same seed gives the same interval.
        clusters: (N,) labels; items of one label (one passage, say) are drawn together.

    Raises:
        ValueError: the base score is not above chance, or the shapes do not fit.
    """
    n = len(base)
    if ablated.ndim != 2 or ablated.shape[1] != n or (clusters is not None and len(clusters) != n):
        raise ValueError(f"Base has {n} items: ablated answers have to be (masks, {n}), clusters ({n},).")
    base_score = float(np.mean(base))
    ais = np.array([impact(base_score, float(score), chance) for score in ablated.mean(axis=1)])
    sums = _cluster_sums(np.vstack([np.ones(n, bool), base, ablated]), clusters)
    sizes, base_hits, ablated_hits = np.split(_resampled(sums, resamples, seed), [1, 2])
    drops = base_hits - ablated_hits
    room = np.maximum(base_hits - chance * sizes, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(drops == 0, 0.0, drops / room)
    return Intervals(ais, *_percentile_interval(values))


def _cluster_sums(rows: NDArray[np.bool_], clusters: NDArray[Any] | None) -> NDArray[np.float32]:
    """(rows, C) sums of each row over each cluster, by first item; without clusters each item is its own."""
    if clusters is None:
        return rows.astype(np.float32)
    _, first_items, members = np.unique(clusters, return_index=True, return_inverse=True)
    leaders = first_items[members]
    order = np.argsort(leaders, kind="stable")
    _, starts = np.unique(leaders[order], return_index=True)
    return np.add.reduceat(rows[:, order], starts, axis=1, dtype=np.float32)


def _resampled(sums: NDArray[np.float32], resamples: int, seed: int) -> NDArray[np.float64]:
    """(rows, R) the total of each row over each resample of the C clusters, drawn with replacement."""
    rng = np.random.default_rng(seed)
    size = sums.shape[1]
    step = max(1, CHUNK // size)
    totals = []
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        drawn = rng.integers(0, size, (count, size)) + np.arange(count)[:, None] * size
        counts = np.bincount(drawn.ravel(), minlength=count * size).reshape(count, size)
        # Whole numbers below 2 ** 24 are exact in float32, and so are their sums.
        totals.append(sums @ counts.T.astype(np.float32))
    return np.hstack(totals).astype(np.float64)


def _percentile_interval(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(M,) lower and upper ends over the R values of each row.

    Ends are order statistics, rounded outwards: to interpolate towards an infinite value gives no number.
    """
    last = values.shape[1] - 1
    tail = (1 - LEVEL) / 2
    low, high = math.floor(tail * last), math.ceil((1 - tail) * last)
    ordered = np.partition(values, (low, high), axis=1)
    return ordered[:, low], ordered[:, high]
