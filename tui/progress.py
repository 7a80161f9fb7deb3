"""Shows on stderr what the engine does: a bar with rate and time left on a terminal, else plain lines."""

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
    ModelLoading,
    NotStored,
    RunFinished,
    RunsFound,
)
from tui import output
from tui.numbers import size_text
from tui.safe_text import shown
from tui.scoring_words import loaded_text, scoring_words

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

MB = 1_000_000

LINE_EVERY_S = 10.0
"""Seconds between plain lines of one kind, so that a log stays readable."""


@contextmanager
def shown_progress() -> Iterator[Callable[[Event], None]]:
    """A context with what is to be told every event."""
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
    """A context with what is to be told how many of how many are done; shows nothing without a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _loading(event: ModelLoading) -> str:
    return f"{shown(event.name)}: {event.doing}"


def _planned(event: ImportancePlanned) -> str:
    sizes = ((event.device_bytes, "GPU memory"), (event.host_bytes, "memory"), (event.disk_bytes, "disk"))
    takes = " and ".join(f"{size_text(size)} of {what}" for size, what in sizes if size)
    return f"importance of {event.ability}: {scoring_words(event)}; takes {takes}"


def _found(event: RunsFound) -> str:
    return f"{event.total} runs, {event.cached} of them in the cache"


class _Told:
    """Remembers what was said of loading and scoring, so that it is said once."""

    def __init__(self) -> None:
        self._doing, self._how = "", ""

    def is_new_loading(self, event: ModelLoading) -> bool:
        """Whether something else is done than what was told last."""
        before, self._doing = self._doing, event.doing
        return event.doing != before

    def is_new_plan(self, event: ImportancePlanned) -> bool:
        """Whether scoring is done in another way than the ability before."""
        before, self._how = self._how, scoring_words(event)
        return self._how != before


class _Lines:
    """Writes a line for what is new, and for what goes on a line every few seconds."""

    def __init__(self) -> None:
        self._next_line = 0.0
        self._told = _Told()

    def __call__(self, event: Event) -> None:
        if isinstance(event, ModelLoading):
            self._load(event)
        elif isinstance(event, ImportancePlanned):
            if self._told.is_new_plan(event):
                output.note(_planned(event))
        elif isinstance(event, RunsFound):
            output.note(_found(event))
        elif isinstance(event, EntryReplaced):
            output.note(f"computed anew: {event.problem}")
        elif isinstance(event, NotStored):
            output.note(event.problem)
        elif isinstance(event, ItemsScored):
            self._now_and_then(f"importance of {event.ability}: {event.done} of {event.total} items")
        elif isinstance(event, RunFinished):
            text = f"run {event.done} of {event.total}: {event.mask} on {event.benchmark}: {event.score:.3f}"
            self._now_and_then(text, event.done == event.total)

    def _load(self, event: ModelLoading) -> None:
        if self._told.is_new_loading(event):
            output.note(_loading(event))
            self._next_line = time.monotonic() + LINE_EVERY_S
        elif event.done_bytes < event.total_bytes:
            self._now_and_then(f"{_loading(event)}: {loaded_text(event)}")

    def _now_and_then(self, text: str, is_last: bool = False) -> None:
        if is_last or time.monotonic() >= self._next_line:
            output.note(text)
            self._next_line = time.monotonic() + LINE_EVERY_S


class _Bars:
    """One bar for the runs and, while there is something to load or score, one for the bytes or items."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, tuple[TaskID, float]] = {}
        self._told = _Told()

    def __call__(self, event: Event) -> None:
        if isinstance(event, ModelLoading):
            self._load(event)
        elif isinstance(event, ImportancePlanned):
            if self._told.is_new_plan(event):
                self._say(_planned(event))
        elif isinstance(event, RunsFound):
            self._say(_found(event))
        elif isinstance(event, EntryReplaced):
            self._say(f"computed anew: {event.problem}")
        elif isinstance(event, NotStored):
            self._say(event.problem)
        elif isinstance(event, ItemsScored):
            self._advance("items", f"importance: {event.ability}", event.done, event.total)
        elif isinstance(event, RunFinished):
            self._advance("runs", f"{event.mask}", event.done, event.total)

    def _say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)

    def _load(self, event: ModelLoading) -> None:
        if self._told.is_new_loading(event):
            self._say(_loading(event))
        if event.total_bytes:
            self._advance("MB", "loading", event.done_bytes // MB, event.total_bytes // MB)
        if event.done_bytes == event.total_bytes and "MB" in self._bars:
            self._progress.remove_task(self._bars.pop("MB")[0])

    def _advance(self, unit: str, text: str, done: int, total: int) -> None:
        if unit not in self._bars or (unit == "items" and done < self._done(unit)):
            if unit in self._bars:
                self._progress.remove_task(self._bars[unit][0])
            self._bars[unit] = (self._progress.add_task(text, total=total, rate=""), time.monotonic())
        task, started = self._bars[unit]
        rate = done / max(time.monotonic() - started, 1e-3)
        self._progress.update(task, description=text, completed=done, rate=f"{rate:.1f} {unit}/s")

    def _done(self, unit: str) -> float:
        return next(t.completed for t in self._progress.tasks if t.id == self._bars[unit][0])
