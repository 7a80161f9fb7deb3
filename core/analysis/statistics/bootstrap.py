"""The paired bootstrap: intervals of the AIS, and of what a mask does beyond the other abilities' masks."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.analysis.statistics.accuracy import impact

LEVEL = 0.95
"""Coverage that the intervals aim at."""

CHUNK = 1 << 20
"""Draws (resamples times items) held at a time: bounds the memory, changes no result."""

Scores = NDArray[np.bool_] | NDArray[np.float32] | NDArray[np.float64]
"""Items right or wrong, or scored 0 to 1."""

ROUNDING = 1e-9
"""Smaller drops come from adding fractions in another order, not from answers."""


class Intervals(NamedTuple):
    """The AIS of each mask with its interval."""

    ais: NDArray[np.float64]
    """(M,)"""
    low: NDArray[np.float64]
    """(M,) -inf where the data do not bound the AIS from below."""
    high: NDArray[np.float64]
    """(M,) inf where the data do not bound the AIS from above."""


def paired_bootstrap(
    base: Scores,
    ablated: Scores,
    chance: float,
    *,
    resamples: int = 2000,
    seed: int = 0,
    clusters: NDArray[Any] | None = None,
) -> Intervals:
    """The AIS of each mask and its 95 % percentile interval over resampled items.

    Base and ablated answers of an item are drawn together, and all masks share the same resamples, so that
    masks can be compared. Where a resample's base score is not above chance, its AIS counts as infinite with
    the sign of the drop (0 without one): leaving it out would narrow the interval where the data say least.

    Two half items are drawn besides, one that every mask breaks and one that every mask mends. Without them
    the interval of a mask that flips nothing would be [0, 0] however few the items, and that of a few flips
    too narrow (after the half counts of Agresti and Min 2005).

    Args:
        base: (N,) the unmodified model's score of each item, 0 to 1, or whether it is right.
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
    base_score = float(np.mean(base, dtype=np.float64))
    ais = np.array(
        [impact(base_score, float(score), chance) for score in ablated.mean(axis=1, dtype=np.float64)]
    )
    drops = base.astype(np.float64) - ablated
    values = resampled_impacts(base, drops, chance, resamples=resamples, seed=seed, clusters=clusters)
    low, high = percentile_interval(values)
    # The AIS itself can lie on an end of the interval, and differ from it by rounding.
    return Intervals(ais, np.minimum(low, ais), np.maximum(high, ais))


def resampled_impacts(
    base: Scores,
    drops: NDArray[np.float64],
    chance: float,
    *,
    resamples: int,
    seed: int,
    clusters: NDArray[Any] | None,
) -> NDArray[np.float64]:
    """(M, resamples) the mean drop as a fraction of the base score above chance, in each resample.

    Args:
        base: (N,) the unmodified model's score of each item.
        drops: (M, N) the loss of each item, -1 to 1: under each mask, or between masks.
        chance: accuracy of guessing, fraction in [0, 1].
        resamples: how often to resample.
        seed: the same seed and clusters give the same resamples.
        clusters: (N,) labels of items to draw together.
    """
    sums = _cluster_sums(np.vstack([np.ones(len(base)), base, drops]), clusters)
    totals = _resampled(np.hstack([sums, _half_items(sums)]), resamples, seed)
    sizes, base_hits, lost = np.split(totals, [1, 2])
    room = np.maximum(base_hits - chance * sizes, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(lost) < ROUNDING, 0.0, lost / room)


def _cluster_sums(rows: NDArray[np.float64], clusters: NDArray[Any] | None) -> NDArray[np.float64]:
    """(rows, C) sums of each row over each cluster, by first item; without clusters each item is its own."""
    if clusters is None:
        return rows
    _, first_items, members = np.unique(clusters, return_index=True, return_inverse=True)
    leaders = first_items[members]
    order = np.argsort(leaders, kind="stable")
    _, starts = np.unique(leaders[order], return_index=True)
    return np.add.reduceat(rows[:, order], starts, axis=1)


def _half_items(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows, 2) a drop and a gain for each row of drops, of the mean size of its drops, or of a cluster.

    They have neither size nor base score.
    """
    drops = np.abs(sums[2:])
    changed = np.count_nonzero(drops > ROUNDING, axis=1)
    lost = np.full(len(drops), sums[0].mean())
    np.divide(drops.sum(axis=1), changed, out=lost, where=changed > 0)
    lost = np.concatenate([[0.0, 0.0], lost])
    return np.column_stack([lost, -lost])


def _resampled(sums: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """(rows, R) the total of each row over each resample.

    As many columns as there are clusters are drawn with replacement; the last two have half the weight.
    """
    rng = np.random.default_rng(seed)
    (coins,) = rng.spawn(1)
    width = sums.shape[1]
    clusters = width - 2
    step = max(1, CHUNK // width)
    totals = []
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        drawn = rng.integers(0, clusters + 1, (count, clusters)) + np.arange(count)[:, None] * width
        counts = np.bincount(drawn.ravel(), minlength=count * width).reshape(count, width)
        halves = counts[:, -2].copy()
        counts[:, -2] = coins.binomial(halves, 0.5)
        counts[:, -1] = halves - counts[:, -2]
        totals.append(counts.astype(np.float64) @ sums.T)
    return np.vstack(totals).T


def percentile_interval(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(M,) lower and upper ends over the R values of each row.

    The ends are order statistics, rounded outwards: interpolating towards infinity gives no number.
    """
    last = values.shape[1] - 1
    tail = (1 - LEVEL) / 2
    low, high = math.floor(tail * last), math.ceil((1 - tail) * last)
    ordered = np.partition(values, (low, high), axis=1)
    return ordered[:, low], ordered[:, high]


