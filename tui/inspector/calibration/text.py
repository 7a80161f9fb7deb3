"""What the calibration says below its maps, in place of them, and in files."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.text import Text

from core.abilities.catalogue import ABILITIES
from core.phantom import DIAGNOSTIC_ITEMS, HELDOUT_ITEMS
from core.run.events import Job
from tui.calibration_words import (
    MATRICES_LEGEND,
    aurocs,
    document,
    matrices_table,
    mean,
    setting_cells,
    setting_words,
    settings_table,
    times_words,
    verdict,
    what_it_is,
)
from tui.inspector.pane import ROW_SUFFIXES, Exported, write_rows
from tui.inspector.session import Session
from tui.names import short_benchmark
from tui.numbers import duration_text, number
from tui.progress_words import phase_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from rich.table import Table

    from core.models.spec import ModelSpec
    from core.phantom.calibration import Calibration

IDS = tuple(ability.id for ability in ABILITIES)
"""The rows and columns of all matrices."""

TITLE = "Calibration: points of accuracy lost, planted and found"

WHAT_IT_IS = (
    "A calibration runs the whole method on the phantom, a tiny Llama that was trained so that each of ten "
    "abilities needs neurons of its own: what the method should find is known, and is shown beside what it "
    f"finds. It scores weights in 3 ways with {DIAGNOSTIC_ITEMS} items an ability and makes over a thousand "
    f"runs of {HELDOUT_ITEMS} items. This takes some minutes on a CPU and is kept: the next time it is here "
    "at once."
)

PLACES_LEGEND = (
    "own: share of the selected weights in the ability's own block; times: that share as a multiple of "
    "chance; shared: share in the block that all abilities share. AUROC, .5 is chance: own block against the "
    "other private ones, by neuron (sum of its weights' scores) and by weight. Means of 10 abilities."
)

COMMANDS = (
    "abilityscope calibrate locates more settings; with --all it locates every combination and recovers "
    "every matrix, and --json writes every figure of each ability."
)

BAR_WIDTH = 30

MOST_COLUMNS = 1000
"""Room enough to measure how wide a table would be."""


def text_of(found: Calibration, spec: ModelSpec) -> Group:
    """Verdict, recovered matrices and locations of the weights, as wide as there is room."""
    items = f"{DIAGNOSTIC_ITEMS} diagnostic items an ability"
    return Group(
        *(Text(f"{line}\n") for line in verdict(found, spec)),
        Text(f"Recovered matrices · n {found.plan.limit} held-out, {items}", style="bold"),
        ByWidth(lambda is_narrow: matrices_table(found, is_narrow=is_narrow)),
        Text(f"{MATRICES_LEGEND}\n", style="dim"),
        Text(f"Where the selected weights lie · {items}", style="bold"),
        ByWidth(lambda is_narrow: locations_table(found, is_narrow=is_narrow)),
        Text(f"{PLACES_LEGEND}\n", style="dim"),
        Text(f"{what_it_is(spec)} {COMMANDS}"),
    )


@dataclass
class ByWidth:
    """A table, narrow where the wide one has no room."""

    table: Callable[[bool], Table]
    """Makes it, narrow or not."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table that there is room for."""
        wide = self.table(False)
        needed = console.measure(wide, options=options.update(max_width=MOST_COLUMNS)).maximum
        yield wide if needed <= options.max_width else self.table(True)


def locations_table(found: Calibration, *, is_narrow: bool = False) -> Table:
    """A row for each setting whose weights were located; controls are dim."""
    table = settings_table(("own", "times", "shared", "neuron", "weight"), is_narrow=is_narrow)
    for setting, by_ability in found.placements.items():
        places, score = list(by_ability.values()), (setting.loss, setting.reduction, setting.selection)
        table.add_row(
            *setting_cells(setting, is_narrow=is_narrow),
            number(mean(place.precision for place in places)),
            times_words(places),
            number(mean(place.shared_share for place in places)),
            *aurocs(found.localizations.get(score, {}).values()),
            style="dim" if setting.is_control else None,
        )
    return table


