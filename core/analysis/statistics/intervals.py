"""Intervals of the AIS over items: the paired bootstrap, and sequences that hold at every number of items."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.analysis.statistics.scores import impact

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


class Answered(NamedTuple):
    """One mask on one benchmark."""

    base: Scores
    """(N,) the unmodified model's score of each item, 0 to 1, or whether it is right."""
    ablated: Scores
    """(N,) the same under the mask."""
    chance: float
    """Accuracy of guessing, fraction in [0, 1]."""


def paired_difference(
    first: Answered,
    second: Answered,
    *,
    resamples: int = 2000,
    seed: int = 0,
    clusters: NDArray[Any] | None = None,
) -> tuple[float, float]:
    """The 95 % interval of one AIS minus another, of the same items asked in two ways, or of two models.

    Both are resampled together, as in `paired_bootstrap`. Where both are infinite with one sign, the data
    do not say which is larger: such resamples go to either end in turn.

    Args:
        first: the AIS from which the other is taken.
        clusters: (N,) labels of items to draw together.

    Raises:
        ValueError: the shapes do not fit.
    """
    if len({len(answers) for one in (first, second) for answers in one[:2]}) > 1:
        raise ValueError("Two AIS are compared over the same items: give as many answers of each.")
    of_first, of_second = (
        resampled_impacts(
            one.base,
            (one.base.astype(np.float64) - one.ablated)[None],
            one.chance,
            resamples=resamples,
            seed=seed,
            clusters=clusters,
        )
        for one in (first, second)
    )
    with np.errstate(invalid="ignore"):
        gaps = of_first - of_second
    unknown = np.isnan(gaps)
    gaps[unknown] = np.where(np.arange(unknown.sum()) % 2, np.inf, -np.inf)
    low, high = percentile_interval(gaps)
    return float(low[0]), float(high[0])


CLAIMS = np.linspace(-1.0, 2.0, 61)
"""The values of AIS among which the ends are looked for; an end beyond them is infinite."""

HALVINGS = 8
"""How often the gap between two claims is halved to find an end; it lies outwards of the last one."""

BOLDNESS = 0.95
"""Largest share of the capital that the worst possible item can take."""

FIRST_VARIANCE = 0.05
"""Variance that is expected before there is an item; it counts as one."""

TINY = 1e-9
"""Stands for no loss at all where the capital at risk is divided by it."""

GROWTH = 1 / (1 - LEVEL)
"""Growth of the capital at which a claim is excluded."""


NARROW = 0.5
"""Width of an interval that is narrow enough, as a share of the least AIS of interest. On the demo model 1
leaves open 14 % of the cells that a fixed n of 500 settles, and this 9 %, for a tenth more items."""


@dataclass(frozen=True, eq=False)
class Losses:
    """What each of N items loses, in an order drawn at random, and what there is to lose."""

    lost: NDArray[np.float64]
    """(N,) -1 to 1."""
    room: NDArray[np.float64]
    """(N,) the intact model's score above that of guessing."""
    corners: NDArray[np.float64]
    """(C, 2) pairs of lost and room; every possible item lies between them. Fixed before the first item."""

    def first(self, n: int) -> Losses:
        """Those of the first n items."""
        return Losses(self.lost[:n], self.room[:n], self.corners)


class Interval(NamedTuple):
    """An interval of the AIS that holds at every number of items at once."""

    low: float
    """-inf as long as the items do not bound the AIS from below."""
    high: float
    """inf as long as the items do not bound the AIS from above."""

    def settles(self, least: float) -> bool:
        """Whether it lies wholly above or below the least AIS of interest, or is narrow enough to stop."""
        return self.low > least or self.high < least or self.high - self.low < NARROW * least


def losses_of(base: Scores, ablated: Scores, chance: float | NDArray[np.float64]) -> Losses:
    """What items lose under one mask: of this the AIS is made.

    Args:
        base: (N,) the unmodified model's score of each item, 0 to 1, in an order drawn at random.
        ablated: (N,) the same under the mask.
        chance: the mean score of guessing, 0 to 1, of all items, or of each of these and all that follow.

    Raises:
        ValueError: the shapes differ, or there are no items.
    """
    _check(base, ablated)
    corners = [(p - q, p - c) for p in (0, 1) for q in (0, 1) for c in _ends(chance)]
    return Losses(base.astype(np.float64) - ablated, _room(base, chance), np.array(corners))


