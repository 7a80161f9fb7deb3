"""Own against others: what masks take from their own ability and from the others, k by k; which k to choose.

The criterion is own - others, the means of AIS_p on and off the diagonal: the mean specificity. It is
Youden's (1950) index with own in place of hits and others in place of false alarms: the best k is the point
of the frontier that is farthest from doing the same to every ability. A ratio would be largest where masks
hardly do anything. As luck pushes up the best of several k, the least one is taken that is at most one
standard error behind it (Breiman et al. 1984). The error is that of the difference: every k is asked the
same items.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.analysis.statistics.accuracy import Z_95
from core.analysis.statistics.probability import probability_identifiable

Values = NDArray[np.float64]


class Estimate(NamedTuple):
    """A mean with its 95 % interval over the items."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Point:
    """What the masks of one k take: AIS_p."""

    own: Estimate
    """From their own ability, mean over the masks."""
    others: Estimate
    """From the other abilities, mean over masks and abilities; 0 if the intact model has no other."""
    gain: Estimate
    """Own less others."""
    influences: Values
    """(abilities, items) how far each item moves the gain, as the only one of its ability; of mean 0."""

    def figures(self) -> dict[str, list[float]]:
        """Its estimates in plain values: mean, low, high."""
        return {"own": [*self.own], "others": [*self.others], "gain": [*self.gain]}


def shown_abilities(intact: Values, chance: float) -> NDArray[np.bool_]:
    """(abilities,) whether the intact model's p(right) is above chance, so that it can lose any of it.

    Args:
        intact: (abilities, items) p(right).
        chance: p(right) of guessing.
    """
    return np.array([probability_identifiable(one, chance).holds for one in intact])


def point_of(intact: Values, ablated: Values, own: Sequence[int], chance: float) -> Point | None:
    """What some masks of one k take; None if the intact model is at chance on all that is their own.

    Abilities that the intact model does not have count nowhere. Intervals are normal ones, of the delta
    method: an AIS_p is the ratio of two means over the same items.

    Args:
        intact: (abilities, items) p(right) of the intact model.
        ablated: (masks, abilities, items) the same under each mask.
        own: (masks,) which ability is a mask's own.
        chance: p(right) of guessing.
    """
    shown = shown_abilities(intact, chance)
    is_own = np.arange(len(intact)) == np.array(own)[:, None]
    own_cells, other_cells = is_own & shown, ~is_own & shown
    if not own_cells.any():
        return None
    room = np.where(shown, intact.mean(axis=1) - chance, 1.0)
    effects = (intact - ablated).mean(axis=2) / room
    influences = (intact - ablated - effects[..., None] * (intact - chance)) / room[:, None]
    weights = {
        "own": own_cells / own_cells.sum(),
        "others": other_cells / max(1, other_cells.sum()),
    }
    weights["gain"] = weights["own"] - weights["others"]
    summed = {name: np.einsum("ma,man->an", one, influences) for name, one in weights.items()}
    found = {name: _estimate(float((one * effects).sum()), summed[name]) for name, one in weights.items()}
    return Point(**found, influences=summed["gain"])


def best_of(points: Sequence[Point]) -> int:
    """The index of the largest gain, the first of equals."""
    return int(np.argmax([point.gain.value for point in points]))


def chosen_of(points: Sequence[Point]) -> int:
    """The index of the first point that is at most one standard error behind the best.

    Args:
        points: in ascending order of k.
    """
    best = points[best_of(points)]
    return next(
        index
        for index, point in enumerate(points)
        if best.gain.value - point.gain.value <= standard_error(best.influences - point.influences)
    )


def standard_error(influences: Values) -> float:
    """The standard error of a sum of one mean per ability.

    Args:
        influences: (abilities, items) what each item adds to its mean, itself of mean 0.
    """
    items = influences.shape[1]
    return math.sqrt(float(np.square(influences).sum()) / (items * max(1, items - 1)))


def _estimate(value: float, influences: Values) -> Estimate:
    half = Z_95 * standard_error(influences)
    return Estimate(value, value - half, value + half)
