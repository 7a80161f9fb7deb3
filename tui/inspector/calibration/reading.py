"""Asks the cache for a calibration, and says what the engine is to do where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.calibration import DIAGNOSTIC_ITEMS, HELDOUT_ITEMS
from core.engine.commands import StartCalibration

if TYPE_CHECKING:
    from core.calibration.found import Calibration
    from core.events import Job
    from core.models.spec import ModelSpec
    from tui.inspector.activity import Activity
    from tui.inspector.desk import Desk


def calibrated_model(desk: Desk) -> ModelSpec:
    """The phantom that stands for the open model. Imports much: for a thread, or once that has read."""
    from core.calibration.subject import phantom_of

    return phantom_of(desk.spec.model)


def read_calibration(desk: Desk) -> Calibration | str | None:
    """The stored calibration; None if there is none, or why it cannot be read; called in a thread."""
    from core.calibration.plan import main_plan
    from core.calibration.stored import stored_calibration
    from core.calibration.subject import benches, truth_of

    seed = desk.spec.recipe.seed
    try:
        spec = calibrated_model(desk)
        bench_for = benches(spec, desk.bench.store, DIAGNOSTIC_ITEMS, seed)
        return stored_calibration(main_plan(HELDOUT_ITEMS, seed), truth_of(spec), bench_for)
    except (ValueError, OSError) as error:
        return " ".join(str(error).split())


def start_of(desk: Desk) -> StartCalibration:
    """What the engine is asked for."""
    return StartCalibration("calibration", DIAGNOSTIC_ITEMS, HELDOUT_ITEMS, desk.spec.recipe.seed)


def calibration_job(activity: Activity) -> Job | None:
    """The calibration that was asked for last, whatever became of it; None if none was."""
    return next((job for job in reversed(activity.jobs.values()) if job.kind == "calibration"), None)
