"""The difference of two AIS of the same items, with its paired bootstrap interval."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.analysis.statistics.bootstrap import Scores, percentile_interval, resampled_impacts


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
        second: the other.
        resamples: how often to resample.
        seed: the same seed gives the same interval.
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
