"""Two models compared: a table worked by hand, and the interval against resampling by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from core.analysis.model_comparison import NotComparable, compared_benchmarks, compared_items
from core.analysis.statistics.scores import mcnemar_exact
from core.benchmarks.registry import find_benchmarks
from tests.core.analysis.statistics.test_probability import outcomes

BENCHMARKS = find_benchmarks(("spatial_reasoning", "temporal_reasoning"))
N = 40


def answers(right: np.ndarray) -> pl.DataFrame:
    """Outcomes with p(right) e / (e + 3) where the answer is right, and 1 / (e + 3) where it is wrong."""
    rows = [[1.0, 0.0, 0.0, 0.0] if one else [0.0, 1.0, 0.0, 0.0] for one in right]
    return outcomes(rows, [0] * len(right))


A = [np.arange(N) < 30, np.arange(N) < 20]
B = [np.arange(N) < 31, (np.arange(N) >= 12) & (np.arange(N) < 22)]
"""B wins one item of the first benchmark; of the second it loses twelve and wins two."""


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return compared_benchmarks(BENCHMARKS, [answers(one) for one in A], [answers(one) for one in B])


def test_what_is_lost_most_comes_first(table: pl.DataFrame) -> None:
    worst, best = table.to_dicts()
    assert (worst["benchmark"], worst["n"], worst["lost"], worst["won"]) == ("temporal_reasoning", N, 12, 2)
    assert (worst["score_a"], worst["score_b"]) == (0.5, 0.25)
    assert worst["difference"] == pytest.approx(-0.25)
    assert (best["lost"], best["won"], best["difference"]) == (0, 1, pytest.approx(1 / N))
    # Right is worth (e - 1) / (e + 3) more of p(right) than wrong.
    assert worst["p_difference"] == pytest.approx(-0.25 * (np.e - 1) / (np.e + 3), abs=1e-6)
    (p,) = mcnemar_exact(A[1], B[1][None])
    assert worst["p_value"] == pytest.approx(p)
    assert (worst["holm_p"], best["holm_p"]) == (pytest.approx(2 * p), 1.0)


def test_interval_is_that_of_resampled_items(table: pl.DataFrame) -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(0, N, (4000, N))
    means = (B[1].astype(float) - A[1])[rows].mean(axis=1)
    worst = table.row(0, named=True)
    assert (worst["low"], worst["high"]) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.03)
    assert worst["low"] < worst["difference"] < worst["high"] < 0


def test_items_of_both_models_side_by_side() -> None:
    frames = [answers(one) for one in A], [answers(one) for one in B]
    items = compared_items(BENCHMARKS, *frames)
    assert len(items) == 2 * N
    counts = items.group_by("benchmark", "flip").len()
    assert set(counts.drop_nulls().iter_rows()) == {
        ("spatial_reasoning", "won", 1),
        ("temporal_reasoning", "lost", 12),
        ("temporal_reasoning", "won", 2),
    }


def test_other_items_are_refused() -> None:
    (benchmark, _), one = BENCHMARKS, answers(A[0])
    with pytest.raises(NotComparable, match="other items of 'spatial_reasoning'"):
        compared_benchmarks([benchmark], [one], [one.reverse()])
