"""The science, on the shipped phantom: what the method finds again of what was planted.

A change that breaks importance, selection, ablation or evaluation shows here as a matrix that is not the true
one any more. The bounds leave room beside what was measured on both training seeds when they were shipped.
"""

from __future__ import annotations

import numpy as np
import pytest

from cache.folder import Store
from core.models.spec import ModelSpec
from core.phantom.calibration import (
    PAPER,
    PRIVATE,
    USUAL,
    Calibration,
    CalibrationPlan,
    Setting,
    run_calibration,
    runners,
    true_matrix,
)
from core.phantom.ground_truth import truth_of

pytestmark = pytest.mark.slow

PHANTOM = ModelSpec("phantom", device="cpu")

BEST = USUAL
LARGER = Setting("margin", "sum-lost", "max_minus_shared", "global", 0.01)
RANDOM = Setting("margin", "sum-lost", "random", "global", 0.01)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    settings = (USUAL, LARGER, RANDOM, PAPER)
    plan = CalibrationPlan(settings, settings, limit=25, seed=0)
    runner_for = runners(PHANTOM, Store(tmp_path_factory.mktemp("phantom")), 60, 0)
    return run_calibration(plan, truth_of(PHANTOM), runner_for)


def correlation(found: Calibration, setting: Setting) -> float:
    estimate = found.matrices[setting].correlation
    assert estimate is not None
    return estimate.value


def mean_of(found: Calibration, setting: Setting, what: str) -> float:
    return sum(getattr(place, what) for place in found.placements[setting].values()) / len(PRIVATE)


def test_the_truth_is_on_the_diagonal(found: Calibration) -> None:
    true = true_matrix(found.truth)
    assert true.diagonal().min() > 65
    assert abs(true[~np.eye(len(true), dtype=bool)]).max() < 3


def test_the_matrix_is_recovered(found: Calibration) -> None:
    matrix = found.matrices[USUAL]
    assert correlation(found, USUAL) > 0.95
    assert matrix.diagonal.value > 60
    assert abs(matrix.off_diagonal.value) < 3
    assert matrix.rows >= 9
    # The larger k takes what others need too.
    assert 0.5 < correlation(found, LARGER) < correlation(found, USUAL)
    assert correlation(found, PAPER) < 0.9 < correlation(found, USUAL)


def test_random_weights_do_nothing(found: Calibration) -> None:
    assert abs(found.matrices[RANDOM].diagonal.value) < 3
    assert abs(found.matrices[RANDOM].off_diagonal.value) < 1.5
    assert mean_of(found, RANDOM, "enrichment") == pytest.approx(1, abs=0.2)


def test_the_selected_weights_lie_where_the_ability_was_planted(found: Calibration) -> None:
    assert mean_of(found, USUAL, "enrichment") > 9
    assert mean_of(found, PAPER, "enrichment") > 2
    assert mean_of(found, BEST, "enrichment") > 10
    assert mean_of(found, BEST, "precision") > 0.75
    neurons = [one.neurons for one in found.localizations["margin", "sum-lost", "max_minus_shared"].values()]
    assert sum(neurons) / len(neurons) > 0.83
