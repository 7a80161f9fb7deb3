"""The queue of jobs, shared by the worker's thread and the server's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from core.engine.protocol import (
    Start,
    StartAutoK,
    StartCalibration,
    StartGeneration,
    StartRankings,
    StartRuns,
)
from core.phantom.calibration import main_plan
from core.run.events import Event, Job, JobChanged, JobKind, JobState, QueueOrdered

KINDS: dict[type[Start], JobKind] = {
    StartRuns: "runs",
    StartRankings: "rankings",
    StartAutoK: "auto_k",
    StartGeneration: "generation",
    StartCalibration: "calibration",
}


@dataclass(eq=False)
class _Entry:
    """A job that has not ended."""

    job: Job
    start: Start
    is_cancelled: bool = False


LOOK_EVERY_S = 0.5
"""Seconds between two looks at what comes without a job."""


class JobQueue:
    """Jobs in the order in which they came. Each change of one is emitted, under the queue's lock."""

    def __init__(self, engine: str, emit: Callable[[Event], None]) -> None:
        """An empty queue of the engine with this id; `emit` must not wait."""
        self._engine, self._emit = engine, emit
        self._changed = threading.Condition()
        self._entries: list[_Entry] = []
        """All that have not ended, in the order in which they are taken."""
        self._taken: list[_Entry] = []
        """The running job, after the paused one in whose pause it is done."""
        self._last_number = 0
        self._is_closed = False

    @property
    def is_empty(self) -> bool:
        """Whether no job waits, runs or is paused."""
        return not self._entries

    @property
    def is_working(self) -> bool:
        """Whether a job runs or is paused."""
        return bool(self._taken)

    # For the server.

    def add(self, start: Start) -> None:
        """Queues a job.

        Raises:
            ValueError: the engine is ending.
        """
        with self._changed:
            if self._is_closed:
                raise ValueError("The engine is ending and takes no more jobs: start it again.")
            self._last_number += 1
            job = Job(
                id=f"{self._engine}-{self._last_number}",
                kind=KINDS[type(start)],
                title=start.title,
                state="queued",
                total=_total(start),
                created=time.time(),
                until=start.until if isinstance(start, StartRuns) else None,
            )
            self._entries.append(_Entry(job, start))
            self._emit(JobChanged(job))
            self._changed.notify_all()

    def cancel(self, job: str) -> None:
        """Ends a queued job now, a running or paused one within a layer of its batch.

        Raises:
            ValueError: it is unknown, or has ended.
        """
        with self._changed:
            self._cancel(self._find(job))

    def pause(self, job: str) -> None:
        """Holds the running job after its current batch.

        Raises:
            ValueError: the job does not run.
        """
        self._switch(job, "running", "paused")

    def resume(self, job: str) -> None:
        """Goes on with the paused job.

        Raises:
            ValueError: the job is not paused.
        """
        self._switch(job, "paused", "running")

    def move(self, job: str, step: int) -> None:
        """Moves a queued job `step` places back in the queue, a negative number forward; as far as it goes.

        Raises:
            ValueError: the job does not wait.
        """
        with self._changed:
            entry = self._find(job)
            if entry in self._taken:
                raise ValueError(f"The job '{job}' is {entry.job.state}: only jobs that wait can be moved.")
            waiting = self._waiting
            index = min(max(waiting.index(entry) + step, 0), len(waiting) - 1)
            waiting.remove(entry)
            waiting.insert(index, entry)
            self._entries = [*self._taken, *waiting]
            self._emit(QueueOrdered(tuple(one.job.id for one in self._entries)))
            self._changed.notify_all()

    def close(self) -> None:
        """Cancels all jobs and takes no more."""
        with self._changed:
            self._is_closed = True
            for entry in list(self._entries):
                self._cancel(entry)
            self._changed.notify_all()

    # For the worker.

    def take(self, look: Callable[[], bool] = lambda: False) -> tuple[Job, Start] | None:
        """The next job, running now; waits for one. None when the queue is closed.

        Args:
            look: called while it waits, again and again as long as it gives True; must not wait itself.
        """
        with self._changed:
            while not (self._entries or self._is_closed):
                self._changed.wait(LOOK_EVERY_S if look() else None)
            return self._begin(self._entries[0]) if self._entries else None

    def take_beside(self, may_run: Callable[[Start], bool]) -> tuple[Job, Start] | None:
        """The next job that may be done beside the running one, running now; None if there is none."""
        with self._changed:
            return None if self.is_cancelled else self._begin_first(may_run)

    def take_in_pause(self, may_run: Callable[[Start], bool]) -> tuple[Job, Start] | None:
        """While the running job is paused: the next job that may be done meanwhile, running now.

        Waits for one. None as soon as the job is not paused, or cancelled.
        """
        with self._changed:
            while self.is_paused:
                if (begun := self._begin_first(may_run)) is not None:
                    return begun
                self._changed.wait()
            return None

    def hold(self, may_run: Callable[[Start], bool]) -> None:
        """Waits while the running job is paused and no other job may be done meanwhile."""
        with self._changed:
            self._changed.wait_for(
                lambda: not self.is_paused or any(may_run(entry.start) for entry in self._waiting)
            )

    @property
    def is_paused(self) -> bool:
        """Whether the running job is paused; takes no lock, as it is asked very often."""
        entry = self._taken[-1] if self._taken else None
        return entry is not None and entry.job.state == "paused" and not entry.is_cancelled

    @property
    def is_cancelled(self) -> bool:
        """Whether the running job is cancelled, or none runs and the queue is closed.

        Takes no lock, as it is asked very often.
        """
        return self._taken[-1].is_cancelled if self._taken else self._is_closed

    def advance(self, done: int) -> None:
        """Sets how many parts of the running job are finished."""
        with self._changed:
            if self._taken:
                self._change(self._taken[-1], done=done)

    def end(self, state: JobState, problem: str = "") -> None:
        """Ends the running job; a failed one with its problem in one sentence."""
        with self._changed:
            if self._taken:
                self._end(self._taken.pop(), state, problem)

    # Called under the lock.

    @property
    def _waiting(self) -> list[_Entry]:
        return [entry for entry in self._entries if entry not in self._taken]

    def _begin_first(self, may_run: Callable[[Start], bool]) -> tuple[Job, Start] | None:
        return next((self._begin(entry) for entry in self._waiting if may_run(entry.start)), None)

    def _begin(self, entry: _Entry) -> tuple[Job, Start]:
        self._taken.append(entry)
        self._change(entry, state="running", started=time.time())
        return entry.job, entry.start

    def _find(self, job: str) -> _Entry:
        for entry in self._entries:
            if entry.job.id == job:
                return entry
        raise ValueError(f"There is no job '{job}' here that has not ended.")

    def _cancel(self, entry: _Entry) -> None:
        entry.is_cancelled = True
        if entry in self._taken:
            self._change(entry, is_cancelling=True)
        else:
            self._end(entry, "cancelled")
        self._changed.notify_all()

    def _switch(self, job: str, before: JobState, after: JobState) -> None:
        with self._changed:
            entry = self._find(job)
            if entry.job.state != before:
                raise ValueError(f"The job '{job}' is {entry.job.state}, not {before}.")
            self._change(entry, state=after)
            self._changed.notify_all()

    def _end(self, entry: _Entry, state: JobState, problem: str = "") -> None:
        self._entries.remove(entry)
        self._change(entry, state=state, problem=problem, ended=time.time(), is_cancelling=False)

    def _change(self, entry: _Entry, **changes: object) -> None:
        entry.job = msgspec.structs.replace(entry.job, **changes)
        self._emit(JobChanged(entry.job))


def _total(start: Start) -> int:
    """The number of parts of a job."""
    match start:
        case StartRuns():
            return len(start.runs)
        case StartCalibration():
            return main_plan(start.limit, start.seed).parts()
        case _:
            return len(start.masks)
