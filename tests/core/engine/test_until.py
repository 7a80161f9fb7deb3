"""Jobs whose runs stop when it is known: they do what a profile does, and go on where they were cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from core.analysis.rounds import run_profile
from core.benchmarks import drawn
from core.benchmarks.drawn import Part
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import StartRuns, command_of, encode, event_of
from core.engine.state import EngineState
from core.models.spec import ModelSpec
from core.run.events import (
    CellsSettled,
    Event,
    JobChanged,
    JobState,
    Progressed,
    RunFinished,
    RunStarted,
    Snapshot,
)
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.specs import MaskSpec, Run
from tests.core.engine.own_worker import Engine
from tests.core.engine.test_cancel_and_pause import TEXT, cancel_running, running

N = 24
PART = Part(seed=0, of=N)
WRECKING_K = 0.6


def asked(ability: str) -> StartRuns:
    """The intact model on an ability's own benchmark, a mask that changes nothing, and one that wrecks it."""
    masks = (None, *(MaskSpec(ability, "mlp", "random", k) for k in (0.0001, WRECKING_K)))
    return StartRuns("until", tuple(Run(mask, ability, N, PART) for mask in masks), 0.05)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "STEP", 8)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with running(tmp_path_factory.mktemp("cache")) as engine:
        yield engine


@pytest.fixture(autouse=True)
def unheard(engine: Engine) -> None:
    engine.events.clear()
    engine.on_event = lambda event: None


def items_by_k(events: Iterable[Event]) -> dict[float, int]:
    """How many items were answered under each mask."""
    items: dict[float, int] = {}
    for event in events:
        if isinstance(event, RunStarted) and event.mask is not None:
            items[event.mask.k] = items.get(event.mask.k, 0) + event.n
    return items


def computed(events: Iterable[Event]) -> list[RunFinished]:
    return [event for event in events if isinstance(event, RunFinished)]


def test_runs_stop_when_it_is_known(engine: Engine) -> None:
    job = engine.do(asked("spatial_reasoning"))
    assert (job.state, job.done, job.total, job.until) == ("completed", 3, 3, 0.05)
    started = [event for event in engine.events if isinstance(event, RunStarted)]
    base = [(e.mask, e.n, e.part) for e in started[:3]]
    assert base == [(None, 8, Part(0, N, start)) for start in (0, 8, 16)]
    items = items_by_k(engine.events)
    assert items[WRECKING_K] < items[0.0001] == N
    rounds = [event for event in engine.events if isinstance(event, CellsSettled)]
    assert rounds[-1] == CellsSettled(N, 2, 2)
    # What its time left is of: the intact model, the first part of both masks, and at most the rest.
    progress = [e for e in engine.events if isinstance(e, Progressed) and e.phase == "evaluating"]
    assert progress[0].of == 3 + 2 + 1


@pytest.mark.slow
def test_a_profile_of_the_same_cells_finds_all_that_it_needs(engine: Engine) -> None:
    ability = "deductive_reasoning"
    engine.do(asked(ability))
    benchmarks, ks = find_benchmarks([ability]), (0.0001, WRECKING_K)
    plan = Plan((ability,), ("mlp",), ("random",), ks, benchmarks, limit=N, until=0.05)
    events: list[Event] = []
    profile = run_profile(plan, Runner(ModelSpec(), engine.runner.store, emit=events.append))
    assert profile is not None
    assert not computed(events)
    assert {cell["k"]: cell["n"] for cell in profile.cells.to_dicts()} == items_by_k(engine.events)


def test_a_cancelled_job_keeps_its_parts_and_goes_on(engine: Engine) -> None:
    def cancel_under_a_mask(event: Event) -> None:
        if isinstance(event, RunFinished) and event.mask != "base":
            engine.on_event = lambda event: None
            cancel_running(engine)

    engine.on_event = cancel_under_a_mask
    first = engine.do(asked("temporal_reasoning"))
    assert first.state == "cancelled"
    assert len(computed(engine.events)) == 3 + 1
    assert engine.do(asked("temporal_reasoning")).state == "completed"
    assert len(computed(engine.events)) == 3 + sum(items_by_k(engine.events).values()) // 8


def test_text_is_written_in_its_pause(engine: Engine) -> None:
    changes: list[tuple[str, JobState]] = []

    def step_in(event: Event) -> None:
        if isinstance(event, JobChanged):
            changes.append((event.job.title, event.job.state))
            if changes[-1] == ("text", "completed"):
                engine.queue.resume(engine.queue._taken[0].job.id)
        if isinstance(event, RunStarted) and event.mask is not None and ("text", "queued") not in changes:
            engine.queue.pause(engine.queue._taken[0].job.id)
            engine.queue.add(TEXT)

    engine.on_event = step_in
    job = engine.do(asked("inductive_reasoning"), jobs=2)
    assert (job.title, job.state, job.done) == ("until", "completed", 3)
    assert changes.index(("text", "completed")) < changes.index(("until", "completed"))


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        (StartRuns("no order", (Run(None, "spatial_reasoning", N),), 0.05), "says no order of its items"),
        (StartRuns("too much", asked("spatial_reasoning").runs, 1.5), "give one between 0 and 1"),
    ],
)
def test_a_job_that_cannot_stop_says_so(engine: Engine, start: StartRuns, problem: str) -> None:
    job = engine.do(start)
    assert job.state == "failed"
    assert problem in job.problem


def test_the_part_that_runs_is_in_a_snapshot() -> None:
    start = asked("spatial_reasoning")
    mask, part = start.runs[1].mask, Part(0, N, 8)
    state, started = EngineState(), RunStarted(mask, "spatial_reasoning", 8, part)
    state.fold(started)
    assert state.current is not None
    assert state.current.run == Run(mask, "spatial_reasoning", 8, part)
    assert state.current.run.is_within(start.runs[1])
    assert not state.current.run.is_within(start.runs[0])
    sent = event_of(encode(state.snapshot("abcd", 1)))
    assert isinstance(sent, Snapshot)
    assert sent.run == started
    assert command_of(encode(start)) == start
