"""The header: what is open, and what the engine does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from core.run.events import ModelFailed, ModelLoaded, ModelLoading
from tui.engine_words import gpu_words, loaded_share
from tui.inspector.look.bars import levels_of, sparkline
from tui.inspector.look.themes import text_style
from tui.inspector.open_model import SHORT_DTYPES
from tui.numbers import count_text, share, size_text
from tui.progress_words import done_share, left_text
from tui.prompt_words import STYLE_WORDS
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.run.events import JobKind
    from tui.inspector.activity import Activity
    from tui.inspector.session import Session

NAMED_COLUMNS = 70
"""Columns from which the header begins with the program's name."""

COURSE_COLUMNS = 110
"""Columns from which it shows the accuracy of the run in progress."""

COURSE_WIDTH = 12
"""Columns of the course of that accuracy."""

LOADING_COLUMNS = 36
"""Columns of what is said about a model that is being loaded."""

DOING: dict[JobKind, str] = {
    "runs": "running",
    "rankings": "scoring",
    "auto_k": "looking for k",
    "generation": "writing",
    "calibration": "running",
}
"""Said about a job before its progress is known."""


class Header(Widget):
    """One line: what is open, and what the engine does."""

    DEFAULT_CSS = """
    Header { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(id="header")
        self._session = session

    def render(self) -> Text:
        width = self.size.width
        status = code_text(self._session) + status_text(self._session)
        if width >= COURSE_COLUMNS:
            status = self._course() + status
        room = max(0, width - len(status.plain) - 2)
        accent = text_style(self.app.theme_variables, "accent") + Style(bold=True)
        left = Text(no_wrap=True).append("abilityscope  " if width >= NAMED_COLUMNS else "", accent)
        left.append(safe_line(self._session.title), style="bold")
        for fact in self._facts():
            if len(left.plain) + len(fact) + 3 <= room:
                left.append(" · ", style="dim").append(fact)
        left.truncate(room, pad=True)
        return left + Text("  ") + status

    def _course(self) -> Text:
        """The accuracy of the run in progress as it came to be, and as it is; empty without one."""
        current, job = self._session.activity.current, self._session.activity.job
        if job is None or current is None or not current.outcomes:
            return Text()
        shares = running_shares([outcome.correct for outcome in current.outcomes], COURSE_WIDTH)
        colour = text_style(self.app.theme_variables, "primary" if current.run.mask is None else "accent")
        bars = sparkline(shares, levels_of(self._session.marks), 1.0)
        return Text().append(f"{bars} ", colour).append(f"{share(shares[-1])}  ")

    def _facts(self) -> list[str]:
        """Model and memory, the most important first: what does not fit is left out."""
        info, activity = self._session.model.info, self._session.activity
        if info is None:
            return ["reading files"]
        loaded = activity.model if isinstance(activity.model, ModelLoaded) else None
        device = loaded.device if loaded else self._session.spec.model.device
        dtype = SHORT_DTYPES.get(info.dtype, info.dtype)
        if info.quantization != "none":
            dtype = f"{info.quantization}, {dtype}"
        facts = [f"{info.architecture} {count_text(info.parameters)}", f"{info.layers} layers", dtype]
        if self._session.settled is not None:
            settled = self._session.settled
            facts.insert(1, f"{settled.level} items, {STYLE_WORDS[settled.prompt]}")
        if self._session.spec.ray is not None and loaded:
            facts.insert(1, device)
        elif device not in ("auto", ""):
            facts.append(device)
        facts.append(size_text(loaded.bytes if loaded and loaded.bytes else info.bytes))
        beat = activity.heartbeat
        if beat is None:
            return facts
        facts[1:1] = gpu_words(beat.gpus)
        facts.append(f"engine {size_text(beat.resident_bytes)}")
        if beat.device_bytes is not None and not beat.gpus:
            facts.append(f"GPU {size_text(beat.device_bytes)}")
        return facts


def code_text(session: Session) -> Text:
    """Says that code which the model writes may run; empty if it may not."""
    if not session.allows_code:
        return Text()
    return Text("runs code  ", style="bold")


def status_text(session: Session) -> Text:
    """What the engine does now, in a few words."""
    activity, marks = session.activity, session.marks
    if activity.link == "lost":
        return Text(f"{marks.wrong} no engine: R starts one", style="bold")
    if activity.link == "starting":
        return Text(f"{marks.lacking} engine starting")
    if activity.link == "resting":
        return Text(f"{marks.lacking} no engine yet")
    if isinstance(activity.model, ModelFailed):
        return Text(f"{marks.wrong} model not loaded", style="bold")
    job = activity.job
    if job is not None and job.state == "paused":
        return Text(f"{marks.paused} paused: p resumes", style="bold")
    if isinstance(activity.model, ModelLoading):
        share = loaded_share(activity.model)
        doing = f"{share}{' ' if share else ''}{safe_line(activity.model.doing)}"
        return Text(f"{marks.lacking} {doing}"[:LOADING_COLUMNS])
    if activity.probing is not None:
        done, total = activity.probing.done, activity.probing.total
        return Text(f"{marks.running} probing prompts {done}/{total}", style="bold")
    if job is None:
        return Text(f"{marks.stored} idle")
    more = f" +{len(activity.queued)}" if activity.queued else ""
    return Text(f"{marks.running} {progress_text(activity)}{more}", style="bold")


def progress_text(activity: Activity) -> str:
    """How far the running job is, shortly."""
    job, clock = activity.job, activity.clock
    if job is None:
        return "idle"
    if job.is_cancelling:
        return "cancelling"
    share = None if clock is None else done_share(*clock)
    if clock is not None and clock[1] is not None and share is not None:
        left = f"{left_text(clock[1])} left"
        # The least time left that is said is 5 s: all is never done while a job runs.
        percent = f"{min(99, round(100 * share))} %"
        return f"at most {left}" if job.until is not None else f"{percent}, {left}"
    if job.total > 1:
        unit = " runs" if job.kind in ("runs", "calibration") else ""
        return f"{job.done}/{job.total}{unit}"
    return DOING[job.kind]


def running_shares(scores: Sequence[float], most: int) -> list[float]:
    """The mean score after so many answers, at most `most` times, the last time after all of them."""
    n = len(scores)
    counts = [n * step // most for step in range(1, most + 1)] if n > most else range(1, n + 1)
    sums = list(accumulate(scores))
    return [sums[count - 1] / count for count in counts]
