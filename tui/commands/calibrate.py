"""`abilityscope calibrate`: how far the method finds again what was planted in the phantom."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from core.importance.scoring_rule import ScoringRule
from core.phantom.calibration import DIAGNOSTIC_ITEMS, HELDOUT_ITEMS
from tui import output
from tui.bench_options import open_runner
from tui.options import Json, ScoringOptions, checked_arguments, with_model_options
from tui.progress import shown_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.experiment.events import Event
    from core.importance.scoring_rule import Loss, Reduction
    from core.runner.runner import Runner

ENOUGH_RUNS = 50
"""From so many on, the pace of runs says how long others will take."""


@dataclass(frozen=True)
class CalibrationOptions(ScoringOptions):
    """The model options, for a phantom."""

    model: Annotated[str, typer.Option(help="phantom or phantom-1.", metavar="NAME")] = "phantom"


class Pace:
    """Passes events on, and counts how many runs were computed, and in which time.

    The same model is loaded for each way to score weights: it is told once.
    """

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._before = time.monotonic()
        self.runs, self.seconds = 0, 0.0
        self._is_loaded = False

    def __call__(self, event: Event) -> None:
        """Is told every event."""
        from core.experiment.events import BatchFinished, ModelLoaded, ModelLoading, RunFinished, RunStarted

        if isinstance(event, ModelLoading) and self._is_loaded:
            return
        self._is_loaded |= isinstance(event, ModelLoaded)
        now = time.monotonic()
        if isinstance(event, RunFinished):
            self.runs += 1
            self.seconds += now - self._before
        if not isinstance(event, (RunStarted, BatchFinished)):  # so that a run has its mask's time in it
            self._before = now
        self._emit(event)


@with_model_options
def calibrate(
    options: CalibrationOptions,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Ablate every combination, not only the main ones.")
    ] = False,
    n_items: Annotated[
        int, typer.Option("--n-items", min=2, help="Diagnostic items of each ability.", metavar="N")
    ] = DIAGNOSTIC_ITEMS,
    limit: Annotated[
        int, typer.Option(min=2, help="Held-out items of each benchmark.", metavar="N")
    ] = HELDOUT_ITEMS,
    as_json: Json = False,
) -> None:
    """Calibrate the instrument on the phantom, in which it is known what each ability needs.

    What was planted and what the method finds stand side by side: as a matrix, and by place. What the cache
    has is not computed again; a calibration that was stopped goes on where it was.
    """
    from core.phantom.calibration.beside import computed_beside
    from core.phantom.calibration.plan import calibration_plan
    from core.phantom.calibration.run import run_calibration
    from core.phantom.calibration.stored import stored_calibration
    from core.phantom.calibration.subject import truth_of
    from tui.calibration_words import document, write_calibration

    with checked_arguments():
        truth = truth_of(options.spec)
    plan, whole = (calibration_plan(limit, options.seed, every=one) for one in (every, True))
    output.note(
        f"{len(plan.scoring_rules())} ways to score weights, {n_items} items an ability; {len(plan.ablated)} "
        f"matrices, {plan.runs():,} runs. What the cache has is not computed again."
    )
    with shown_progress() as emit:
        pace = Pace(emit)

        def runner_for(loss: Loss, reduction: Reduction) -> Runner:
            return open_runner(options, pace, n_items=n_items, way=ScoringRule(loss, reduction))

        # What is all there is read without what a profile tells on top, which takes longer.
        found = stored_calibration(plan, truth, runner_for)
        if found is None:
            with computed_beside(plan, options.spec, options.store.root, n_items):
                found = run_calibration(plan, truth, runner_for)
    if as_json:
        output.write_document(document(found, options.spec, n_items))
        return
    write_calibration(found, options.spec, n_items)
    if not every:
        output.write(f"{_all_line(pace, len(whole.ablated), whole.runs() - plan.runs())}\n")


def _all_line(pace: Pace, matrices: int, runs: int) -> str:
    """What `--all` would show, and take."""
    line = f"--all recovers all {matrices} matrices: {runs:,} more runs"
    if pace.runs < ENOUGH_RUNS:
        return f"{line}."
    minutes = max(1, round(runs * pace.seconds / pace.runs / 60))
    return f"{line}, {minutes} min at the pace of those just now."
