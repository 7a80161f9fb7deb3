"""Progress on stderr: bars with rate and time left on a terminal, else plain lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.experiment.events import (
    EntryReplaced,
    Event,
    ImportancePlanned,
    ItemsScored,
    ModelLoaded,
    ModelLoading,
    NotStored,
    Probing,
    PromptsSettled,
    RunFinished,
    RunsFound,
)
from tui import output
from tui.engine_words import loaded_text, memory_text, planned_text
from tui.prompt_words import settled_text
from tui.safe_text import shown

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

MB = 1_000_000

LINE_EVERY_S = 10.0
"""Seconds between plain lines about the same work."""


@contextmanager
def shown_progress() -> Iterator[Callable[[Event], None]]:
    """A context with the function that takes events and shows them."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        yield _Bars(progress)


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
        elif isinstance(event, ItemsScored):
            self._now_and_then(f"importance of {event.ability}: {event.done} of {event.total} items")
        elif isinstance(event, Probing):
            self._now_and_then(f"probing prompts: {event.done} of {event.total}")
        elif isinstance(event, RunFinished):
            text = f"run {event.done} of {event.total}: {event.mask} on {event.benchmark}: {event.score:.3f}"
            self._now_and_then(text, event.done == event.total)

    def _now_and_then(self, text: str, is_last: bool = False) -> None:
        if is_last or time.monotonic() >= self._next_line:
            output.note(text)
            self._next_line = time.monotonic() + LINE_EVERY_S


class _Bars:
    """One bar for the runs, and one for the bytes or items while the model is loaded or scored."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, tuple[TaskID, float]] = {}
        self._notes = _Notes()

    def __call__(self, event: Event) -> None:
        note = self._notes.of(event)
        if note:
            self._progress.console.print(note, markup=False, highlight=False)
        if isinstance(event, ModelLoading):
            if event.total_bytes:
                self._advance("MB", "loading", event.done_bytes // MB, event.total_bytes // MB)
            if event.done_bytes == event.total_bytes and "MB" in self._bars:
                self._progress.remove_task(self._bars.pop("MB")[0])
        elif isinstance(event, ItemsScored):
            self._advance("items", f"importance: {event.ability}", event.done, event.total)
        elif isinstance(event, Probing):
            self._advance("questions", "probing prompts", event.done, event.total)
        elif isinstance(event, RunFinished):
            self._advance("runs", f"{event.mask}", event.done, event.total)

    def _advance(self, unit: str, text: str, done: int, total: int) -> None:
        if unit not in self._bars or (unit == "items" and done < self._done(unit)):
            if unit in self._bars:
                self._progress.remove_task(self._bars[unit][0])
            self._bars[unit] = (self._progress.add_task(text, total=total, rate=""), time.monotonic())
        task, started = self._bars[unit]
        rate = done / max(time.monotonic() - started, 1e-3)
        self._progress.update(
            task, description=text, completed=done, total=total, rate=f"{rate:.1f} {unit}/s"
        )

    def _done(self, unit: str) -> float:
        return next(t.completed for t in self._progress.tasks if t.id == self._bars[unit][0])
