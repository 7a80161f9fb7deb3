"""Whether the intervals of AIS and specificity hold the truth as often as they say: simulated benchmarks."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.statistics.intervals import paired_bootstrap, specificities
from core.analysis.statistics.scores import impact
from tests.performance.interval_coverage import CHANCE, DAMAGES, coverage

RUNS = 250


@pytest.mark.parametrize(
    ("base", "n", "per_cluster"), [(0.35, 150, 1), (0.7, 100, 1), (0.95, 100, 1), (0.8, 300, 5)]
)
def test_interval_holds_the_true_ais_as_often_as_it_says(base: float, n: int, per_cluster: int) -> None:
    found = coverage(base, n, DAMAGES, runs=RUNS, resamples=400, seed=1, per_cluster=per_cluster)
    # 95 % of 250 runs has a standard error of 1.4 points.
    assert (found > 0.91).all(), found
    common = found[:3]  # where flips are not rare; with few flips the interval holds the truth more often
    assert (common < 0.99).all(), found
    assert 0.93 < common.mean() < 0.98, found


def _column(seed: int, n: int = 150) -> tuple[np.ndarray, np.ndarray]:
    """Base answers, and those of four masks of which the first hurts most."""
    rng = np.random.default_rng(seed)
    base = rng.random(n) < 0.85
    kept = np.array([0.5, 0.8, 0.75, 0.85])
    return base, base & (rng.random((4, n)) < kept[:, None])


def test_specificity_is_own_minus_the_mean_of_the_others() -> None:
    base, ablated = _column(0)
    ais = paired_bootstrap(base, ablated, CHANCE).ais
    together = specificities(base, ablated, CHANCE, seed=3)
    found = together[0]
    assert (found.own, found.others, found.masks) == (pytest.approx(ais[0]), pytest.approx(ais[1:].mean()), 3)
    assert found.difference == pytest.approx(found.own - found.others)
    assert found.low < found.difference < found.high
    for index, one in enumerate(together):
        own_first = np.vstack([ablated[index], np.delete(ablated, index, axis=0)])
        assert specificities(base, own_first, CHANCE, seed=3)[0] == pytest.approx(one)
    assert sum(one.difference for one in together) == pytest.approx(0.0)


def test_masks_are_compared_within_their_group() -> None:
    rng = np.random.default_rng(11)
    base, ablated = rng.random(120) < 0.9, rng.random((5, 120)) < 0.6
    groups = np.array([7, 2, 7, 2, 7])
    found = specificities(base, ablated, CHANCE, groups=groups, seed=3)
    for label in (7, 2):
        alone = specificities(base, ablated[groups == label], CHANCE, seed=3)
        of_group = [one for one, of in zip(found, groups, strict=True) if of == label]
        assert np.array(of_group) == pytest.approx(np.array(alone))
    with pytest.raises(ValueError, match="at least one mask of another ability"):
        specificities(base, ablated, CHANCE, groups=np.array([1, 2, 1, 2, 3]))


def test_specificity_equals_resampling_by_hand() -> None:
    base, ablated = _column(1)
    found = specificities(base, ablated, CHANCE, resamples=4000)[0]
    rng = np.random.default_rng(0)
    values = []
    for _ in range(4000):
        rows = rng.integers(0, len(base), len(base))
        scores = [impact(base[rows].mean(), mask[rows].mean(), CHANCE) for mask in ablated]
        values.append(scores[0] - np.mean(scores[1:]))
    assert (found.low, found.high) == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.02)


def test_interval_of_specificity_holds_the_truth() -> None:
    truth = (np.mean([0.8, 0.75, 0.85]) - 0.5) * 0.85 / (0.85 - CHANCE)
    hits = 0
    for run in range(400):
        base, ablated = _column(run)
        found = specificities(base, ablated, CHANCE, resamples=500, seed=run)[0]
        hits += found.low <= truth <= found.high
    assert 0.92 < hits / 400 < 0.98


def test_masks_that_do_the_same_are_not_specific() -> None:
    base, ablated = _column(2)
    found = specificities(base, np.stack([ablated[0]] * 4), CHANCE)[0]
    assert found.difference == pytest.approx(0.0)
    assert -0.1 < found.low < 0.0 < found.high < 0.1


def test_specificity_refuses_what_has_no_meaning() -> None:
    base, ablated = _column(3)
    for masks in (ablated[:0], ablated[:1]):
        with pytest.raises(ValueError, match="another ability"):
            specificities(base, masks, CHANCE)
    with pytest.raises(ValueError, match="150 items"):
        specificities(base, ablated[:, :9], CHANCE)
    with pytest.raises(ValueError, match="not above chance"):
        specificities(ablated[0] & False, ablated, CHANCE)