def losses_beyond(
    base: Scores, ablated: Scores, controls: Scores, chance: float | NDArray[np.float64]
) -> Losses:
    """What items lose under one mask beyond what they lose under its controls on average.

    Args:
        base: (N,) the unmodified model's score of each item, 0 to 1, in an order drawn at random.
        ablated: (N,) the same under the mask.
        controls: (N,) the mean of the same under the controls.
        chance: the mean score of guessing, 0 to 1, of all items, or of each of these and all that follow.

    Raises:
        ValueError: the shapes differ, or there are no items.
    """
    _check(base, ablated)
    _check(base, controls)
    corners = [(lost, p - c) for lost in (-1, 1) for p in (0, 1) for c in _ends(chance)]
    return Losses(controls.astype(np.float64) - ablated, _room(base, chance), np.array(corners))


def anytime_interval(losses: Losses) -> Interval:
    """The 95 % interval of the AIS after all items: what every number of items so far leaves."""
    if not len(losses.lost):
        return Interval(-np.inf, np.inf)
    up, down = _growths(losses, CLAIMS)
    # From outside inwards to the first claim that is not excluded: wherever an end is, it is not too far in.
    first, last = int((up < GROWTH).argmax()), len(CLAIMS) - 1 - int((down < GROWTH)[::-1].argmax())
    low, high = -np.inf, np.inf
    if up.min() >= GROWTH:
        low = CLAIMS[-1]
    elif first:
        low = _end(lambda claim: _growths(losses, claim)[0], CLAIMS[first - 1], CLAIMS[first])
    if down.min() >= GROWTH:
        high = CLAIMS[0]
    elif last < len(CLAIMS) - 1:
        high = _end(lambda claim: _growths(losses, claim)[1], CLAIMS[last + 1], CLAIMS[last])
    return Interval(float(min(low, high)), float(max(low, high)))


def anytime_p(losses: Losses) -> float:
    """The p-value of the claim that nothing is lost, however often the items were looked at."""
    if not len(losses.lost):
        return 1.0
    return min(1.0, 1.0 / float(np.max(_growths(losses, np.zeros(1)))))


def _end(
    growth: Callable[[NDArray[np.float64]], NDArray[np.float64]], outside: float, inside: float
) -> float:
    for _ in range(HALVINGS):
        middle = (outside + inside) / 2
        if growth(np.array([middle]))[0] >= GROWTH:
            outside = middle
        else:
            inside = middle
    return outside


def _growths(losses: Losses, claims: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(T,) the largest growth so far of all capital if only one half of it counts, against each claim.

    The first: of bets that the AIS is above the claim; the second: below.
    """
    differences = losses.lost - claims[:, None] * losses.room
    # A difference is linear in what is lost and in the room: it is smallest and largest at a corner.
    at_corners = losses.corners[:, 0] - claims[:, None] * losses.corners[:, 1]
    count = np.arange(1, differences.shape[1] + 1)
    means = _before(np.cumsum(differences, axis=1) / (count + 1), 0.0)
    squares = np.cumsum((differences - means) ** 2, axis=1)
    variances = _before((FIRST_VARIANCE + squares) / (count + 1), FIRST_VARIANCE)
    bets = means / (variances + means**2)
    upwards = np.clip(bets, 0.0, BOLDNESS / np.maximum(-at_corners.min(axis=1), TINY)[:, None])
    downwards = np.clip(-bets, 0.0, BOLDNESS / np.maximum(at_corners.max(axis=1), TINY)[:, None])
    with np.errstate(over="ignore"):
        up = np.cumprod(1 + upwards * differences, axis=1).max(axis=1, initial=1.0)
        down = np.cumprod(1 - downwards * differences, axis=1).max(axis=1, initial=1.0)
    return up / 2, down / 2


def _before(values: NDArray[np.float64], first: float) -> NDArray[np.float64]:
    """(T, N) the column before each column: what is known before an item."""
    return np.hstack([np.full((len(values), 1), first), values[:, :-1]])


def _room(base: Scores, chance: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return base.astype(np.float64) - (chance if isinstance(chance, float) else chance[: len(base)])


def _ends(chance: float | NDArray[np.float64]) -> tuple[float, float]:
    return float(np.min(chance)), float(np.max(chance))


def _check(base: Scores, ablated: Scores) -> None:
    if base.shape != ablated.shape or base.ndim != 1 or not len(base):
        raise ValueError(
            f"Base has {base.shape} items and the mask {ablated.shape}: give one or more of both."
        )
