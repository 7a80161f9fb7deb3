"""What an engine is doing, folded from its events by the engine itself and by every screen. No torch."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from core.experiment.events import (
    ENDED,
    BatchFinished,
    Event,
    ImportancePlanned,
    ItemOutcome,
    ItemsScored,
    Job,
    JobChanged,
    ModelFailed,
    ModelLoaded,
    ModelLoading,
    Probing,
    PromptsSettled,
    QueueOrdered,
    RunFinished,
    RunStarted,
    Snapshot,
    TextCompared,
    TextWritten,
)
from core.experiment.specs import Run

ENDED_JOBS = 50
"""Number of ended jobs that are remembered."""

Pane = tuple[str, int]
"""A generation job's id, and the index of one of its answers."""


@dataclass
class LiveRun:
    """One mask on one benchmark that goes on, or has just ended."""

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
        """Estimated from the rate; None before there is one."""
        rate = self.rate
        return None if not rate else (self.run.n - len(self.outcomes)) / rate


class EngineState:
    """The engine's model and jobs, and how far the running job is."""

    def __init__(self) -> None:
        self.model: ModelLoading | ModelLoaded | ModelFailed | None = None
        self.probing: Probing | None = None
        self.settled: PromptsSettled | None = None
        self.jobs: dict[str, Job] = {}
        """Oldest first; of those that ended, the last."""
        self.current: LiveRun | None = None
        self.scored: ItemsScored | None = None
        """Progress of the importance that is computed or was last."""
        self.planned: ImportancePlanned | None = None
        """How it is computed."""
        self.texts: dict[Pane, str] = {}
        """What generation jobs wrote."""
        self.compared: dict[Pane, TextCompared] = {}
        """How ablated answers differ from their base answer."""
        self._writer = ""
        """The generation job that wrote last."""

    def fold(self, event: Event) -> None:
        """Takes an event in."""
        match event:
            case ModelLoading() | ModelLoaded() | ModelFailed():
                self.model, self.probing = event, None
            case Probing():
                self.probing = event
            case PromptsSettled():
                self.probing, self.settled = None, event
            case ImportancePlanned():
                self.planned = event
            case ItemsScored():
                self.scored = event
            case RunStarted():
                self._start_run(event)
            case BatchFinished():
                if self.current is not None:
                    self.current.outcomes.extend(event.outcomes)
            case RunFinished():
                self.current = None
            case TextWritten(job, pane, text):
                self._writer = job
                self.texts[job, pane] = self.texts.get((job, pane), "") + text
            case TextCompared(job, pane):
                self._writer = job
                self.compared[job, pane] = event
            case JobChanged(job):
                self._change_job(job)
            case QueueOrdered(jobs):
                moved = {job: self.jobs.pop(job) for job in jobs if job in self.jobs}
                self.jobs |= moved
            case Snapshot():
                self._restore(event)
            case _:
                pass

    def snapshot(self, engine: str, pid: int) -> Snapshot:
        """The state for a newly connected screen, with the engine's id and process."""
        current, scored, planned = self.current, self.scored, self.planned
        if scored is not None and scored.done >= scored.total:
            planned = None if planned is not None and planned.ability == scored.ability else planned
            scored = None
        texts = {key: text for key, text in self.texts.items() if key[0] == self._writer}
        compared = {key: found for key, found in self.compared.items() if key[0] == self._writer}
        return Snapshot(
            engine=engine,
            pid=pid,
            jobs=tuple(self.jobs.values()),
            model=self.model,
            run=None
            if current is None
            else RunStarted(current.run.mask, current.run.benchmark, current.run.n),
            outcomes=() if current is None else tuple(current.outcomes),
            texts=tuple(TextWritten(*pane, texts[pane]) for pane in sorted(texts)),
            scored=scored,
            planned=planned,
            probing=self.probing,
            settled=self.settled,
            compared=tuple(compared[pane] for pane in sorted(compared)),
        )

    def _start_run(self, event: RunStarted) -> None:
        self.scored = self.planned = None
        self.current = LiveRun(Run(event.mask, event.benchmark, event.n))

    def _change_job(self, job: Job) -> None:
        before = self.jobs.get(job.id)
        self.jobs[job.id] = job
        if before is None:
            self._forget_answers(job.id)  # a new engine counts its jobs from 1 again
        was_queued = before is not None and before.state == "queued"
        # A job that is done in another's pause leaves what is known of that one.
        is_in_pause = any(one.state == "paused" for one in self.jobs.values())
        if job.state == "running" and (before is None or was_queued) and not is_in_pause:
            self.scored = self.planned = None
        if before is not None and job.done > before.done:
            self.scored = self.planned = None  # the part that was scored for is done
        if job.state in ENDED and not was_queued and not is_in_pause:
            self.current = self.scored = self.planned = self.probing = None
        ended = [one.id for one in self.jobs.values() if one.state in ENDED]
        for forgotten in ended[:-ENDED_JOBS]:
            del self.jobs[forgotten]
            self._forget_answers(forgotten)

    def _forget_answers(self, job: str) -> None:
        self.texts = {pane: text for pane, text in self.texts.items() if pane[0] != job}
        self.compared = {pane: found for pane, found in self.compared.items() if pane[0] != job}

    def _restore(self, snapshot: Snapshot) -> None:
        """Takes over an engine's whole state, as after attaching to it."""
        self.model = snapshot.model
        self.probing, self.settled = snapshot.probing, snapshot.settled
        self.jobs = {job.id: job for job in snapshot.jobs}
        if snapshot.run is not None:
            self._start_run(snapshot.run)
        if self.current is not None:
            self.current.outcomes.extend(snapshot.outcomes)
        self.scored, self.planned = snapshot.scored, snapshot.planned
        self.texts |= {(text.job, text.pane): text.text for text in snapshot.texts}
        self.compared |= {(found.job, found.pane): found for found in snapshot.compared}
