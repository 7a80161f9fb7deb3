"""Progress on stderr: on a terminal lines that change, with a clock; else plain lines now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from core.run.events import (
    AnswerWritten,
    CellsSettled,
    EntryReplaced,
    Event,
    ImportancePlanned,
    ModelLoaded,
    ModelLoading,
    NotStored,
    Probing,
    Progressed,
    PromptsSettled,
    RunFinished,
    RunsFound,
)
from tui import output
from tui.engine_words import loaded_text, memory_text, planned_text
from tui.progress_words import clock_text, count_text, pace_text, phase_text
from tui.prompt_words import settled_text
from tui.safe_text import safe_line, shown

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

BAR_WIDTH = 16
"""Columns of the bar of a phase."""

REFRESHED = 4
"""How often a second the lines on a terminal are drawn: their clock goes on."""

LONGEST_TAIL = 1000
"""Characters of the end of a text that are looked at for the last line."""

LINE_EVERY_S = 10.0
"""Seconds between plain lines about the same work."""


@contextmanager
def shown_progress() -> Iterator[Callable[[Event], None]]:
    """A context with the function that takes events and shows them."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.live import Live

    shown_lines = _LiveLines()
    console = Console(file=sys.stderr)
    with Live(shown_lines, console=console, transient=True, refresh_per_second=REFRESHED):
        yield partial(_take, shown_lines, console, _Notes())


def _take(lines: _LiveLines, console: Console, notes: _Notes, event: Event) -> None:
    """Takes an event in, on a terminal: notes stay above the lines that change."""
    note = notes.of(event)
    if note:
        console.print(note, markup=False, highlight=False)
    lines.take(event)


@contextmanager
def shown_counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A context with the function that takes done and total, shown as a bar; silent without a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class _Notes:
    """Turns events into notes; a repeated one is said once."""

    def __init__(self) -> None:
        self._doing, self._how = "", ""

    def of(self, event: Event) -> str:
        """The note of an event; empty if there is none or it was said before."""
        match event:
            case ModelLoading():
                before, self._doing = self._doing, event.doing
                return "" if event.doing == before else f"{shown(event.name)}: {event.doing}"
            case ImportancePlanned():
                before, self._how = self._how, planned_text(event)
                takes = memory_text(event.device_bytes, event.host_bytes, event.disk_bytes, joint=" and ")
                return (
                    ""
                    if self._how == before
                    else f"importance of {event.ability}: {self._how}; takes {takes}"
                )
            case PromptsSettled():
                return settled_text(event)
            case RunsFound():
                return f"{event.total} runs, {event.cached} of them in the cache"
            case CellsSettled():
                return f"after {event.n} items {event.settled} of {event.total} cells are settled"
            case ModelLoaded():
                return shown(event.warning)
            case EntryReplaced():
                return f"computed anew: {event.problem}"
            case NotStored():
                return event.problem
        return ""


class _Lines:
    """Writes notes, and a line every few seconds for work that goes on."""

    def __init__(self) -> None:
        self._next_line = 0.0
        self._notes = _Notes()

    def __call__(self, event: Event) -> None:
        note = self._notes.of(event)
        if note:
            output.note(note)
        if isinstance(event, ModelLoading):
            if note:
                self._next_line = time.monotonic() + LINE_EVERY_S
            elif event.done_bytes < event.total_bytes:
                self._now_and_then(f"{shown(event.name)}: {event.doing}: {loaded_text(event)}")
        elif isinstance(event, Probing):
            self._now_and_then(f"probing prompts: {event.done} of {event.total}")
        elif isinstance(event, Progressed):
            count = count_text(event.done, event.total) if event.total > 1 else ""
            clock = clock_text(event.elapsed_s, event.left_s)
            self._now_and_then(": ".join(filter(None, (phase_text(event), count, clock))))
        elif isinstance(event, RunFinished):
            text = f"run {event.done} of {event.total}: {event.mask} on {event.benchmark}: {event.score:.3f}"
            self._now_and_then(text, event.done == event.total)

    def _now_and_then(self, text: str, is_last: bool = False) -> None:
        if is_last or time.monotonic() >= self._next_line:
            output.note(text)
            self._next_line = time.monotonic() + LINE_EVERY_S


class _LiveLines:
    """What changes at the bottom of the terminal: the phase, the clock of the whole, and what is written."""

    def __init__(self) -> None:
        self._loading: ModelLoading | None = None
        self._probing: Probing | None = None
        self._progress: Progressed | None = None
        self._heard = 0.0
        """When the last progress came."""
        self._runs: RunsFound | None = None
        self._answer = ""

    def take(self, event: Event) -> None:
        """Takes an event in."""
        match event:
            case ModelLoading():
                self._loading = event
            case ModelLoaded():
                self._loading = None
            case Probing():
                self._probing = event
            case PromptsSettled():
                self._probing = None
            case Progressed():
                self._progress, self._heard = event, time.monotonic()
                if event.phase != "writing":
                    self._answer = ""
            case RunsFound():
                self._runs = event
            case RunFinished():
                if self._runs is not None:
                    self._runs = RunsFound(self._runs.total, self._runs.cached + 1)
            case AnswerWritten():
                is_same = self._answer.startswith(f"#{event.index}: ")
                self._answer = (self._answer if is_same else f"#{event.index}: ") + event.text
            case _:
                pass

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """At most three lines, none wider than the terminal."""
        from rich.text import Text

        for line in self.lines(options.max_width):
            yield Text(line, no_wrap=True, overflow="crop", end="\n")

    def lines(self, width: int) -> list[str]:
        """The lines, at most so wide: what matters most is left of what may be cut."""
        progress = self._progress
        if self._loading is not None:
            doing = f"loading the model: {shown(self._loading.doing)}"
            return [" ".join(filter(None, (doing, loaded_text(self._loading))))]
        if self._probing is not None:
            return [f"probing prompts  {_bar(self._probing.done, self._probing.total)}"]
        if progress is None:
            return []
        since = time.monotonic() - self._heard
        left_s = None if progress.left_s is None else max(0.0, progress.left_s - since)
        whole = [clock_text(progress.elapsed_s + since, left_s)]
        if self._runs is not None and self._runs.total > 1:
            whole.insert(0, f"{self._runs.cached:,} of {self._runs.total:,} runs")
        phase = [phase_text(progress), _bar(progress.done, progress.total), pace_text(progress)]
        lines = ["  ".join(filter(None, phase)), " · ".join(whole)]
        if self._answer:
            lines.append(_end_of(safe_line(self._answer[-LONGEST_TAIL:]), width))
        return lines


def _bar(done: int, total: int) -> str:
    """A count with its bar; empty where there is nothing to count."""
    full = BAR_WIDTH * done // max(total, 1)
    return f"{count_text(done, total)} {'━' * full}{'─' * (BAR_WIDTH - full)}" if total > 1 else ""


def _end_of(line: str, width: int) -> str:
    """The end of a line, at most so many columns."""
    from rich.cells import cell_len

    line = line[-width:]
    while cell_len(line) > width:
        line = line[1:]
    return line
