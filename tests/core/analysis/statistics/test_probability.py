"""p(right) and the AIS made of it: against sums by hand, and against simulated models."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from cache.tables import SCHEMA
from core.analysis.statistics import LEAST_EFFECT
from core.analysis.statistics.cells import frame_statistics, paired_probabilities
from core.analysis.statistics.intervals import excesses, paired_bootstrap
from core.analysis.statistics.scores import (
    chance_probability,
    probability_identifiable,
    right_probabilities,
)
from core.benchmarks.registry import find_benchmarks

(BENCHMARK,) = find_benchmarks(("spatial_reasoning",))
CHANCE = 0.25


def outcomes(loglikelihoods: list[list[float] | None], gold: list[int | None]) -> pl.DataFrame:
    """Outcomes of multiple-choice items, or of written answers where there are no log-likelihoods."""
    columns = {name: [None] * len(gold) for name in SCHEMA}
    right = [
        row is not None and row.index(max(row)) == g for row, g in zip(loglikelihoods, gold, strict=True)
    ]
    given = {"item_id": [str(n) for n in range(len(gold))], "gold": gold, "loglikelihoods": loglikelihoods}
    values = {"correct": right, "score": [float(one) for one in right], "cut": [0] * len(gold)}
    return pl.DataFrame({**columns, **given, **values}, schema=SCHEMA)


def test_softmax_by_hand() -> None:
    rows: list[list[float] | None] = [[0.0, math.log(3)], [-900.0, -900.0, -900.0 + math.log(2)]]
    frame = outcomes(rows, [1, 0])
    assert right_probabilities(frame) == pytest.approx([3 / 4, 1 / 4], abs=1e-4)
    assert chance_probability(frame) == pytest.approx((1 / 2 + 1 / 3) / 2)


@pytest.mark.parametrize("rows", [[None, None], [[-1.0], [-2.0, -3.0]]])
def test_no_probability_without_options(rows: list[list[float] | None]) -> None:
    frame = outcomes(rows, [0, 0])
    assert right_probabilities(frame) is None
    assert paired_probabilities(frame, [frame], BENCHMARK) is None
    (cell,) = frame_statistics(frame, [frame], BENCHMARK)
    assert (cell.p_right, cell.ais_p) == (None, None)
    assert "no p(right)" in cell.ais_p_reason


def test_written_answers_by_hand() -> None:
    """Mean p(right) .65 falls to .45, above a chance of 0: AIS_p is .2 / .65; every answer stays right."""
    frame = outcomes([None] * 40, [None] * 40).with_columns(correct=pl.lit(value=True), score=pl.lit(1.0))
    base, ablated = (
        frame.with_columns(gold_logprob=pl.Series(np.log([first, 0.5] * 20), dtype=pl.Float32))
        for first in (0.8, 0.4)
    )
    assert right_probabilities(base) == pytest.approx([0.8, 0.5] * 20, abs=1e-6)
    assert chance_probability(base) == 0.0
    (cell,) = frame_statistics(base, [ablated], BENCHMARK)
    assert (cell.base_p_right, cell.p_right) == pytest.approx((0.65, 0.45), abs=1e-6)
    assert cell.ais_p == pytest.approx(0.2 / 0.65, abs=1e-6)
    assert cell.ais == 0.0
    (stale,) = frame_statistics(base, [frame], BENCHMARK)
    assert (stale.ais, stale.ais_p) == (0.0, None)
    assert "from before it was measured" in stale.ais_p_reason


def test_a_base_at_chance_has_no_ais_p() -> None:
    base = np.array([0.2, 0.3, 0.4, 0.3])
    # Mean .3, standard error .0816 / 2: chance .25 is 1.2 of them below.
    assert not probability_identifiable(base, 0.25).holds
    assert (
        "less than two standard errors above chance 0.25 (n 4)" in probability_identifiable(base, 0.25).reason
    )
    assert probability_identifiable(base, 0.2).holds
    assert "not above chance 0.30" in probability_identifiable(base, 0.3).reason
    assert not probability_identifiable(np.array([0.9]), 0.25).holds


def _simulated(rng: np.random.Generator, n: int, shift: float) -> pl.DataFrame:
    """Items on which the right option has an advantage of 2 nats less the shift, with noise."""
    values = rng.normal(0, 1, (n, 4))
    values[:, 0] += 2 - shift
    return outcomes(values.tolist(), [0] * n)


def test_cells_hold_the_ais_of_mean_probabilities() -> None:
    rng = np.random.default_rng(0)
    base, ablated = _simulated(rng, 300, 0.0), _simulated(rng, 300, 1.0)
    (cell,) = frame_statistics(base, [ablated], BENCHMARK, seed=3)
    p, q = (float(np.mean(right_probabilities(frame))) for frame in (base, ablated))  # type: ignore[arg-type]
    assert cell.base_p_right == pytest.approx(p)
    assert cell.p_right == pytest.approx(q)
    assert cell.ais_p == pytest.approx((p - q) / (p - 0.25))
    paired = paired_probabilities(base, [ablated], BENCHMARK)
    assert paired is not None
    truth = paired_bootstrap(*paired, seed=3)
    assert (cell.ais_p_low, cell.ais_p_high) == (truth.low[0], truth.high[0])


def test_a_broken_set_up_has_no_ais_p() -> None:
    rng = np.random.default_rng(1)
    worse = outcomes(rng.normal(0, 1, (100, 4)).tolist(), rng.integers(1, 4, 100).tolist())
    wrong = worse.with_columns(correct=pl.lit(value=False), score=pl.lit(0.0, pl.Float32))
    (cell,) = frame_statistics(wrong, [wrong], BENCHMARK)
    assert cell.ais_p is None
    assert "not plausible" in cell.ais_p_reason or "not identifiable" in cell.ais_p_reason


def test_excess_over_random_masks_by_hand() -> None:
    rng = np.random.default_rng(2)
    base = rng.uniform(0.5, 0.9, 200)
    ablated = base[None] * np.array([[0.6], [1.0]])
    controls = np.stack([base * 0.95, base * 0.95])
    found = excesses(base, ablated, controls, CHANCE, resamples=3000)
    room = base.mean() - CHANCE
    assert found[0].controls == pytest.approx(0.05 * base.mean() / room)
    assert found[0].difference == pytest.approx(0.35 * base.mean() / room)
    assert found[1].difference == pytest.approx(-0.05 * base.mean() / room)
    drawn = rng.integers(0, 200, (3000, 200))
    values = (0.35 * base)[drawn].mean(1) / (base[drawn].mean(1) - CHANCE)
    assert (found[0].low, found[0].high) == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.01)
    with pytest.raises(ValueError, match="have to be"):
        excesses(base, ablated, controls[:1], CHANCE)


def _means(rng: np.random.Generator, n: int, damage: float) -> tuple[np.ndarray, np.ndarray]:
    """p(right) of each item, intact and under a mask that takes a share of it, another from each item."""
    base = rng.beta(2, 1, n)
    return base, base * (1 - np.clip(rng.normal(damage, 0.1, n), -0.5, 1))[None]


@pytest.mark.parametrize("damage", [0.0, 0.05, 0.3])
def test_the_interval_holds_the_true_ais_p(damage: float) -> None:
    everything = _means(np.random.default_rng(9), 400_000, damage)
    truth = (everything[0].mean() - everything[1].mean()) / (everything[0].mean() - CHANCE)
    rng, hits, runs = np.random.default_rng(4), 0, 400
    for run in range(runs):
        base, ablated = _means(rng, 100, damage)
        found = paired_bootstrap(base, ablated, CHANCE, resamples=400, seed=run)
        hits += int(found.low[0] <= truth <= found.high[0])
    # 95 % of 400 runs has a standard error of 1.1 points.
    assert 0.915 < hits / runs < 0.985


@pytest.mark.slow
@pytest.mark.parametrize("damage", [0.0, 0.05, 0.4])
@pytest.mark.parametrize("n", [30, 100])
def test_the_interval_of_written_answers_holds_the_true_ais_p(n: int, damage: float) -> None:
    """Geometric means of token probabilities about .3 above a chance of 0, and masks that take a share."""

    def drawn(rng: np.random.Generator, items: int) -> tuple[np.ndarray, np.ndarray]:
        base = np.exp(-np.clip(rng.gamma(4, 0.3, items), 0.01, None))
        return base, base * (1 - np.clip(rng.normal(damage, 0.15, items), -0.5, 1))[None]

    everything = drawn(np.random.default_rng(9), 400_000)
    truth = 1 - everything[1].mean() / everything[0].mean()
    rng, hits, runs = np.random.default_rng(8), 0, 1000
    for run in range(runs):
        found = paired_bootstrap(*drawn(rng, n), 0.0, resamples=400, seed=run)
        hits += int(found.low[0] <= truth <= found.high[0])
    # 95 % of 1,000 runs has a standard error of .7 points.
    assert 0.93 < hits / runs < 0.98


def test_masks_that_do_little_make_no_links() -> None:
    """A random mask's true AIS_p of .002 is not 0, so it is the least effect that has to be exceeded."""
    rng, links, not_zero = np.random.default_rng(5), 0, 0
    for run in range(300):
        base = rng.beta(2, 1, 200)
        ablated = (base - 0.002 * (base.mean() - CHANCE) + rng.normal(0, 0.005, 200))[None]
        found = paired_bootstrap(base, ablated, CHANCE, resamples=400, seed=run)
        links += int(found.low[0] > LEAST_EFFECT)
        not_zero += int(found.low[0] > 0)
    assert links == 0
    assert not_zero > 150  # against 0 most would be links
