"""`abilityscope calibrate`: how well the method recovers what was planted in the phantom."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from core.importance.scoring_rule import ScoringRule
from core.phantom import DIAGNOSTIC_ITEMS, HELDOUT_ITEMS
from tui import output
from tui.mask_options import open_runner
from tui.option_groups import with_flags
from tui.options import Json, ModelFlags, checked_arguments
from tui.progress import shown_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.run.events import Event
    from core.run.runner import Runner

ENOUGH_RUNS = 50
"""Fewest computed runs from which the time of others is estimated."""


@dataclass(frozen=True)
class PhantomFlags(ModelFlags):
    """The model options, for a phantom."""

    model: Annotated[str, typer.Option(help="phantom or phantom-1.", metavar="NAME")] = "phantom"


class Pace:
    """Passes events on, and counts the computed runs and their time.

    Each scoring rule loads the same model again: only the first load is passed on.
    """

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._before = time.monotonic()
        self.runs, self.seconds = 0, 0.0
        self._is_loaded = False

    def __call__(self, event: Event) -> None:
        """Takes an event."""
        from core.run.events import BatchFinished, ModelLoaded, ModelLoading, RunFinished, RunStarted

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


@with_flags
def calibrate(
    model: PhantomFlags,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Ablate every combination of settings, not only the main ones.")
    ] = False,
    n_items: Annotated[
        int, typer.Option("--n-items", min=2, help="Diagnostic items per ability.", metavar="N")
    ] = DIAGNOSTIC_ITEMS,
    limit: Annotated[
        int, typer.Option(min=2, help="Held-out items per benchmark.", metavar="N")
    ] = HELDOUT_ITEMS,
    as_json: Json = False,
) -> None:
    """Test the method on a model with known abilities.

    Shows the true beside the recovered matrix, and where the selected weights are. Cached results are not
    computed again; a stopped calibration resumes.
    """
    from core.phantom.calibration import calibration_plan, run_calibration, stored_calibration
    from core.phantom.ground_truth import truth_of
    from tui.calibration_words import document, write_calibration

    with checked_arguments():
        truth = truth_of(model.spec)
    plan, whole = (calibration_plan(limit, model.seed, every=one) for one in (every, True))
    output.note(
        f"{len(plan.scoring_rules())} scoring rules, {n_items} items per ability; {len(plan.ablated)} "
        f"matrices, {plan.runs():,} runs. Cached results are not computed again."
    )
    with shown_progress() as emit:
        pace = Pace(emit)

        def runner_for(rule: ScoringRule) -> Runner:
            return open_runner(model, rule, pace, n_items=n_items)

        # A complete calibration is read without the statistics of a profile, which take longer.
        found = stored_calibration(plan, truth, runner_for)
        if found is None:
            found = run_calibration(plan, truth, runner_for)
    if as_json:
        output.write_document(document(found, model.spec, n_items))
        return
    write_calibration(found, model.spec, n_items)
    if not every:
        output.write(f"{_all_line(pace, len(whole.ablated), whole.runs() - plan.runs())}\n")


def _all_line(pace: Pace, matrices: int, runs: int) -> str:
    """What `--all` adds, and how long it takes."""
    line = f"--all recovers all {matrices} matrices: {runs:,} more runs"
    if pace.runs < ENOUGH_RUNS:
        return f"{line}."
    minutes = max(1, round(runs * pace.seconds / pace.runs / 60))
    return f"{line}, {minutes} min at the current pace."
