"""The queue: what runs, what waits, how the last jobs ended; any can be cancelled, waiting ones moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option as Row

from core.engine.protocol import Cancel, Move, Pause, Resume
from core.run.events import ENDED, Job
from tui.inspector.screens.dialogs import FRAME_CSS
from tui.progress_words import PARTS, clock_text, count_text, pace_text, phase_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.inspector.activity import Activity
    from tui.inspector.look.marks import Marks
    from tui.inspector.session import Session

REFRESH_S = 0.5
"""How often the list is looked at."""

ENDED_SHOWN = 5
"""Ended jobs that are listed, the last ones."""

HINT = "c cancel   K J move   p pause   esc back"

EMPTY = "Nothing runs, nothing waits. r runs what the lens looks at, m runs several."


class QueueScreen(ModalScreen[None]):
    """The list of jobs, the one that runs first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,Q,q", "dismiss", "back", id="queue.back", tooltip="Close the queue"),
        Binding("c", "cancel", "cancel", id="queue.cancel", tooltip="Cancel the job at the cursor"),
        Binding("K,shift+up", "move(-1)", "earlier", id="queue.earlier", tooltip="Let it run earlier"),
        Binding("J,shift+down", "move(1)", "later", id="queue.later", tooltip="Let it run later"),
        Binding("p", "pause", "pause", id="queue.pause", tooltip="Pause the running job, or go on"),
        Binding("j", "cursor(1)", "down", id="queue.down", show=False, tooltip="Next"),
        Binding("k", "cursor(-1)", "up", id="queue.up", show=False, tooltip="Previous"),
    ]  # fmt: skip

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = f"""
    {FRAME_CSS.format(name="QueueScreen")}
    QueueScreen #frame {{ max-width: 110; }}
    QueueScreen OptionList {{
        height: auto; max-height: 100%; border: none; padding: 0; background: $surface;
        scrollbar-size-vertical: 1; text-wrap: nowrap; text-overflow: ellipsis;
    }}
    .-ascii QueueScreen OptionList {{ text-overflow: clip; }}
    QueueScreen OptionList:focus {{ border: none; }}
    QueueScreen #note {{ dock: bottom; height: 4; color: $text-muted; margin-top: 1; }}
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: list[tuple[str, str]] = []
        """The id and the row of each job, as listed."""

    def compose(self) -> ComposeResult:
        with Vertical(id="frame") as frame:
            frame.border_title = "queue"
            frame.border_subtitle = HINT
            yield OptionList(markup=False)
            yield Static(id="note", markup=False)

    def on_mount(self) -> None:
        self._look()
        self._list.focus()
        self.set_interval(REFRESH_S, self._look)

    @property
    def _list(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def _job(self) -> Job | None:
        """The job at the cursor."""
        index = self._list.highlighted
        if index is None or index >= len(self._shown):
            return None
        return self._session.activity.jobs.get(self._shown[index][0])

    def _look(self) -> None:
        """Lists the jobs as they are now; the cursor stays on its job."""
        activity, marks = self._session.activity, self._session.marks
        rows = [(job.id, row_of(job, activity, marks)) for job in listed(activity)]
        if rows != self._shown:
            chosen = self._job
            self._shown = rows
            self._list.clear_options()
            self._list.add_options([Row(Text(row, no_wrap=True, overflow="ellipsis")) for _, row in rows])
            ids = [job for job, _ in rows]
            at = ids.index(chosen.id) if chosen is not None and chosen.id in ids else 0
            self._list.highlighted = at if rows else None
        self._say()

    @on(OptionList.OptionHighlighted)
    def _say(self) -> None:
        job = self._job
        self.query_one("#note", Static).update(EMPTY if job is None else note_of(job, self._session.activity))

    # Keys

    def action_cursor(self, step: int) -> None:
        """Moves the cursor."""
        if step > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()

    def action_cancel(self) -> None:
        """Cancels the job at the cursor, if it has not ended."""
        job = self._job
        if job is not None and job.state not in ENDED:
            self._session.send(Cancel(job.id))

    def action_move(self, step: int) -> None:
        """Lets a waiting job change places."""
        job = self._job
        if job is not None and job.state == "queued":
            self._session.send(Move(job.id, step))

    def action_pause(self) -> None:
        """Holds the running job, or lets the paused one go on."""
        job = self._session.activity.job
        if job is not None:
            self._session.send(Resume(job.id) if job.state == "paused" else Pause(job.id))


def listed(activity: Activity) -> list[Job]:
    """The job that runs, those that are paused and wait, in order, then the last that ended."""
    unfinished = activity.unfinished_jobs()
    ended = [job for job in activity.jobs.values() if job.state in ENDED]
    return [*unfinished, *reversed(ended[-ENDED_SHOWN:])]


def row_of(job: Job, activity: Activity, marks: Marks) -> str:
    """A job on one line: its mark, how far it is, and its title."""
    ends = {"completed": marks.right, "failed": marks.wrong, "cancelled": marks.flat}
    goes = {"running": marks.running, "paused": marks.paused, "queued": marks.lacking}
    parts = [f"{(ends | goes)[job.state]} {'cancelling' if job.is_cancelling else job.state:<10}"]
    if job.total > 1:
        parts.append(f"{count_text(job.done, job.total)} {PARTS[job.kind]}s")
    if activity.job is not None and job.id == activity.job.id and activity.clock is not None:
        parts.append(clock_text(*activity.clock))
    return "  ".join([*parts, safe_line(job.title)])


def note_of(job: Job, activity: Activity) -> str:
    """What a job does just now, why it failed, or what it waits for; and its whole title."""
    title, progress = safe_line(job.title), activity.progress
    if job.state == "failed":
        return f"{title}: {safe_line(job.problem)}"
    if job.state == "cancelled":
        return f"{title}: what it finished is kept; asked for again, it goes on from there."
    if job.state == "queued" and activity.job is not None:
        return f"{title}\nwaits for: {safe_line(activity.job.title)}"
    if progress is not None and progress.job == job.id and job.state in ("running", "paused"):
        counted = count_text(progress.done, progress.total) if progress.total > 1 else ""
        return f"{title}\n{'  '.join(filter(None, (phase_text(progress), counted, pace_text(progress))))}"
    return title
