"""Intervals of the AIS that hold at every number of items at once, so that a run may stop when it is known.

A fixed-n interval that is looked at again and again misses the truth far more often than it says. A
confidence sequence does not: with probability 95 % the true AIS lies in the interval at all n together.

Here it comes from betting (Waudby-Smith and Ramdas 2023, "Estimating means of bounded random variables by
betting"). An AIS of t is the claim that items lose on average what t says, E[lost - t room] = 0, which is
bounded. Someone who bets on every item, by what the items before have shown, keeps a fair game only if the
claim is true. Half of the capital is bet on more being lost, half on less; by Ville's inequality a true claim
lets the whole grow 20-fold with a probability of at most 5 %, so what lets either half do so is excluded.

A bound on what one item can lose is all that is assumed. So even if nothing is lost, some hundred items are
needed before an AIS of .05 is excluded: rarer damage would not have shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.analysis.statistics.bootstrap import LEVEL, Scores

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
    """An excluded claim next to one that is not, between two such."""
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
