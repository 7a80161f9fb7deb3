from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis.statistics.scores import accuracy, mean_score


@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_right_and_wrong_on_their_own_have_wilson_s_interval(right: list[bool]) -> None:
    correct = np.array(right)
    expected = accuracy(correct)
    for scores in (correct, correct.astype(np.float32)):
        found = mean_score(scores)
        assert (found.n, found.score) == (expected.n, expected.score)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 9))
def test_items_that_always_go_together_count_as_one(right: list[bool], size: int) -> None:
    alone = accuracy(np.array(right))
    found = mean_score(np.repeat(right, size), np.repeat(np.arange(len(right)), size))
    assert found.n == size * len(right)
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=1e-9)


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=100), st.randoms(use_true_random=False))
def test_clusters_only_widen_and_the_score_lies_within(scores: list[float], random: object) -> None:
    values = np.array(scores, np.float32)
    clusters = np.array([random.randrange(4) for _ in scores])  # type: ignore[attr-defined]
    plain, clustered = mean_score(values), mean_score(values, clusters)
    assert 0 <= clustered.low <= plain.low + 1e-9
    assert plain.high - 1e-9 <= clustered.high <= 1
    assert plain.low <= plain.score <= plain.high


def test_scores_between_nought_and_one_emit_more() -> None:
    rng = np.random.default_rng(0)
    graded = rng.uniform(0.3, 0.7, 400)
    found = mean_score(graded)
    # Far from 0 and 1 and with many items, the interval is the normal one.
    half = 1.96 * graded.std() / 20
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.01)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(1000):
        passages = rng.beta(2, 1, 80)
        scores = rng.random((80, 5)) < passages[:, None]
        found = mean_score(scores.ravel(), np.repeat(np.arange(80), 5))
        held += found.low <= 2 / 3 <= found.high
    assert 0.92 <= held / 1000 <= 0.975


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(ValueError, match="one item or more"):
        mean_score(np.array([]))
    with pytest.raises(ValueError, match="a cluster for each"):
        mean_score(np.array([True]), np.array([0, 1]))
