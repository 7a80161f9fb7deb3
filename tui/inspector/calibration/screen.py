"""The calibration: from the cache at once, or computed by the engine while one looks on or elsewhere."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from core.engine.protocol import Cancel, Resume
from core.experiment.events import ENDED
from tui.inspector.calibration.export import copied, exported
from tui.inspector.calibration.maps import TwoMaps, cell_words
from tui.inspector.calibration.reading import calibrated_model, calibration_job, read_calibration, start_of
from tui.inspector.calibration.words import TITLE, Pace, note_of, text_of
from tui.inspector.screens.export import ExportScreen, copy
from tui.inspector.widgets.heat_map import HeatMap

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from core.experiment.events import Job
    from core.phantom.calibration.calibration import Calibration
    from tui.inspector.session import Session

POLL_S = 0.2
"""How often the screen looks what the engine does."""

READING = "Reading the cache, which takes some seconds."


class CalibrationScreen(ModalScreen[None]):
    """What was planted beside what is found; or what a calibration is, and how far it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "start", "start", id="calibration.start", tooltip="Calibrate"),
        Binding("escape", "cancel", "cancel", id="calibration.cancel", tooltip="Cancel the calibration"),
        Binding("p", "resume", "go on", id="calibration.resume", tooltip="Go on with it"),
        Binding(
            "pagedown,space",
            "page(1)",
            "text on",
            id="calibration.page_down",
            priority=True,
            tooltip="The text below: a page on",
        ),
        Binding(
            "pageup",
            "page(-1)",
            "text back",
            id="calibration.page_up",
            priority=True,
            tooltip="The text below: a page back",
        ),
        Binding("z", "zoom", "text", id="calibration.zoom", tooltip="The text alone, or with the maps"),
        Binding("x", "swap", "map", id="calibration.swap", tooltip="The other map"),
        Binding("e", "export", "export", id="calibration.export", show=False, tooltip="Write to a file"),
        Binding("y", "copy", "copy", id="calibration.copy", show=False, tooltip="Copy the verdict"),
        Binding("q,escape", "close", "back", id="calibration.close", tooltip="Back; a calibration goes on"),
    ]

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
        """Why what is stored cannot be read."""
        self._is_reading = False
        self._pace: Pace | None = None
        self._known: Job | None = None
        """The calibration that was asked for last, when the screen last looked."""
        self._asked_after: str | None = None
        """The job before the one that was asked for here and is not listed yet, "" if none; else None."""

    def compose(self) -> ComposeResult:
        yield Static(TITLE, id="calibration-title", markup=False)
        yield Static(READING, id="calibration-note", markup=False)
        yield TwoMaps(self._session.marks)
        yield Static(id="calibration-cell", markup=False)
        with VerticalScroll(id="calibration-text", can_focus=False):
            yield Static(markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._known = calibration_job(self._session.activity)
        self._read()
        self.set_interval(POLL_S, self._look_again)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys are of use just now."""
        job = self._unfinished
        if action == "start":
            is_idle = job is None and self._asked_after is None and not self._is_reading
            return is_idle and self._found is None and not self._session.readonly and self._has_engine
        if action == "cancel":
            return job is not None and self._found is None and not self._session.readonly
        if action == "resume":
            return job is not None and job.state == "paused" and not self._session.readonly
        if action == "swap":
            is_one_map = self.has_class("-narrow") and not self.has_class("-text")
            return self._found is not None and is_one_map
        if action in ("page", "zoom", "export", "copy"):
            return self._found is not None
        return super().check_action(action, parameters)

    def action_start(self) -> None:
        """Asks the engine for the calibration."""
        self._asked_after = "" if self._known is None else self._known.id
        self._session.send(start_of(self._session))
        self._say()

    def action_cancel(self) -> None:
        """Cancels the calibration that runs or waits."""
        if (job := self._unfinished) is not None:
            self._session.send(Cancel(job.id))

    def action_resume(self) -> None:
        """Goes on with the calibration that is paused."""
        if (job := self._unfinished) is not None:
            self._session.send(Resume(job.id))

    def action_page(self, step: int) -> None:
        """Scrolls the text below the maps by a page."""
        text = self.query_one("#calibration-text", VerticalScroll)
        text.scroll_relative(y=step * max(1, text.size.height - 1), animate=False)

    def action_zoom(self) -> None:
        """Gives the whole screen to the text, or takes it back."""
        self.toggle_class("-text")
        self.refresh_bindings()

    def action_swap(self) -> None:
        """Shows the true map in place of the recovered one, or back."""
        self.query_one(TwoMaps).swap()

    def action_export(self) -> None:
        """Asks where to write all matrices and figures."""
        if self._found is not None:
            self.app.push_screen(ExportScreen(exported(self._found, calibrated_model(self._session))))

    def action_copy(self) -> None:
        """Copies the verdict."""
        if self._found is not None:
            verdict = copied(self._found, calibrated_model(self._session))
            self.notify(f"{verdict.what}: {copy(self.app, verdict.text)}", markup=False)

    def action_close(self) -> None:
        """Goes back; the engine goes on."""
        self.dismiss(None)

    def on_heat_map_highlighted(self, message: HeatMap.Highlighted) -> None:
        self._explain(message.row, message.column)

    # What the engine does

    @property
    def _has_engine(self) -> bool:
        return self._session.activity.link != "lost"

    @property
    def _unfinished(self) -> Job | None:
        """The calibration that runs, is paused or waits."""
        job = calibration_job(self._session.activity)
        return None if job is None or job.state in ENDED else job

    def _look_again(self) -> None:
        job, before = calibration_job(self._session.activity), self._known
        if job is not None and (job.id != self._asked_after or job.state not in ENDED):
            self._asked_after = None
        if job is None or job.state != "running":
            self._pace = None
        elif self._pace is None or self._session.activity.scored is not None:
            self._pace = Pace.of(job)  # scoring in between says nothing of the pace of runs
        self._known = job
        if job is not None and job.state == "completed" and (before is None or before.state != "completed"):
            self._read()
        self._say()

    def _read(self) -> None:
        self._is_reading = True
        self.run_worker(self._take_in(), group="calibration", exclusive=True)

    async def _take_in(self) -> None:
        found = await asyncio.to_thread(read_calibration, self._session)
        self._is_reading = False
        self._problem = found if isinstance(found, str) else ""
        if found is not None and not isinstance(found, str):
            self.show(found)
        self._say()

    # What is on the screen

    def show(self, found: Calibration) -> None:
        """Shows a calibration in place of what is said without one."""
        self._found = found
        self.add_class("-found")
        self.query_one(TwoMaps).show(found)
        self.query_one("#calibration-text Static", Static).update(
            text_of(found, calibrated_model(self._session))
        )
        self._explain(0, 0)
        self.query_one("#recovered", HeatMap).focus()

    def _explain(self, row: int, column: int) -> None:
        if self._found is not None:
            text = Text(cell_words(self._found, row, column))
            self.query_one("#calibration-cell", Static).update(text)

    def _say(self) -> None:
        """What is said in place of the maps, and which keys are of use."""
        if self._found is None and not self._is_reading:
            job, is_asked = self._known, self._asked_after is not None
            note = self._problem or note_of(self._session, job, self._pace, is_asked=is_asked)
            self.query_one("#calibration-note", Static).update(Text(note))
        self.refresh_bindings()
