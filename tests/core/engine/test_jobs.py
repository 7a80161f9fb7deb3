"""The parts of the engine that need no process: its queue, its state, its pace."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from core.engine.jobs import JobQueue
from core.engine.protocol import Start, StartGeneration, StartRuns
from core.engine.server import Pacer
from core.engine.state import ENDED_JOBS, EngineState
from core.run.events import (
    BatchFinished,
    Event,
    ItemOutcome,
    Job,
    JobChanged,
    JobState,
    QueueOrdered,
    RunFinished,
    RunStarted,
    TextCompared,
    TextWritten,
)
from core.run.specs import MaskSpec
from tests.progressed import progressed


def outcome(place: int) -> ItemOutcome:
    return ItemOutcome(place, 0, 0, True, (-0.5, -1.5))


def no(start: Start) -> bool:
    return False


def writes(start: Start) -> bool:
    return isinstance(start, StartGeneration)


def states_of(events: list[Event], title: str) -> list[JobState]:
    jobs = [event.job for event in events if isinstance(event, JobChanged)]
    return [job.state for job in jobs if job.title == title]


def test_a_paused_job_waits_between_layers_and_batches_until_it_is_resumed_or_cancelled() -> None:
    events: list[Event] = []
    queue = JobQueue("3f2a", events.append)
    waits: list[Callable[[], object]] = [partial(queue.hold, no), partial(queue.take_in_pause, no)]
    for release, wait in itertools.product((queue.resume, queue.cancel), waits):
        queue.add(StartRuns("title", ()))
        taken = queue.take()
        assert taken is not None
        job = taken[0].id
        assert wait() is None
        queue.pause(job)
        assert queue.is_paused
        asking = threading.Thread(target=wait)
        asking.start()
        with pytest.raises(ValueError, match="is paused, not running"):
            queue.pause(job)
        asking.join(timeout=0.05)
        assert asking.is_alive()
        release(job)
        asking.join(timeout=60)
        assert not asking.is_alive()
        assert not queue.is_paused
        assert queue.is_cancelled == (release == queue.cancel)
        queue.end("cancelled" if queue.is_cancelled else "completed")
    queue.close()
    assert queue.take() is None
    resumed, cancelled = (
        ["queued", "running", "paused", "running", "completed"],
        ["queued", "running", "paused"],
    )
    # Told to end, it is still paused: it ends when whoever works on it has noticed.
    cancelled += ["paused", "cancelled"]
    assert states_of(events, "title") == resumed * 2 + cancelled * 2
    told = [e.job for e in events if isinstance(e, JobChanged) and e.job.is_cancelling]
    assert [job.state for job in told] == ["paused", "paused"]
    with pytest.raises(ValueError, match="is ending"):
        queue.add(StartRuns("late", ()))


def test_in_the_pause_of_a_job_another_is_done_if_it_may_be() -> None:
    events: list[Event] = []
    queue = JobQueue("3f2a", events.append)
    queue.add(StartRuns("runs", ()))
    queue.add(StartRuns("more runs", ()))
    runs = queue.take()
    assert runs is not None
    queue.pause(runs[0].id)
    taken: list[Any] = []
    asking = threading.Thread(target=lambda: taken.append(queue.take_in_pause(writes)))
    asking.start()
    queue.add(StartGeneration("text", "prompt", (None,)))
    asking.join(timeout=60)
    assert taken[0][0].title == "text"
    assert not queue.is_paused  # the text is not
    assert not queue.is_cancelled
    queue.end("completed")
    assert queue.is_paused
    queue.cancel(runs[0].id)
    assert queue.take_in_pause(writes) is None
    queue.end("cancelled")
    again = queue.take()
    assert again is not None
    assert again[0].title == "more runs"
    assert states_of(events, "text") == ["queued", "running", "completed"]
    assert states_of(events, "runs") == ["queued", "running", "paused", "paused", "cancelled"]


def test_waiting_jobs_change_places_and_the_running_one_stays() -> None:
    events: list[Event] = []
    queue = JobQueue("3f2a", events.append)
    for title in "abcd":
        queue.add(StartRuns(title, ()))
    assert queue.take() is not None

    def order() -> list[str]:
        ordered = [event.jobs for event in events if isinstance(event, QueueOrdered)]
        return [job.removeprefix("3f2a-") for job in ordered[-1]]

    for job, step, expected in (("4", -1, "1243"), ("2", 5, "1432"), ("2", -9, "1243"), ("4", 0, "1243")):
        queue.move(f"3f2a-{job}", step)
        assert order() == list(expected)
    with pytest.raises(ValueError, match="only jobs that wait can be moved"):
        queue.move("3f2a-1", 1)
    with pytest.raises(ValueError, match="no job '3f2a-9'"):
        queue.move("3f2a-9", 1)
    state = EngineState()
    for event in events:
        state.fold(event)
    assert [job.title for job in state.snapshot("3f2a", 1).jobs] == ["a", "b", "d", "c"]
    queue.end("completed")
    following = queue.take()
    assert following is not None
    assert following[0].title == "b"


def test_a_closed_queue_cancels_what_waits_and_what_runs() -> None:
    events: list[Event] = []
    queue = JobQueue("3f2a", events.append)
    for title in ("runs", "waits"):
        queue.add(StartRuns(title, ()))
    assert queue.take() is not None
    queue.close()
    assert queue.is_cancelled
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
    scoring = progressed("scoring", "a", 3, 9)
    state.fold(scoring)
    assert state.snapshot("3f2a", 1).progress == (scoring,)
    assert state.is_scoring
    state.fold(run)
    state.fold(BatchFinished((outcome(2),)))
    state.fold(BatchFinished((outcome(0), outcome(1))))
    change(state, "3f2a-2", "cancelled")
    snapshot = state.snapshot("3f2a", 1)
    assert snapshot.run == run
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


def test_runs_of_several_workers_go_on_beside_each_other() -> None:
    state, other = EngineState(), EngineState()
    runs = [RunStarted(None, "b", 4, worker=1), RunStarted(MaskSpec("a", "mlp", "random", 0.1), "b", 4)]
    for event in (*runs, BatchFinished((outcome(0),), worker=1), BatchFinished((outcome(2), outcome(1)))):
        state.fold(event)
    assert {worker: len(live.outcomes) for worker, live in state.live.items()} == {1: 1, 0: 2}
    assert state.current is state.live[1], "the oldest"
    other.fold(state.snapshot("3f2a", 1))
    assert other.live == state.live
    state.fold(RunFinished("base", "b", 0.5, 1, 2, worker=1))
    assert list(state.live) == [0]
    # A worker who died leaves its run to another.
    state.fold(RunStarted(MaskSpec("a", "mlp", "random", 0.1), "b", 4, worker=1))
    assert list(state.live) == [1]
