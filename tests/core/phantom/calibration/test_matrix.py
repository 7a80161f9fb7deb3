"""Against NumPy's correlation, and matrices worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.phantom.calibration import correlation, recovered, rows_on_diagonal

TRUE = np.diag([70.0, 60.0, 50.0])
matrices = arrays(float, (4, 4), elements=st.integers(-100, 100).map(float))


@given(matrices, matrices)
def test_correlation_is_numpys(first: np.ndarray, second: np.ndarray) -> None:
    found = correlation(first, second)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        assert found is None
    else:
        assert found == pytest.approx(np.corrcoef(first.ravel(), second.ravel())[0, 1], abs=1e-9)


def test_a_tie_is_not_on_the_diagonal() -> None:
    drops = np.array([[5.0, 4.0, -1.0], [3.0, 3.0, 0.0], [0.0, 9.0, 8.0]])
    assert rows_on_diagonal(drops) == 1
    assert rows_on_diagonal(drops.T) == 2
    assert rows_on_diagonal(np.zeros((3, 3))) == 0


def answers(right: list[int], n: int = 10) -> np.ndarray:
    """(rows, n) of which so many are right."""
    return np.arange(n) < np.array(right)[:, None]


def test_a_matrix_by_hand() -> None:
    intact = [answers([right])[0] for right in (10, 9, 8)]
    ablated = [answers([3, 10, 10]), answers([9, 2, 8]), answers([9, 8, 4])]
    found = recovered(TRUE, intact, ablated)
    drops = np.array([[70, 0, -10], [0, 70, 0], [0, 10, 40]])
    assert found.drops == pytest.approx(drops)
    assert (found.rows, found.columns, found.items) == (3, 3, 10)
    assert found.diagonal.value == pytest.approx(60)
    assert found.off_diagonal.value == pytest.approx(0)
    assert found.correlation is not None
    assert found.correlation.value == pytest.approx(np.corrcoef(TRUE.ravel(), drops.ravel())[0, 1])
    for one in (found.correlation, found.diagonal, found.off_diagonal):
        assert one.low <= one.value <= one.high
    assert found.diagonal.low < 55 < 65 < found.diagonal.high


def test_the_interval_of_a_mean_is_as_wide_as_the_binomial_says() -> None:
    n, share = 400, 0.5
    intact = [np.ones(n, bool)] * 3
    ablated = [answers([200, 200, 200], n)] * 3
    found = recovered(TRUE, intact, ablated)
    half = 1.96 * 100 * np.sqrt(share * (1 - share) / n / 3)  # three columns, each with items of its own
    assert found.diagonal.high - found.diagonal.value == pytest.approx(half, rel=0.1)
    assert found.diagonal.value - found.diagonal.low == pytest.approx(half, rel=0.1)


def test_a_mask_that_does_nothing_has_no_correlation() -> None:
    intact = [answers([5])[0]] * 3
    found = recovered(TRUE, intact, [answers([5, 5, 5])] * 3)
    assert found.correlation is None
    assert (found.rows, found.columns, found.diagonal) == (0, 0, (0, 0, 0))


def test_the_same_seed_draws_the_same_items() -> None:
    intact = [answers([37], 41)[0]] * 3
    ablated = [answers([2, 8, 7], 41)] * 3
    first, again, other = (recovered(TRUE, intact, ablated, seed) for seed in (3, 3, 4))
    assert first.diagonal == again.diagonal
    assert first.diagonal != other.diagonal
