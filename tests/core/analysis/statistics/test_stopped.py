"""When a run stops and what is stated then, from made-up outcomes: clusters, written answers, no AIS."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from core.analysis.statistics.cells import StoppedBenchmark
from core.analysis.statistics.intervals import Losses, anytime_interval, losses_of
from core.analysis.table import with_links
from core.benchmarks.drawn import part_ends
from core.benchmarks.registry import find_benchmarks

(BENCHMARK,) = find_benchmarks(["spatial_reasoning"])
N = 200
ENDS = part_ends(N)
LEAST = 0.05


def chosen(p: np.ndarray, clusters: list[str] | None = None) -> pl.DataFrame:
    """Outcomes of a model that gives the first, right option of four the probability p."""
    values = np.log(np.column_stack([p, *[(1 - p) / 3] * 3]))
    return _frame(p > 0.25, clusters).with_columns(
        gold=pl.lit(0), loglikelihoods=pl.Series(values.tolist(), dtype=pl.List(pl.Float64))
    )


def written(right: np.ndarray) -> pl.DataFrame:
    return _frame(right, None).with_columns(
        gold=pl.lit(None, pl.Int64), loglikelihoods=pl.lit(None, pl.List(pl.Float64))
    )


def _frame(right: np.ndarray, clusters: list[str] | None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "correct": right,
            "score": right.astype(np.float32),
            "cut": [0] * len(right),
            "cluster": pl.Series(clusters or [None] * len(right), dtype=pl.String),
            "gold_logprob": pl.Series([None] * len(right), dtype=pl.Float32),
        }
    )


def test_a_run_stops_at_the_first_end_that_settles_it() -> None:
    rng = np.random.default_rng(0)
    base = rng.uniform(0.7, 0.99, N)
    stopped = StoppedBenchmark(chosen(base), BENCHMARK)
    ablated = base * rng.uniform(0.8, 1, N)
    settled = [anytime_interval(losses_of(base[:n], ablated[:n], 0.25)).settles(LEAST) for n in ENDS]
    expected = ENDS[settled.index(True)]
    assert ENDS[0] < expected < N
    assert stopped.stop(chosen(ablated), ENDS, LEAST) == expected
    assert stopped.stop(chosen(ablated).head(expected - 1), ENDS, LEAST) is None
    assert stopped.stop(chosen(base), ENDS, LEAST) in ENDS
    hardly = base - 0.05 * (base - 0.25)
    assert stopped.stop(chosen(hardly), ENDS, LEAST) == N


def test_without_an_ais_it_stops_at_once_and_says_why() -> None:
    guessing = chosen(np.random.default_rng(1).uniform(0.1, 0.4, N))
    stopped = StoppedBenchmark(guessing, BENCHMARK)
    assert stopped.stop(guessing, ENDS, LEAST) == ENDS[0]
    cell = stopped.statistics(guessing.head(ENDS[0]), LEAST)
    assert cell.ais_p is None
    assert "not identifiable" in cell.ais_p_reason


def test_answers_that_are_written_are_judged_by_their_score() -> None:
    rng = np.random.default_rng(2)
    base = rng.random(N) < 0.8
    benchmark = replace(BENCHMARK, kind="generation")
    stopped = StoppedBenchmark(written(base), benchmark)
    nothing = written(base & (rng.random(N) < 0.1))
    assert stopped.stop(nothing, ENDS, LEAST) == ENDS[0]
    cell = stopped.statistics(nothing.head(ENDS[0]), LEAST)
    assert cell.ais_low is not None
    assert cell.ais_low > LEAST
    assert cell.ais_p is None
    assert cell.p_value < 0.05


def test_written_answers_are_judged_by_p_right_where_both_models_have_it() -> None:
    rng = np.random.default_rng(6)
    base = written(rng.random(N) < 0.5)
    golds = rng.uniform(0.5, 0.7, N)
    known = base.with_columns(gold_logprob=pl.Series(np.log(golds)))
    benchmark = replace(BENCHMARK, kind="generation")
    stopped = StoppedBenchmark(known, benchmark)
    halved = known.with_columns(gold_logprob=pl.Series(np.log(golds / 2)))  # answers as right as before
    assert stopped.stop(halved, ENDS, LEAST) == ENDS[0]
    cell = stopped.statistics(halved, LEAST)
    assert (cell.ais, cell.ais_p) == pytest.approx((0.0, 0.5))
    # A mask's outcomes of an earlier version have no p(right): they are judged by their score.
    assert stopped.statistics(base, LEAST) == StoppedBenchmark(base, benchmark).statistics(base, LEAST)
    assert stopped.stop(base, ENDS, LEAST) == StoppedBenchmark(base, benchmark).stop(base, ENDS, LEAST)


def test_items_of_one_passage_count_as_one_and_only_whole_passages_count() -> None:
    rng = np.random.default_rng(3)
    clusters = [str(index // 4) for index in range(N)]
    base, shares = rng.uniform(0.6, 0.95, N), np.repeat(rng.uniform(0.2, 1, N // 4), 4)
    ablated = base * shares
    stopped = StoppedBenchmark(chosen(base, clusters), BENCHMARK)
    n = 102  # 25 passages and a half
    cell = stopped.statistics(chosen(ablated, clusters).head(n), LEAST)
    alone = losses_of(base, ablated, 0.25)
    whole = [values[:100].reshape(25, 4).mean(axis=1) for values in (alone.lost, alone.room)]
    expected = anytime_interval(Losses(whole[0], whole[1], alone.corners))
    assert (cell.ais_p_low, cell.ais_p_high) == pytest.approx(expected)
    assert cell.n == n
    assert cell.ais_p_high - cell.ais_p_low > np.ptp(anytime_interval(alone.first(n)))


def test_beyond_other_masks_counts_the_items_that_all_have() -> None:
    rng = np.random.default_rng(4)
    base = rng.uniform(0.7, 0.99, N)
    stopped = StoppedBenchmark(chosen(base), BENCHMARK)
    own, other = chosen(base * 0.5).head(64), chosen(base * 0.9)
    assert stopped.probability is not None
    of_others, difference, low, high = stopped.beyond(stopped.probability, own, [other, other])
    room = base[:64].mean() - 0.25
    assert of_others == pytest.approx(0.1 * base[:64].mean() / room)
    assert difference == pytest.approx(0.4 * base[:64].mean() / room)
    assert low is not None
    assert high is not None
    assert 0 < low < difference < high


def test_a_link_is_judged_by_the_measure_and_the_least_effect_that_the_runs_settled() -> None:
    cells = pl.DataFrame(
        {
            "until": [None, 0.1, 0.1, 0.1, None],
            "p_right": [0.5, 0.5, None, 0.5, None],
            "ais_low": [0.9, 0.9, 0.2, 0.9, 0.2],
            "ais_high": [1.0, 1.0, 0.3, 1.0, 0.3],
            "ais_p_low": [0.06, 0.06, None, 0.11, None],
            "ais_p_high": [0.2, 0.2, None, 0.2, None],
            "shown": [True] * 5,
        }
    )
    assert with_links(cells)["link"].to_list() == [True, None, True, True, None]
