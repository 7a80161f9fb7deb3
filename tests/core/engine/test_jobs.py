"""The parts of the engine that need no process: its queue, its state, its pace."""

from __future__ import annotations

import asyncio
import threading

import pytest

from core.engine.jobs import JobQueue
from core.engine.protocol import StartRuns
from core.engine.server import Pacer
from core.engine.state import ENDED_JOBS, EngineState
from core.experiment.events import (
    BatchFinished,
    Event,
    ItemOutcome,
    ItemsScored,
    Job,
    JobChanged,
    JobState,
    RunFinished,
    RunStarted,
    TextCompared,
    TextWritten,
)


def outcome(place: int) -> ItemOutcome:
    return ItemOutcome(place, 0, 0, True, (-0.5, -1.5))


def test_a_paused_job_waits_at_its_next_checkpoint_until_it_is_resumed_or_cancelled() -> None:
    events: list[Event] = []
    queue = JobQueue("3f2a", events.append)
    for release in (queue.resume, queue.cancel):
        queue.add(StartRuns("title", ()))
        taken = queue.take()
        assert taken is not None
        job = taken[0].id
        assert queue.checkpoint() is False
        queue.pause(job)
        answers: list[bool] = []
        asking = threading.Thread(target=lambda to=answers: to.append(queue.checkpoint()))
        asking.start()
        with pytest.raises(ValueError, match="is paused, not running"):
            queue.pause(job)
        assert answers == []
        release(job)
        asking.join(timeout=60)
        assert answers == [release == queue.cancel]
        queue.end("completed")
    queue.close()
    assert queue.take() is None
    states = [event.job.state for event in events if isinstance(event, JobChanged)]
    assert states == [
        *("queued", "running", "paused", "running", "completed"),
        *("queued", "running", "paused", "completed"),
    ]
    with pytest.raises(ValueError, match="is ending"):
        queue.add(StartRuns("late", ()))


def test_a_closed_queue_cancels_what_waits_and_what_runs() -> None:
    events: list[Event] = []
    queue = JobQueue("3f2a", events.append)
    for title in ("runs", "waits"):
        queue.add(StartRuns(title, ()))
    assert queue.take() is not None
    queue.close()
    assert queue.checkpoint() is True
    queue.end("cancelled")
    last = {event.job.title: event.job.state for event in events if isinstance(event, JobChanged)}
    assert last == {"runs": "cancelled", "waits": "cancelled"}
    assert queue.is_empty


def change(state: EngineState, job: str, job_state: JobState) -> None:
    state.fold(JobChanged(Job(job, "runs", "title", job_state)))


def test_a_snapshot_has_what_goes_on_and_only_that() -> None:
    state = EngineState()
    run = RunStarted(None, "b", 4)
    change(state, "3f2a-1", "running")
    change(state, "3f2a-2", "queued")
    state.fold(ItemsScored("a", 3, 9))
    assert state.snapshot("3f2a", 1).scored == ItemsScored("a", 3, 9)
    state.fold(run)
    state.fold(BatchFinished((outcome(2),)))
    state.fold(BatchFinished((outcome(0), outcome(1))))
    change(state, "3f2a-2", "cancelled")
    snapshot = state.snapshot("3f2a", 1)
    assert (snapshot.run, snapshot.scored) == (run, None)
    assert snapshot.outcomes == (outcome(2), outcome(0), outcome(1))
    state.fold(RunFinished("base", "b", 0.5, 1, 2))
    assert (state.snapshot("3f2a", 1).run, state.snapshot("3f2a", 1).outcomes) == (None, ())
    state.fold(run)
    change(state, "3f2a-1", "failed")
    assert state.snapshot("3f2a", 1).run is None
    for job, pane, text in (("g", 0, "a"), ("g", 1, "b"), ("g", 0, "c")):
        state.fold(TextWritten(job, pane, text))
    assert state.snapshot("3f2a", 1).texts == (TextWritten("g", 0, "ac"), TextWritten("g", 1, "b"))
    compared = TextCompared("g", 1, None, (5,), (5,), (-1.0,), (-1.0,))
    state.fold(compared)
    assert state.snapshot("3f2a", 1).compared == (compared,)
    state.fold(TextWritten("h", 0, "d"))
    assert state.snapshot("3f2a", 1).texts == (TextWritten("h", 0, "d"),)
    assert state.snapshot("3f2a", 1).compared == ()


def test_old_jobs_are_forgotten_but_none_that_has_not_ended() -> None:
    state = EngineState()
    change(state, "waiting", "queued")
    for number in range(ENDED_JOBS + 5):
        change(state, f"job-{number}", "running")
        change(state, f"job-{number}", "completed")
    kept = [job.id for job in state.snapshot("3f2a", 1).jobs]
    assert kept == ["waiting", *(f"job-{number}" for number in range(5, ENDED_JOBS + 5))]


def test_what_comes_fast_is_reported_together_in_order_and_whole() -> None:
    async def emit() -> list[Event]:
        events: list[Event] = []
        pacer = Pacer(asyncio.get_running_loop(), events.append)
        for place in range(5):
            pacer.emit(BatchFinished((outcome(place),)))
        pacer.emit(RunFinished("base", "b", 0.5, 1, 1))
        for text in "abc":
            pacer.emit(TextWritten("g", 0, text))
        pacer.emit(TextWritten("g", 1, "d"))
        deadline = asyncio.get_running_loop().time() + 10
        while events[-1] != TextWritten("g", 1, "d"):
            assert asyncio.get_running_loop().time() < deadline, events
            await asyncio.sleep(0)
        return events

    assert asyncio.run(emit()) == [
        BatchFinished((outcome(0),)),
        BatchFinished(tuple(outcome(place) for place in (1, 2, 3, 4))),
        RunFinished("base", "b", 0.5, 1, 1),
        TextWritten("g", 0, "abc"),
        TextWritten("g", 1, "d"),
    ]