class Excess(NamedTuple):
    """What one mask does beyond its random controls, on one benchmark."""

    controls: float
    """The mean of their AIS."""
    difference: float
    """Its own AIS minus that."""
    low: float
    """Lower end of the difference's 95 % interval; -inf if the data do not bound it."""
    high: float
    """Upper end; inf if the data do not bound it."""


def excesses(
    base: Scores,
    ablated: Scores,
    controls: Scores,
    chance: float,
    *,
    resamples: int = 2000,
    seed: int = 0,
    clusters: NDArray[Any] | None = None,
) -> list[Excess]:
    """The AIS of each mask minus the mean AIS of its controls, with a paired bootstrap interval.

    All masks and the base are resampled together, as in `paired_bootstrap`.

    Args:
        base: (N,) the unmodified model's score of each item, 0 to 1.
        ablated: (M, N) the same under each mask.
        controls: (M, N) the mean score of each item under the controls of each mask.
        chance: the mean score of guessing, 0 to 1.
        resamples: how often to resample.
        seed: with the same seed as the cells' intervals, the same resamples.
        clusters: (N,) labels of items to draw together.

    Raises:
        ValueError: the base score is not above chance, or the shapes do not fit.
    """
    if ablated.shape != controls.shape or ablated.shape[1:] != base.shape:
        raise ValueError(
            f"Masks {ablated.shape} and controls {controls.shape} have to be (masks, {len(base)})."
        )
    base_score = float(np.mean(base, dtype=np.float64))
    own, random = (
        np.array(
            [impact(base_score, float(score), chance) for score in scores.mean(axis=1, dtype=np.float64)]
        )
        for scores in (ablated, controls)
    )
    drops = controls.astype(np.float64) - ablated
    values = resampled_impacts(base, drops, chance, resamples=resamples, seed=seed, clusters=clusters)
    rows = np.column_stack([random, own - random, *percentile_interval(values)])
    return [Excess(*row) for row in rows.tolist()]


class Specificity(NamedTuple):
    """One mask against the masks of the other abilities, on one benchmark."""

    own: float
    """Its AIS."""
    others: float
    """The mean of theirs."""
    masks: int
    """How many others there are."""
    difference: float
    """Own minus others."""
    low: float
    """Lower end of the difference's 95 % interval; -inf if the data do not bound it."""
    high: float
    """Upper end; inf if the data do not bound it."""


def specificities(
    base: Scores,
    ablated: Scores,
    chance: float,
    *,
    groups: NDArray[Any] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    clusters: NDArray[Any] | None = None,
) -> list[Specificity]:
    """The AIS of each mask minus the mean AIS of the others in its group, with a paired bootstrap interval.

    All masks and the base are resampled together, as in `paired_bootstrap`.

    Args:
        base: (N,) the unmodified model's score of each item, 0 to 1, or whether it is right.
        ablated: (M, N) the same under the mask of each of at least two abilities.
        chance: accuracy of guessing, fraction in [0, 1].
        groups: (M,) labels; masks of one label have as many weights, and are compared. None: all are.
        resamples: how often to resample.
        seed: with the same seed as the cells' intervals, the same resamples.
        clusters: (N,) labels of items to draw together.

    Raises:
        ValueError: a group has fewer than two masks, the base score is not above chance, or the shapes do not
            fit.
    """
    n = len(base)
    if ablated.ndim != 2 or ablated.shape[1] != n or (clusters is not None and len(clusters) != n):
        raise ValueError(f"Base has {n} items: ablated answers have to be (masks, {n}), clusters ({n},).")
    labels = np.zeros(len(ablated)) if groups is None else groups
    if not len(ablated) or np.unique(labels, return_counts=True)[1].min() < 2:
        raise ValueError("Specificity needs at least one mask of another ability: run one.")
    base_score = float(np.mean(base, dtype=np.float64))
    scores = ablated.mean(axis=1, dtype=np.float64)
    ais = np.array([impact(base_score, float(score), chance) for score in scores])
    drops, others, rivals = np.empty(ablated.shape), np.empty(len(ais)), np.empty(len(ais), np.int64)
    for label in np.unique(labels):
        of_group = labels == label
        masks = int(of_group.sum())
        # What this mask loses and the others on average keep; the base answers cancel out.
        kept = ablated[of_group].sum(axis=0, dtype=np.float64)
        drops[of_group] = (kept - masks * ablated[of_group].astype(np.float64)) / (masks - 1)
        others[of_group] = (ais[of_group].sum() - ais[of_group]) / (masks - 1)
        rivals[of_group] = masks - 1
    values = resampled_impacts(base, drops, chance, resamples=resamples, seed=seed, clusters=clusters)
    low, high = percentile_interval(values)
    rows = np.column_stack([ais, others, ais - others, low, high]).tolist()
    return [
        Specificity(own, mean, n, gap, *ends)
        for n, (own, mean, gap, *ends) in zip(rivals.tolist(), rows, strict=True)
    ]
