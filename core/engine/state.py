"""What a newly connected screen has to know, folded from the events as they are told."""

from __future__ import annotations

import msgspec

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
    RunFinished,
    RunStarted,
    Snapshot,
    TextCompared,
    TextWritten,
)

ENDED_JOBS = 50
"""So many of the jobs that ended are remembered."""


class State:
    """The engine's state, as far as its events say it."""

    def __init__(self, engine: str, pid: int) -> None:
        self._engine, self._pid = engine, pid
        self._jobs: dict[str, Job] = {}
        self._model: ModelLoading | ModelLoaded | ModelFailed | None = None
        self._run: RunStarted | None = None
        self._outcomes: list[ItemOutcome] = []
        self._texts: dict[int, TextWritten] = {}
        self._compared: dict[int, TextCompared] = {}
        self._writer = ""
        """The generation job that the texts and what is known of them are of."""
        self._scored: ItemsScored | None = None
        self._planned: ImportancePlanned | None = None

    def snapshot(self) -> Snapshot:
        """All of it."""
        return Snapshot(
            engine=self._engine,
            pid=self._pid,
            jobs=tuple(self._jobs.values()),
            model=self._model,
            run=self._run,
            outcomes=tuple(self._outcomes),
            texts=tuple(self._texts[pane] for pane in sorted(self._texts)),
            scored=self._scored,
            planned=self._planned,
            compared=tuple(self._compared[pane] for pane in sorted(self._compared)),
        )

    def take(self, event: Event) -> None:
        """Takes one event in."""
        match event:
            case ModelLoading() | ModelLoaded() | ModelFailed():
                self._model = event
            case RunStarted():
                self._begin(event)
            case RunFinished():
                self._begin(None)
            case BatchFinished():
                self._outcomes.extend(event.outcomes)
            case ImportancePlanned():
                self._planned = event
            case ItemsScored():
                self._score(event)
            case TextWritten():
                self._write(event)
            case TextCompared():
                self._take_writer(event.job)
                self._compared[event.pane] = event
            case JobChanged():
                self._change(event.job)
            case _:
                pass

    def _begin(self, run: RunStarted | None) -> None:
        self._run, self._outcomes = run, []
        self._scored = self._planned = None

    def _score(self, event: ItemsScored) -> None:
        if event.done < event.total:
            self._scored = event
        else:
            self._scored = self._planned = None

    def _write(self, event: TextWritten) -> None:
        self._take_writer(event.job)
        before = self._texts.get(event.pane)
        text = event.text if before is None else before.text + event.text
        self._texts[event.pane] = msgspec.structs.replace(event, text=text)

    def _take_writer(self, job: str) -> None:
        if job != self._writer:
            self._writer, self._texts, self._compared = job, {}, {}

    def _change(self, job: Job) -> None:
        before = self._jobs.get(job.id)
        if job.state in ENDED and before is not None and before.state != "queued":
            self._begin(None)
        self._jobs[job.id] = job
        ended = [one.id for one in self._jobs.values() if one.state in ENDED]
        for forgotten in ended[:-ENDED_JOBS]:
            del self._jobs[forgotten]
