"""Own against others: what masks take from their own ability and from the others, k by k; which k to choose.

The criterion is own - others, the means of AIS_p on and off the diagonal: the mean specificity. It is
Youden's (1950) index with own in place of hits and others in place of false alarms: the best k is the point
of the frontier that is farthest from doing the same to every ability. A ratio would be largest where masks
hardly do anything. As luck pushes up the best of several k, and a smaller mask that does as much says more,
the least k is taken that is within one standard error of the best (Breiman et al. 1984).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.analysis.statistics.scores import Z_95, probability_identifiable

Values = NDArray[np.float64]


class Estimate(NamedTuple):
    """A mean with its 95 % interval over the items."""

    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Its standard error."""
        return (self.high - self.low) / 2 / Z_95


@dataclass(frozen=True)
class Point:
    """What the masks of one k take: AIS_p."""

    own: Estimate
    """From their own ability, mean over the masks."""
    others: Estimate
    """From the other abilities, mean over masks and abilities; 0 if the intact model has no other."""
    gain: Estimate
    """Own less others."""

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
    return Point(
        **{
            name: _estimate(float((one * effects).sum()), np.einsum("ma,man->an", one, influences))
            for name, one in weights.items()
        }
    )


def best_of(points: Sequence[Point]) -> int:
    """The index of the largest gain, the first of equals."""
    return int(np.argmax([point.gain.value for point in points]))


def chosen_of(points: Sequence[Point]) -> int:
    """The index of the first point that is within one standard error of the best.

    Args:
        points: in ascending order of k.
    """
    best = points[best_of(points)].gain
    return next(place for place, point in enumerate(points) if point.gain.value >= best.value - best.error)


def _estimate(value: float, influences: Values) -> Estimate:
    """A sum of one mean per ability, with its interval.

    Args:
        value: the sum.
        influences: (abilities, items) what each item adds to its mean, less that mean.
    """
    items = influences.shape[1]
    error = math.sqrt(float(np.square(influences).sum()) / (items * max(1, items - 1)))
    return Estimate(value, value - Z_95 * error, value + Z_95 * error)
