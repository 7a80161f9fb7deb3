"""The calibration: from the cache, or computed by the engine while the person does something else."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from core.engine.protocol import Cancel, Resume, StartCalibration
from core.phantom import DIAGNOSTIC_ITEMS, HELDOUT_ITEMS
from core.run.events import ENDED, Job
from tui.calibration_words import points, verdict
from tui.inspector.activity import Activity
from tui.inspector.calibration.text import IDS, TITLE, Pace, cell_words, exported, note_of, text_of
from tui.inspector.look.marks import Marks
from tui.inspector.pane import read_in_thread
from tui.inspector.screens.export import ExportScreen, copy
from tui.inspector.screens.help import HelpScreen
from tui.inspector.session import Session
from tui.inspector.widgets.frame import KeyLine
from tui.inspector.widgets.heat_map import HeatMap
from tui.inspector.widgets.heat_table import Heading, HeatCell, HeatRow, HeatTable
from tui.names import SHORT_NAMES, short_benchmark

if TYPE_CHECKING:
    from core.models.spec import ModelSpec
    from core.phantom.calibration import Calibration, Points

POLL_S = 0.2
"""Seconds between two looks at the engine's activity."""

READING = "Reading the cache, which takes some seconds."

STARTS_THEN = "If it has no calibration, one starts then."

HELP = """\
The method on a phantom, a tiny Llama that was trained so that each of ten abilities needs neurons of its
own. At the left is what is lost when the planted block of an ability is zeroed, at the right what is lost
under the mask that the method finds: rows are ablated, columns are asked, in points of accuracy. The cell
under the cursor is explained below; then come the verdict, the other settings, and where their weights lie.

A calibration takes minutes and is kept. It goes on when this screen is left.
"""


CELL_WIDTH = 3
"""Columns for up to 100 points: so both maps fit beside each other on 80."""


def read_calibration(session: Session) -> Calibration | None:
    """The stored calibration; None if there is none; called in a thread.

    Raises:
        ValueError: what is stored cannot be read.
        OSError: the same.
    """
    from core.phantom.calibration import main_plan, runners, stored_calibration
    from core.phantom.ground_truth import phantom_of, truth_of

    spec, seed = phantom_of(session.spec.model), session.spec.importance.seed
    runner_for = runners(spec, session.experiment.store, DIAGNOSTIC_ITEMS, seed)
    return stored_calibration(main_plan(HELDOUT_ITEMS, seed), truth_of(spec), runner_for)


def calibration_job(activity: Activity) -> Job | None:
    """The calibration that was asked for last, whatever became of it; None if none was."""
    return next((job for job in reversed(activity.jobs.values()) if job.kind == "calibration"), None)


