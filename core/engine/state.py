"""What an engine is doing, folded from its events by the engine itself and by every screen. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.run.events import (
    ENDED,
    AnswerWritten,
    BatchFinished,
    Event,
    ImportancePlanned,
    ItemOutcome,
    Job,
    JobChanged,
    ModelFailed,
    ModelLoaded,
    ModelLoading,
    Probing,
    Progressed,
    PromptsSettled,
    QueueOrdered,
    RunFinished,
    RunStarted,
    Snapshot,
    TextCompared,
    TextWritten,
)
from core.run.pace import SCORING
from core.run.specs import Run

ENDED_JOBS = 50
"""Number of ended jobs that are remembered."""

Pane = tuple[str, int]
"""A generation job's id, and the index of one of its answers."""


@dataclass
class LiveRun:
    """One mask on one benchmark that goes on, or has just ended."""

    run: Run
    worker: int = 0
    """Number of the worker that does it."""
    outcomes: list[ItemOutcome] = field(default_factory=list)
    """In the order in which they came: longest items first."""


class EngineState:
    """The engine's model and jobs, and how far the running job is."""

    def __init__(self) -> None:
        self.model: ModelLoading | ModelLoaded | ModelFailed | None = None
        self.probing: Probing | None = None
        self.settled: PromptsSettled | None = None
        self.jobs: dict[str, Job] = {}
        """The last that ended, then the others in the order in which they are taken."""
        self.live: dict[int, LiveRun] = {}
        """The run of each worker that does one, the oldest first; without Ray there is one worker."""
        self.answer: AnswerWritten | None = None
        """The text so far of an answer that the current run asks for."""
        self.texts: dict[Pane, str] = {}
        """What generation jobs wrote."""
        self.compared: dict[Pane, TextCompared] = {}
        """How ablated answers differ from their base answer."""
        self._progress: dict[str, Progressed] = {}
        """How far the jobs are that have not ended, by their ids."""
        self._planned: ImportancePlanned | None = None
        self._writer = ""
        """The generation job that wrote last."""

    @property
    def job(self) -> Job | None:
        """The job that runs, else the one that is paused."""
        for state in ("running", "paused"):
            for job in self.jobs.values():
                if job.state == state:
                    return job
        return None

    @property
    def current(self) -> LiveRun | None:
        """The run that goes on; of several the oldest."""
        return next(iter(self.live.values()), None)

    @property
    def progress(self) -> Progressed | None:
        """How far the job is that runs or is paused; None before it says so."""
        return None if self.job is None else self._progress.get(self.job.id)

    @property
    def is_scoring(self) -> bool:
        """Whether importance is being computed."""
        return self.progress is not None and self.progress.phase in SCORING

    @property
    def planned(self) -> ImportancePlanned | None:
        """How importance is computed; None while none is."""
        planned, progress = self._planned, self.progress
        is_its = planned is not None and progress is not None and progress.about == planned.ability
        return planned if is_its and self.is_scoring else None

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
                self._planned = event
            case Progressed():
                self._progress[event.job] = event
            case RunStarted():
                self._start_run(event)
            case BatchFinished(outcomes, worker):
                if worker in self.live:
                    self.live[worker].outcomes.extend(outcomes)
            case AnswerWritten():
                is_same = self.answer is not None and self.answer.index == event.index
                self.answer = joined_answer(self.answer, event) if self.answer and is_same else event
            case RunFinished():
                self.live.pop(event.worker, None)
                self.answer = None
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
        current = self.current
        texts = {key: text for key, text in self.texts.items() if key[0] == self._writer}
        compared = {key: found for key, found in self.compared.items() if key[0] == self._writer}
        beside = tuple((_started(one), tuple(one.outcomes)) for one in self.live.values())[1:]
        return Snapshot(
            engine=engine,
            pid=pid,
            jobs=tuple(self.jobs.values()),
            model=self.model,
            run=None if current is None else _started(current),
            outcomes=() if current is None else tuple(current.outcomes),
            texts=tuple(TextWritten(*pane, texts[pane]) for pane in sorted(texts)),
            probing=self.probing,
            settled=self.settled,
            progress=tuple(self._progress.values()),
            planned=self.planned,
            answer=self.answer,
            compared=tuple(compared[pane] for pane in sorted(compared)),
            beside=beside,
        )

    def _start_run(self, event: RunStarted) -> None:
        started = LiveRun(Run(event.mask, event.benchmark, event.n, event.part), event.worker)
        # A run that is there already is that of a worker who died.
        left = {worker: one for worker, one in self.live.items() if one.run != started.run}
        self.live, self.answer = left | {event.worker: started}, None

    def _change_job(self, job: Job) -> None:
        before = self.jobs.get(job.id)
        if before is None:
            self._forget_answers(job.id)  # a new engine counts its jobs from 1 again
        self.jobs[job.id] = job
        if job.state in ENDED:
            self._progress.pop(job.id, None)
            was_queued = before is not None and before.state == "queued"
            if not was_queued:
                self.probing = None
            if job.kind == "runs" and not was_queued:
                self.live, self.answer = {}, None
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
        own = () if snapshot.run is None else ((snapshot.run, snapshot.outcomes),)
        for started, outcomes in (*own, *snapshot.beside):
            self._start_run(started)
            self.live[started.worker].outcomes.extend(outcomes)
        self.answer, self._planned = snapshot.answer, snapshot.planned
        self._progress = {progress.job: progress for progress in snapshot.progress}
        self.texts |= {(text.job, text.pane): text.text for text in snapshot.texts}
        self.compared |= {(found.job, found.pane): found for found in snapshot.compared}


def _started(one: LiveRun) -> RunStarted:
    """The event with which a run started."""
    run = one.run
    return RunStarted(run.mask, run.benchmark, run.n, run.part, one.worker)


def joined_answer(first: AnswerWritten, second: AnswerWritten) -> AnswerWritten:
    """One event in place of two about the same answer."""
    return AnswerWritten(first.index, first.text + second.text)
