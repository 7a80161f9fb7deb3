from __future__ import annotations

import math

import numpy as np
import pytest

from core.analysis.statistics.intervals import Answered, paired_difference


def test_the_difference_of_two_impacts_resamples_the_items_of_both_together() -> None:
    rng = np.random.default_rng(3)
    base, ablated = rng.random(60) < 0.9, rng.random(60) < 0.6
    same = Answered(base, ablated, 0.25)
    assert paired_difference(same, same) == (0.0, 0.0)
    # Independent truth: every resample worked out item by item, as the AIS is defined.
    other = Answered(rng.random(60) < 0.95, rng.random(60) < 0.4, 0.5)
    values = []
    for drawn in np.random.default_rng(0).integers(0, 60, (4000, 60)):
        first, second = (
            (one.base[drawn].mean() - one.ablated[drawn].mean()) / (one.base[drawn].mean() - one.chance)
            for one in (same, other)
        )
        values.append(first - second)
    low, high = np.quantile(values, [0.025, 0.975])
    assert paired_difference(same, other) == pytest.approx((low, high), abs=0.05)


def test_a_difference_of_impacts_without_bounds_has_none() -> None:
    """Both base scores are often at chance: the data do not say which impact is larger."""
    base, ablated = np.arange(8) % 2 == 0, np.zeros(8, bool)
    one = Answered(base, ablated, 0.45)
    other = Answered(base, ~base & (np.arange(8) > 3), 0.45)
    assert paired_difference(one, other) == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="same items"):
        paired_difference(one, Answered(base[:4], ablated[:4], 0.45))