class TwoMaps(Horizontal):
    """The true matrix at the left, the recovered one at the right, or one of them; they share a cursor."""

    DEFAULT_CSS = """
    TwoMaps { height: 12; padding: 0 1; }
    TwoMaps Vertical { width: 1fr; height: 12; }
    TwoMaps #true-side { margin-right: 2; }
    TwoMaps Static { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, marks: Marks) -> None:
        super().__init__(id="maps")
        self._marks = marks

    def compose(self) -> ComposeResult:
        for side in ("true", "recovered"):
            with Vertical(id=f"{side}-side"):
                yield Static(markup=False)
                yield HeatMap(self._marks, opens=False, id=side)

    def show(self, found: Calibration) -> None:
        """Shows the matrices of a calibration."""
        from core.phantom.calibration import USUAL, true_matrix

        recovered = found.matrices[USUAL]
        self._show("true", f"true: its block zeroed, n {found.truth.items}", true_matrix(found.truth))
        self._show("recovered", f"recovered: its mask, n {recovered.items}", recovered.drops)

    def swap(self) -> None:
        """Shows the other map, where there is room for one."""
        self.toggle_class("-true")
        self.query_one("#true" if self.has_class("-true") else "#recovered", HeatMap).focus()

    def _show(self, side: str, title: str, drops: Points) -> None:
        self.query_one(f"#{side}-side Static", Static).update(title)
        self.query_one(f"#{side}", HeatMap).show(_heat_table(drops))

    def on_heat_map_highlighted(self, message: HeatMap.Highlighted) -> None:
        for heat_map in self.query(HeatMap):
            heat_map.move_to(message.row, message.column)


def _heat_table(drops: Points) -> HeatTable:
    """A matrix (10, 10) of lost points, rows ablated, for the screen; the full shade is all items lost."""
    rows = [
        HeatRow(
            Heading(short_benchmark(ability), SHORT_NAMES[ability]),
            [HeatCell(points(value), float(value) / 100) for value in row],
        )
        for ability, row in zip(IDS, drops, strict=True)
    ]
    columns = [Heading(short_benchmark(ability), SHORT_NAMES[ability][:2]) for ability in IDS]
    return HeatTable(columns, rows, cell_width=CELL_WIDTH)


class CalibrationScreen(ModalScreen[None]):
    """What was planted beside what was found; or what a calibration is, and how far it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", id="calibration.help", tooltip="Keys of this screen"),
        Binding("escape,q", "close", "back", id="calibration.close", tooltip="Back; a calibration continues"),
        Binding("enter", "start", "start", id="calibration.start", tooltip="Calibrate"),
        Binding("c", "cancel", "cancel", id="calibration.cancel", tooltip="Cancel the calibration"),
        Binding("p", "resume", "go on", id="calibration.resume", tooltip="Go on with it"),
        Binding("pagedown,space", "page(1)", "next page", id="calibration.page_down", priority=True,
                tooltip="The text below: a page on"),
        Binding("pageup", "page(-1)", "page back", id="calibration.page_up", priority=True, show=False,
                tooltip="The text below: a page back"),
        Binding("z", "zoom", "text alone", id="calibration.zoom", tooltip="The text alone, or with the maps"),
        Binding("x", "swap", "other map", id="calibration.swap", tooltip="The other map"),
        Binding("e", "export", "export", id="calibration.export", tooltip="Write to a file"),
        Binding("y", "copy", "copy verdict", id="calibration.copy", tooltip="Copy the verdict"),
    ]  # fmt: skip

    DEFAULT_CSS = """
    CalibrationScreen { background: $background; }
    CalibrationScreen #calibration-title { height: 1; padding: 0 1; text-style: bold; }
    CalibrationScreen #calibration-note { height: auto; padding: 1 1; max-width: 100; }
    CalibrationScreen #calibration-cell { height: auto; max-height: 2; padding: 0 1; color: $text-muted; }
    CalibrationScreen #calibration-text {
        height: 1fr; padding: 0 0 0 1; border-top: solid $panel; scrollbar-size-vertical: 1;
    }
    .-ascii CalibrationScreen #calibration-text { border-top: ascii $panel; }
    CalibrationScreen #calibration-text Static { height: auto; max-width: 110; }
    CalibrationScreen TwoMaps, CalibrationScreen #calibration-cell, CalibrationScreen #calibration-text {
        display: none;
    }
    CalibrationScreen.-found TwoMaps, CalibrationScreen.-found #calibration-cell,
    CalibrationScreen.-found #calibration-text { display: block; }
    CalibrationScreen.-found #calibration-note { display: none; }
    CalibrationScreen.-narrow #true-side, CalibrationScreen.-narrow TwoMaps.-true #recovered-side {
        display: none;
    }
    CalibrationScreen.-narrow TwoMaps.-true #true-side { display: block; }
    CalibrationScreen.-narrow #calibration-cell { max-height: 3; }
    CalibrationScreen.-text TwoMaps, CalibrationScreen.-text #calibration-cell { display: none; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._found: Calibration | None = None
        self._problem = ""
        """Why the stored calibration cannot be read."""
        self._is_reading = self._starts_when_read = False
        self._pace: Pace | None = None
        self._known: Job | None = None
        """The calibration that was asked for last, at the last look."""
        self._asked_after: str | None = None
        """The job before the one that was asked for here and is not listed yet, "" if none; else None."""

    def compose(self) -> ComposeResult:
        yield Static(TITLE, id="calibration-title", markup=False)
        yield Static(READING, id="calibration-note", markup=False)
        yield TwoMaps(self._session.marks)
        yield Static(id="calibration-cell", markup=False)
        with VerticalScroll(id="calibration-text", can_focus=False):
            yield Static(markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        self._known = calibration_job(self._session.activity)
        self._read()
        self.set_interval(POLL_S, self._look_again)

    @property
    def _model(self) -> ModelSpec:
        """The phantom that is calibrated. Imports much: for when a calibration has been read."""
        from core.phantom.ground_truth import phantom_of

        return phantom_of(self._session.spec.model)

    @property
    def _unfinished(self) -> Job | None:
        """The calibration that runs, is paused or waits."""
        job = calibration_job(self._session.activity)
        return None if job is None or job.state in ENDED else job

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys that do something just now."""
        job, is_found, readonly = self._unfinished, self._found is not None, self._session.readonly
        if action == "start":
            is_idle = job is None and self._asked_after is None and not self._starts_when_read
            return is_idle and not is_found and not readonly and self._session.activity.link != "lost"
        if action == "cancel":
            return job is not None and not is_found and not readonly
        if action == "resume":
            return job is not None and job.state == "paused" and not readonly
        if action == "swap":
            return is_found and self.has_class("-narrow") and not self.has_class("-text")
        return is_found or action not in ("page", "zoom", "export", "copy")

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen("calibration", HELP, self.active_bindings, self._session.marks))

    def action_start(self) -> None:
        if self._is_reading:  # it may be there already
            self._starts_when_read = True
            self.query_one("#calibration-note", Static).update(Text(f"{READING} {STARTS_THEN}"))
            self.refresh_bindings()
            return
        self._asked_after = "" if self._known is None else self._known.id
        seed = self._session.spec.importance.seed
        self._session.send(StartCalibration("calibration", DIAGNOSTIC_ITEMS, HELDOUT_ITEMS, seed))
        self._say()

    def action_cancel(self) -> None:
        if (job := self._unfinished) is not None:
            self._session.send(Cancel(job.id))

    def action_resume(self) -> None:
        if (job := self._unfinished) is not None:
            self._session.send(Resume(job.id))

    def action_page(self, step: int) -> None:
        text = self.query_one("#calibration-text", VerticalScroll)
        text.scroll_relative(y=step * max(1, text.size.height - 1), animate=False)

    def action_zoom(self) -> None:
        self.toggle_class("-text")
        self.refresh_bindings()

    def action_swap(self) -> None:
        self.query_one(TwoMaps).swap()

    def action_export(self) -> None:
        if self._found is not None:
            self.app.push_screen(ExportScreen(exported(self._found, self._model)))

    def action_copy(self) -> None:
        if self._found is not None:
            text = "\n".join(verdict(self._found, self._model))
            self.notify(f"the verdict: {copy(self.app, text)}", markup=False)

    def action_close(self) -> None:
        self.dismiss(None)

    def on_heat_map_highlighted(self, message: HeatMap.Highlighted) -> None:
        self._explain(message.row, message.column)

    # Reading

    def _look_again(self) -> None:
        job, before = calibration_job(self._session.activity), self._known
        if job is not None and (job.id != self._asked_after or job.state not in ENDED):
            self._asked_after = None
        if job is None or job.state != "running":
            self._pace = None
        elif self._pace is None or self._session.activity.is_scoring:
            self._pace = Pace.of(job)  # scoring in between says nothing about the pace of runs
        self._known = job
        if job is not None and job.state == "completed" and (before is None or before.state != "completed"):
            self._read()
        self._say()

    def _read(self) -> None:
        self._is_reading = True
        read_in_thread(
            self,
            partial(read_calibration, self._session),
            lambda found: self._take_in(found, ""),
            lambda problem: self._take_in(None, problem),
            group="calibration",
        )

    def _take_in(self, found: Calibration | None, problem: str) -> None:
        self._is_reading, self._problem = False, problem
        starts, self._starts_when_read = self._starts_when_read, False
        if found is not None:
            self.show(found)
        elif starts and not problem and self._unfinished is None:
            self.action_start()
        self._say()

    # Showing

    def show(self, found: Calibration) -> None:
        """Shows a calibration in place of the note."""
        self._found = found
        self.add_class("-found")
        self.query_one(TwoMaps).show(found)
        self.query_one("#calibration-text Static", Static).update(text_of(found, self._model))
        self._explain(0, 0)
        self.query_one("#recovered", HeatMap).focus()

    def _explain(self, row: int, column: int) -> None:
        if self._found is not None:
            text = Text(cell_words(self._found, row, column))
            self.query_one("#calibration-cell", Static).update(text)

    def _say(self) -> None:
        """Shows the note without a calibration, and the keys that do something."""
        if self._found is None and not self._is_reading:
            is_asked = self._asked_after is not None
            note = self._problem or note_of(self._session, self._known, self._pace, is_asked=is_asked)
            self.query_one("#calibration-note", Static).update(Text(note))
        self.refresh_bindings()
