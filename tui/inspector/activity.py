"""What the screen knows of the engine. Pure: fed with events, read by the screen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

import msgspec

from core.engine.state import EngineState, LiveRun, Pane
from core.run.events import (
    ENDED,
    EntryReplaced,
    Event,
    Heartbeat,
    ItemOutcome,
    Job,
    JobChanged,
    ModelLoaded,
    NotStored,
    Progressed,
    Refused,
    RunFinished,
    RunsFound,
    RunStarted,
    Snapshot,
    TextEnded,
    WorkerLost,
)
from core.run.specs import Run

Link = Literal["resting", "starting", "connected", "lost"]
"""`resting`: no engine until something is asked of it."""


class Activity(EngineState):
    """The engine's state and the link to it, with what a screen shows beside."""

    def __init__(self) -> None:
        super().__init__()
        self.revision = 0
        """Grows with every event."""
        self.stored = 0
        """Grows whenever the cache may have grown."""
        self.link: Link = "starting"
        self.link_problem = ""
        """Why the link was lost, in one sentence."""
        self.heartbeat: Heartbeat | None = None
        self.runs: dict[Run, LiveRun] = {}
        """Those of the running or last job of the kind `runs`, in order."""
        self.now = time.monotonic
        """The clock that times are taken from."""
        self._heard: dict[str, float] = {}
        """When the last progress of each job came."""
        self.found: RunsFound | None = None
        self.ends: dict[Pane, TextEnded] = {}
        self.lost_jobs: list[Job] = []
        """Jobs that were not done when an engine was lost."""
        self.notices: list[str] = []
        """Sentences that a person should see, oldest first; the screen takes them out."""

    @property
    def queued(self) -> list[Job]:
        """The jobs that wait, in order."""
        return [job for job in self.jobs.values() if job.state == "queued"]

    @property
    def is_busy(self) -> bool:
        """Whether a job runs or waits."""
        return self.job is not None or bool(self.queued)

    @property
    def clock(self) -> tuple[float, float | None] | None:
        """Seconds that the job has run by now, and that it has left; None before it says how far it is."""
        progress = self.progress
        if progress is None or self.job is None:
            return None
        now = self.now()
        since = 0.0 if self.job.state == "paused" else now - self._heard.get(progress.job, now)
        left_s = progress.left_s
        return progress.elapsed_s + since, None if left_s is None else max(0.0, left_s - since)

    def outcomes_of(self, run: Run) -> list[ItemOutcome]:
        """The outcomes that a run of the running or last job has given, those of all its parts."""
        found = list[ItemOutcome]()
        for of, live in self.runs.items():
            if of.is_within(run):
                found += live.outcomes if of.part is None else _moved(live.outcomes, of.part.start)
        return found

    def fold(self, event: Event) -> None:
        """Takes an event in."""
        self.revision += 1
        match event:
            case Heartbeat():
                self.heartbeat = event
            case Progressed():
                self._heard[event.job] = self.now()
            case RunsFound():
                self.found = event
            case RunFinished():
                self.stored += 1
            case JobChanged(job):
                self._follow(job)
            case TextEnded():
                self.ends[event.job, event.pane] = event
            case EntryReplaced():
                self.notices.append(f"Computed anew: {event.problem}")
            case ModelLoaded(warning=warning) if warning:
                self.notices.append(warning)
            case NotStored() | Refused() | WorkerLost():
                self.notices.append(event.problem)
            case Snapshot():
                self.link, self.link_problem = "connected", ""
                self._heard = {progress.job: self.now() for progress in event.progress}
                self.stored += 1
            case _:
                pass
        super().fold(event)
        if isinstance(event, RunStarted | Snapshot):
            self.runs |= {one.run: one for one in self.live.values()}

    def lose(self, problem: str) -> None:
        """Takes in that the engine is gone, and with it the jobs that were not done."""
        self.lost_jobs = self.unfinished_jobs()
        self.rest()
        self.link, self.link_problem = "lost", problem

    def rest(self) -> None:
        """Takes in that there is no engine."""
        self.revision += 1
        self.jobs = {job.id: job for job in self.jobs.values() if job.state in ENDED}
        self.link, self.link_problem = "resting", ""
        self.live = {}
        self.model = self.heartbeat = self.answer = self.probing = None

    def unfinished_jobs(self) -> list[Job]:
        """The jobs that the engine has still to do."""
        return [job for job in self.jobs.values() if job.state not in ENDED]

    def _follow(self, job: Job) -> None:
        """What a job's change means for the screen, before the state takes it in."""
        before = self.jobs.get(job.id)
        if before is None:
            self.ends = {pane: end for pane, end in self.ends.items() if pane[0] != job.id}
        if job.state == "running" and (before is None or before.state == "queued"):
            self.found = None
            if job.kind == "runs":
                self.runs.clear()
        if job.state in ENDED:
            self.stored += 1


def _moved(outcomes: Sequence[ItemOutcome], start: int) -> list[ItemOutcome]:
    """The outcomes of a part with their places among all items."""
    return [msgspec.structs.replace(one, index=start + one.index) for one in outcomes]
