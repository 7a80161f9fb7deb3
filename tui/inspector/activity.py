"""What the engine is doing, as far as its events tell. Pure: fed with events, read by the screen."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

from core.experiment.events import (
    ENDED,
    BatchFinished,
    EntryReplaced,
    Event,
    Heartbeat,
    ImportancePlanned,
    ItemOutcome,
    ItemsScored,
    Job,
    JobChanged,
    ModelFailed,
    ModelLoaded,
    ModelLoading,
    NotStored,
    Refused,
    RunFinished,
    RunsFound,
    RunStarted,
    Snapshot,
    TextCompared,
    TextEnded,
    TextWritten,
)
from core.experiment.specs import Run

Link = Literal["starting", "connected", "lost"]


@dataclass
class LiveRun:
    """One mask on one benchmark that goes on, or ended a moment ago."""

    run: Run
    outcomes: list[ItemOutcome] = field(default_factory=list)
    """In the order in which they came: longest items first."""
    started: float = field(default_factory=time.monotonic)
    finished: float | None = None

    @property
    def rate(self) -> float | None:
        """Items a second; None before there are any."""
        seconds = (self.finished or time.monotonic()) - self.started
        return len(self.outcomes) / seconds if self.outcomes and seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """As far as the rate tells; None before there is one."""
        rate = self.rate
        return None if not rate else (self.run.n - len(self.outcomes)) / rate


class Activity:
    """The engine's state. `revision` grows with every event, `stored` whenever the cache may have grown."""

    def __init__(self) -> None:
        self.revision = 0
        self.stored = 0
        self.link: Link = "starting"
        self.link_problem = ""
        """Why the link was lost, in one sentence."""
        self.model: ModelLoading | ModelLoaded | ModelFailed | None = None
        self.heartbeat: Heartbeat | None = None
        self.jobs: dict[str, Job] = {}
        self.runs: dict[Run, LiveRun] = {}
        """Those of the running or last job of the kind `runs`, in order."""
        self.current: LiveRun | None = None
        self.scored: ItemsScored | None = None
        self.scoring_started = 0.0
        self.planned: ImportancePlanned | None = None
        """How the importance that is being computed is."""
        self.found: RunsFound | None = None
        self.texts: dict[tuple[str, int], str] = {}
        """What generation jobs wrote, by job and pane."""
        self.ends: dict[tuple[str, int], TextEnded] = {}
        self.compared: dict[tuple[str, int], TextCompared] = {}
        """How ablated answers differ from their base answer."""
        self.lost_jobs: list[Job] = []
        """Those that an engine was still to do when it was lost."""
        self.notices: list[str] = []
        """Sentences that a person should see, oldest first; the screen takes them out."""

    @property
    def job(self) -> Job | None:
        """The job that runs or is paused."""
        return next((job for job in self.jobs.values() if job.state in ("running", "paused")), None)

    @property
    def queued(self) -> list[Job]:
        """The jobs that wait, in order."""
        return [job for job in self.jobs.values() if job.state == "queued"]

    @property
    def is_busy(self) -> bool:
        """Whether a job runs or waits."""
        return self.job is not None or bool(self.queued)

    def fold(self, event: Event) -> None:
        """Takes an event in."""
        self.revision += 1
        match event:
            case ModelLoading() | ModelLoaded() | ModelFailed():
                self.model = event
            case Heartbeat():
                self.heartbeat = event
            case ImportancePlanned():
                self.planned = event
            case ItemsScored():
                if self.scored is None or self.scored.ability != event.ability:
                    self.scoring_started = time.monotonic()
                self.scored = event
            case RunsFound():
                self.found = event
            case RunStarted():
                self._start_run(event)
            case BatchFinished():
                if self.current is not None:
                    self.current.outcomes.extend(event.outcomes)
            case RunFinished():
                self._finish_run()
            case JobChanged():
                self._change_job(event.job)
            case TextWritten():
                place = (event.job, event.pane)
                self.texts[place] = self.texts.get(place, "") + event.text
            case TextEnded():
                self.ends[event.job, event.pane] = event
            case TextCompared():
                self.compared[event.job, event.pane] = event
            case EntryReplaced():
                self.notices.append(f"Computed anew: {event.problem}")
            case NotStored() | Refused():
                self.notices.append(event.problem)
            case Snapshot():
                self._restore(event)

    def lose(self, problem: str) -> None:
        """Takes in that the engine is gone, and with it the jobs that it was still to do."""
        self.revision += 1
        self.lost_jobs = self.unfinished_jobs()
        self.jobs = {job.id: job for job in self.jobs.values() if job.state in ENDED}
        self.link, self.link_problem = "lost", problem
        self.model = self.heartbeat = self.current = self.scored = self.planned = None

    def unfinished_jobs(self) -> list[Job]:
        """The jobs that the engine has still to do."""
        return [job for job in self.jobs.values() if job.state not in ENDED]

    def _start_run(self, event: RunStarted) -> None:
        run = Run(event.mask, event.benchmark, event.n)
        self.scored = self.planned = None
        self.current = self.runs[run] = LiveRun(run)

    def _finish_run(self) -> None:
        self.stored += 1
        if self.current is not None:
            self.current.finished = time.monotonic()
            self.current = None

    def _change_job(self, job: Job) -> None:
        before = self.jobs.get(job.id)
        self.jobs[job.id] = job
        if before is None:
            self._forget_texts(job.id)
        if job.state == "running" and (before is None or before.state == "queued"):
            self.scored = self.planned = self.found = None
            if job.kind == "runs":
                self.runs.clear()
        if before is not None and job.done > before.done:
            self.scored = self.planned = None  # what was scored was of the part that is done
        if job.state in ENDED:
            self.current = self.scored = self.planned = None
            self.stored += 1

    def _forget_texts(self, job: str) -> None:
        """A new engine counts its jobs from 1 again: what an earlier one wrote is of another job."""
        self.texts = {place: text for place, text in self.texts.items() if place[0] != job}
        self.ends = {place: end for place, end in self.ends.items() if place[0] != job}
        self.compared = {place: found for place, found in self.compared.items() if place[0] != job}

    def _restore(self, snapshot: Snapshot) -> None:
        """Takes over an engine's whole state, as after attaching to it."""
        self.link, self.link_problem = "connected", ""
        self.model = snapshot.model
        self.jobs = {job.id: job for job in snapshot.jobs}
        self.scored, self.planned = snapshot.scored, snapshot.planned
        self.texts.update({(text.job, text.pane): text.text for text in snapshot.texts})
        self.compared.update({(found.job, found.pane): found for found in snapshot.compared})
        self.stored += 1
        if snapshot.run is not None:
            self._start_run(snapshot.run)
            self.scored = snapshot.scored
            assert self.current is not None, "a run was just started"
            self.current.outcomes.extend(snapshot.outcomes)
