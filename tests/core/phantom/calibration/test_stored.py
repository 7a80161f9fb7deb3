"""A small calibration, computed once on the phantom; and the same one read from the cache."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cache.folder import Store
from core.models.spec import ModelSpec
from core.phantom.calibration import (
    BESIDE,
    PAPER,
    PRIVATE,
    USUAL,
    Calibration,
    CalibrationPlan,
    RunnerFor,
    calibration_plan,
    main_plan,
    run_calibration,
    runners,
    stored_calibration,
)
from core.phantom.ground_truth import phantom_of, truth_of
from tests.core.phantom.calibration.made_up import PHANTOM

pytestmark = pytest.mark.slow

N_ITEMS = 2
PLAN = CalibrationPlan(located=(USUAL,), ablated=(USUAL,), limit=2, seed=0)

Computed = tuple[Path, Calibration]


def runner_for(root: Path) -> RunnerFor:
    return runners(PHANTOM, Store(root), N_ITEMS, PLAN.seed)


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Computed:
    root = tmp_path_factory.mktemp("calibration")
    return root, run_calibration(PLAN, truth_of(PHANTOM), runner_for(root))


@pytest.fixture
def copied(computed: Computed, tmp_path: Path) -> Path:
    root = tmp_path / "cache"
    shutil.copytree(computed[0], root)
    return root


def test_what_is_read_is_what_was_computed(computed: Computed) -> None:
    root, first = computed
    read = stored_calibration(PLAN, truth_of(PHANTOM), runner_for(root))
    assert read is not None
    assert read.accuracy == first.accuracy
    assert read.placements == first.placements
    assert read.localizations == first.localizations
    assert read.matrices.keys() == first.matrices.keys() == {USUAL}
    ours, theirs = read.matrices[USUAL], first.matrices[USUAL]
    assert np.array_equal(ours.drops, theirs.drops)
    assert (ours.items, ours.correlation, ours.diagonal) == (2, theirs.correlation, theirs.diagonal)


def test_nothing_stored_is_none(tmp_path: Path) -> None:
    assert stored_calibration(PLAN, truth_of(PHANTOM), runner_for(tmp_path)) is None


@pytest.mark.parametrize("kind", ["outcomes", "rankings", "localizations"])
def test_a_part_that_is_lacking_or_damaged_makes_it_none(copied: Path, kind: str) -> None:
    used = {
        "outcomes": sorted((copied / kind).glob("*.parquet")),
        "rankings": _contrast_rankings(copied),
        "localizations": sorted((copied / kind).glob("*.parquet")),
    }[kind]
    whole = used[-1].read_bytes()
    used[-1].write_bytes(whole[: len(whole) // 2])
    assert stored_calibration(PLAN, truth_of(PHANTOM), runner_for(copied)) is None
    used[-1].unlink()
    assert stored_calibration(PLAN, truth_of(PHANTOM), runner_for(copied)) is None
    used[-1].write_bytes(whole)
    assert stored_calibration(PLAN, truth_of(PHANTOM), runner_for(copied)) is not None


def _contrast_rankings(root: Path) -> list[Path]:
    """Those that the plan's masks are cut from."""
    runner = runner_for(root)(USUAL.rule)
    keys = [runner.ranking_key(USUAL.mask(ability, PLAN.seed)) for ability in PRIVATE]
    return [runner.store.rankings.entries.payload_path(key) for key in keys]


READ = """
import sys
from pathlib import Path
from cache.folder import Store
from core.phantom.calibration import runners, stored_calibration
from core.phantom.calibration import USUAL, CalibrationPlan
from core.phantom.ground_truth import truth_of
from core.models.spec import ModelSpec
from tui.inspector.calibration.screen import CalibrationScreen

spec = ModelSpec("phantom", device="cpu")
runner_for = runners(spec, Store(Path(sys.argv[1])), 2, 0)
found = stored_calibration(CalibrationPlan((USUAL,), (USUAL,), 2, 0), truth_of(spec), runner_for)
print(found is not None, [name for name in ("torch", "transformers") if name in sys.modules])
"""


def test_it_is_read_without_torch(computed: Computed) -> None:
    command = [sys.executable, "-c", READ, str(computed[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True []"


def test_a_model_that_is_no_phantom_stands_for_the_first_one() -> None:
    assert phantom_of(ModelSpec("demo", device="cpu")) == ModelSpec("phantom", device="cpu")
    for name in ("phantom",):
        spec = ModelSpec(name, quantization="nf4")
        assert phantom_of(spec) == spec


def test_the_main_plan_asks_for_the_intact_model_in_each_profile() -> None:
    plan, whole = main_plan(50, 0), calibration_plan(50, 0, every=False)
    assert plan.ablated == plan.located == whole.ablated
    assert {USUAL, PAPER} <= set(plan.ablated)
    assert {setting.selection for setting in plan.ablated if setting.is_control} == set(BESIDE)
    profiles = [one for rule in plan.scoring_rules() for one in plan.profiles(rule)]
    assert plan.parts() == plan.runs() + 10 * len(profiles)
