"""How long a run will take: from what was measured and kept, else from the model's size."""

from __future__ import annotations

from pathlib import Path

import pytest

from cache.folder import Store
from core.abilities.neutral_texts import neutral_texts
from core.benchmarks.registry import find_benchmarks
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.pace import (
    COSTS,
    CPU_PARAMETER_S,
    ITEM_S,
    MOST_KEPT,
    WEIGHT,
    Paces,
    estimate,
    keep_paces,
    known_paces,
    take_in_known,
)

(SPATIAL,) = find_benchmarks(["spatial_reasoning"])
TEXTS = 2 * len(neutral_texts("basic"))


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(ModelSpec(device="cpu"), Store(tmp_path))


def measured() -> Paces:
    """A second an item of scoring, a tenth an evaluated item, half a text."""
    paces = Paces()
    paces.note(("scoring", "spatial_reasoning"), 1000, 1000.0)
    paces.note(("ranking", ""), 1, 7.0)
    paces.note(("evaluating", "spatial_reasoning"), 1000, 100.0)
    paces.note(("quality", ""), 1000, 500.0)
    return paces


def test_measured_paces_are_kept_for_the_next_process(experiment: Experiment) -> None:
    keep_paces(experiment, measured())
    found = estimate(experiment, SPATIAL, 200, 10, 50, known_paces(experiment))
    assert found.is_measured
    assert found.scoring_s == pytest.approx(10 * 50 * 1.0 + 7.0, rel=0.2)
    assert found.cell_s == pytest.approx(200 * 0.1 + TEXTS * 0.5, rel=0.2)
    assert estimate(experiment, SPATIAL, 200, 0, 50, known_paces(experiment)).scoring_s == 0.0


def test_a_guess_from_another_kind_of_work_is_said_to_be_one(experiment: Experiment) -> None:
    paces = Paces()
    paces.note(("evaluating", "spatial_reasoning"), 100, 10.0)
    assert estimate(experiment, SPATIAL, 200, 0, 50, paces).is_measured
    found = estimate(experiment, SPATIAL, 200, 10, 50, paces)
    assert not found.is_measured
    assert found.scoring_s == pytest.approx((500 * COSTS["scoring"] + COSTS["ranking"]) * 0.1)


def test_paces_of_another_model_or_form_are_not_taken(experiment: Experiment, tmp_path: Path) -> None:
    keep_paces(experiment, measured())
    other = Experiment(ModelSpec("phantom", device="cpu"), Store(tmp_path))
    assert known_paces(other).measured() == {}
    assert not estimate(other, SPATIAL, 200, 10, 50, known_paces(other)).is_measured


def test_what_is_measured_now_comes_before_what_is_kept(experiment: Experiment) -> None:
    keep_paces(experiment, measured())
    now = Paces()
    now.note(("evaluating", "spatial_reasoning"), 100, 300.0)
    take_in_known(experiment, now)
    units, seconds = now.measured()["evaluating", "spatial_reasoning"]
    assert (units, seconds) == (100, 300.0)
    assert now.measured()["scoring", "spatial_reasoning"] == (WEIGHT, WEIGHT)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"a": {"scoring": 3}}', b"\xff"])
def test_a_damaged_memory_is_as_good_as_none(experiment: Experiment, damage: bytes) -> None:
    path = experiment.store.pace_memory
    path.parent.mkdir(parents=True)
    path.write_bytes(damage)
    assert known_paces(experiment).measured() == {}
    keep_paces(experiment, measured())
    assert known_paces(experiment).measured()


def test_a_folder_that_cannot_be_written_to_costs_only_the_estimate(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    experiment = Experiment(ModelSpec(device="cpu"), Store(tmp_path / "file"))
    experiment.identity = Experiment(ModelSpec(device="cpu"), Store(tmp_path)).identity
    keep_paces(experiment, measured())
    assert known_paces(experiment).measured() == {}
    assert MOST_KEPT > 1


def test_without_a_measurement_the_size_of_the_model_says_it(experiment: Experiment) -> None:
    found = estimate(experiment, SPATIAL, 200, 10, 50, Paces())
    item_s = ITEM_S + CPU_PARAMETER_S * experiment.info.parameters
    assert found.scoring_s == pytest.approx((500 * COSTS["scoring"] + COSTS["ranking"]) * item_s)
    assert found.cell_s == pytest.approx((200 + TEXTS * COSTS["quality"]) * item_s)
