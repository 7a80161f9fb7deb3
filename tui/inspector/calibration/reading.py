"""Asks the cache for a calibration, and says what the engine is to do where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.protocol import StartCalibration
from core.phantom.calibration import DIAGNOSTIC_ITEMS, HELDOUT_ITEMS

if TYPE_CHECKING:
    from core.experiment.events import Job
    from core.models.spec import ModelSpec
    from core.phantom.calibration.calibration import Calibration
    from tui.inspector.activity import Activity
    from tui.inspector.session import Session


def calibrated_model(session: Session) -> ModelSpec:
    """The phantom that stands for the open model. Imports much: for a thread, or once that has read."""
    from core.phantom.ground_truth import phantom_of

    return phantom_of(session.spec.model)


def read_calibration(session: Session) -> Calibration | str | None:
    """The stored calibration; None if there is none, or why it cannot be read; called in a thread."""
    from core.phantom.calibration.calibration import runners, stored_calibration
    from core.phantom.calibration.plan import main_plan
    from core.phantom.ground_truth import truth_of

    seed = session.spec.importance.seed
    try:
        spec = calibrated_model(session)
        runner_for = runners(spec, session.experiment.store, DIAGNOSTIC_ITEMS, seed)
        return stored_calibration(main_plan(HELDOUT_ITEMS, seed), truth_of(spec), runner_for)
    except (ValueError, OSError) as error:
        return " ".join(str(error).split())


def start_of(session: Session) -> StartCalibration:
    """What the engine is asked for."""
    return StartCalibration("calibration", DIAGNOSTIC_ITEMS, HELDOUT_ITEMS, session.spec.importance.seed)


def calibration_job(activity: Activity) -> Job | None:
    """The calibration that was asked for last, whatever became of it; None if none was."""
    return next((job for job in reversed(activity.jobs.values()) if job.kind == "calibration"), None)
