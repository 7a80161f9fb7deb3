"""The interval of a difference of effects: against resampling by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.statistics.intervals import Answered, paired_difference

CHANCE = 0.25


def test_both_models_are_resampled_together() -> None:
    rng = np.random.default_rng(3)
    n = 150
    base = rng.beta(4, 2, n)
    other = np.clip(base + rng.normal(0, 0.05, n), 0, 1)
    a, b = Answered(base, 0.8 * base, CHANCE), Answered(other, 0.6 * other, CHANCE)
    found = paired_difference(b, a)
    rows = rng.integers(0, n, (6000, n))
    effects = [
        (share * values[rows].mean(axis=1)) / (values[rows].mean(axis=1) - CHANCE)
        for share, values in ((0.2, base), (0.4, other))
    ]
    assert found == pytest.approx(np.quantile(effects[1] - effects[0], [0.025, 0.975]), abs=0.02)


def test_a_base_at_chance_bounds_nothing() -> None:
    base = np.tile([0.2, 0.3], 40)
    at_chance = Answered(base, base - 0.1, CHANCE)
    low, high = paired_difference(at_chance, at_chance)
    assert (low, high) == (-np.inf, np.inf)