def cell_words(found: Calibration, row: int, column: int) -> str:
    """One cell of both maps, in a sentence."""
    from core.phantom.calibration import USUAL, true_matrix

    true, recovered = true_matrix(found.truth)[row, column], found.matrices[USUAL].drops[row, column]
    without, asked = short_benchmark(IDS[row]), short_benchmark(IDS[column])
    return (
        f"Without {without}, {asked} loses {true:.1f} of 100 points by the planted block, "
        f"and {recovered:.1f} by the mask ({setting_words(USUAL)})."
    )


# In files


def exported(found: Calibration, spec: ModelSpec) -> Exported:
    """All cells of all matrices as CSV, or everything as JSON."""
    return Exported(
        "abilityscope-calibration",
        ROW_SUFFIXES,
        lambda path: write_rows(path, _cell_rows(found), document(found, spec, DIAGNOSTIC_ITEMS)),
    )


def _cell_rows(found: Calibration) -> list[dict[str, Any]]:
    """One row for each cell of each recovered matrix, with the true one's."""
    from core.phantom.calibration import true_matrix

    true = true_matrix(found.truth)
    return [
        {
            **setting.figures(),
            "ablated": ablated,
            "asked": asked,
            "true_points": float(true[row, column]),
            "points": float(matrix.drops[row, column]),
            "n": matrix.items,
        }
        for setting, matrix in found.matrices.items()
        for row, ablated in enumerate(IDS)
        for column, asked in enumerate(IDS)
    ]


# Without a calibration


@dataclass
class Pace:
    """How fast a job proceeds, from when it was first seen."""

    done: int
    started: float

    @classmethod
    def of(cls, job: Job) -> Pace:
        """The pace of a job that is first seen now."""
        return cls(job.done, time.monotonic())

    def left(self, job: Job) -> str:
        """The remaining time in words; empty as long as it is unknown."""
        seconds, done = time.monotonic() - self.started, job.done - self.done
        return f"{duration_text(seconds / done * (job.total - job.done))} left" if done > 0 else ""


def note_of(session: Session, job: Job | None, pace: Pace | None, *, is_asked: bool) -> str:
    """What a calibration is, and what can be done or is being done, for where there is none."""
    return f"{WHAT_IT_IS}\n\n{_state(session, job, pace, is_asked=is_asked)}"


def _state(session: Session, job: Job | None, pace: Pace | None, *, is_asked: bool) -> str:
    activity, marks = session.activity, session.marks
    if activity.link == "lost":
        return f"{marks.wrong} There is no engine: esc goes back, and R there starts it again."
    if is_asked:
        return f"{marks.lacking} Asked for: it begins as soon as the engine is ready."
    if job is not None and job.state in ("running", "paused"):
        return _progress(session, job, pace)
    if job is not None and job.state == "queued":
        before = safe_line(activity.job.title) if activity.job else "what was asked for before"
        return f"{marks.lacking} It waits for {before}."
    if session.readonly:
        return "This inspector only looks (--readonly): abilityscope calibrate computes it."
    if job is None:
        return "enter starts it."
    ends = {
        "failed": f"It failed: {safe_line(job.problem)}",
        "cancelled": f"Cancelled: {job.done:,} of {job.total:,} runs are done and kept.",
    }
    gone = "It was computed, but the cache does not have all of it any more."
    return f"{marks.wrong} {ends.get(job.state, gone)}\n\nenter starts it."


def _progress(session: Session, job: Job, pace: Pace | None) -> str:
    marks, progress = session.marks, session.activity.progress
    full = BAR_WIDTH * job.done // job.total if job.total else 0
    runs = f"{job.done:,} of {job.total:,} runs {marks.bar * full}{marks.dash * (BAR_WIDTH - full)}"
    if job.state == "paused":
        return f"{marks.paused} {runs}  paused: p resumes"
    if progress is not None and progress.phase == "scoring":
        counted = f"{progress.done} of {progress.total} items"
        return f"{marks.running} {runs}\n  {phase_text(progress)}: {counted}"
    return f"{marks.running} {runs}  {pace.left(job) if pace else ''}".rstrip()
