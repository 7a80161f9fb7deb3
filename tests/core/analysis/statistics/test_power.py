from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from core.analysis.statistics.scores import (
    mcnemar_exact,
    mcnemar_power,
    minimum_detectable_drop,
)

SAMPLES = 3000


def simulated_power(n: int, discordant: float, drop: float) -> float:
    rng = np.random.default_rng(0)
    flips, broken = rng.random((SAMPLES, n)), (discordant + drop) / 2
    base = np.arange(n) < n  # every item is right before or wrong before: only its flip is looked at
    p_values = [
        mcnemar_exact(
            np.where(row < broken, base, ~base), np.where(row < broken, ~base, row < discordant)[None]
        )[0]
        for row in flips
    ]
    return float(np.mean(np.array(p_values) <= 0.05))


@pytest.mark.parametrize(("n", "discordant", "drop"), [(60, 0.3, 0.2), (200, 0.15, 0.08), (300, 0.05, 0.0)])
def test_power_is_how_often_the_test_finds_the_drop(n: int, discordant: float, drop: float) -> None:
    # 3,000 samples have a standard error of at most 0.9 points.
    assert mcnemar_power(n, discordant, drop) == pytest.approx(simulated_power(n, discordant, drop), abs=0.03)


def test_power_equals_the_sum_over_scipys_binomials() -> None:
    n, discordant, drop = 40, 0.4, 0.25
    mended = (discordant - drop) / (2 * discordant)
    total = 0.0
    for flips in range(n + 1):
        for few in range(flips + 1):
            if flips and scipy.stats.binomtest(few, flips).pvalue <= 0.05:
                total += scipy.stats.binom.pmf(flips, n, discordant) * scipy.stats.binom.pmf(
                    few, flips, mended
                )
    assert mcnemar_power(n, discordant, drop) == pytest.approx(total, abs=1e-8)


@pytest.mark.parametrize(("n", "discordant"), [(200, 0.15), (1000, 0.15), (1000, 0.4), (5000, 0.02)])
def test_eighty_percent_power_is_a_little_above_the_normal_approximation(n: int, discordant: float) -> None:
    """Connor 1987, solved for the drop."""
    z_alpha, z_power = scipy.stats.norm.ppf([0.975, 0.8])
    a, b, c = n + z_power**2, z_alpha * math.sqrt(discordant * n), discordant * (z_alpha**2 - z_power**2)
    connor = (b + math.sqrt(b * b - a * c)) / a
    assert mcnemar_power(n, discordant, connor) < 0.8 < mcnemar_power(n, discordant, 1.08 * connor)


@pytest.mark.parametrize("n", [6, 20, 200, 1000, 20_000])
def test_least_drop_of_n_items_is_where_six_flips_one_way_come_in_eighty_of_a_hundred_runs(n: int) -> None:
    # 2 / 2 ** 6 is the first two-sided p below 0.05; the sixth of n flips comes as an order statistic does.
    found = minimum_detectable_drop(n)
    assert found == pytest.approx(scipy.stats.beta.ppf(0.8, 6, n - 5), rel=2e-3)


@pytest.mark.parametrize("n", [7, 20, 200])
def test_nothing_smaller_is_found_however_the_answers_flip(n: int) -> None:
    found = minimum_detectable_drop(n)
    assert found is not None
    smaller = 0.99 * found
    shares = np.linspace(smaller, min(1.0, 4 * smaller), 40)
    assert max(mcnemar_power(n, float(share), smaller) for share in shares) < 0.8


def test_least_drop_of_too_few_items() -> None:
    assert minimum_detectable_drop(5) is None
    with pytest.raises(ValueError, match="give 1 or more"):
        minimum_detectable_drop(0)


def test_too_few_flips_show_nothing() -> None:
    # Six flips that all go one way are needed: 2 / 2 ** 6 is 0.03.
    assert mcnemar_power(200, 0.02, 0.02) < 0.8
    assert mcnemar_power(5, 1.0, 1.0) == 0.0
    assert mcnemar_power(6, 1.0, 0.92) < 0.8 < mcnemar_power(6, 1.0, 0.94)  # 0.965 ** 6 is 0.8


@pytest.mark.parametrize(
    ("n", "discordant", "drop"), [(0, 0.5, 0.1), (9, 0.0, 0.0), (9, 1.1, 0.1), (9, 0.1, 0.2)]
)
def test_power_of_what_cannot_be(n: int, discordant: float, drop: float) -> None:
    with pytest.raises(ValueError, match="give"):
        mcnemar_power(n, discordant, drop)
