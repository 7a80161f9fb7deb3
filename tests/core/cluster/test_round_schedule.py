"""Parts of runs that stop when it is known, on several workers: those of one process, fewest items first."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from cache.folder import Store
from core.analysis.rounds import Rounds, run_rounds
from core.benchmarks.drawn import drawn
from core.cluster.round_schedule import RoundSchedule
from core.cluster.units import Unit
from core.models.spec import ModelSpec
from core.run.events import CellsSettled, Event
from core.run.experiment import Experiment
from core.run.items import ensure_items
from core.run.runner import Runner
from core.run.specs import MaskSpec
from tests.core.analysis.stopped_runs import DRAWN, LOST, UNTIL, N, store
from tests.core.benchmarks.test_written_evaluation import short

RIGHT = {0.01: 0.2, 0.02: 0.93, 0.03: 0.9, 0.04: 0.5, 0.05: 0.94}
"""The share that is right under the mask of each k."""

CELLS = [(MaskSpec(LOST, "mlp", "random", k), 0) for k in RIGHT]


def runner_of(root: Path, heard: list[Event] | None = None) -> Runner:
    emit = (lambda event: None) if heard is None else heard.append
    return Runner(ModelSpec(device="cpu"), Store(root), emit=emit)


def rounds_of(runner: Runner) -> Rounds:
    return Rounds(runner, [DRAWN], CELLS, UNTIL)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """A cache with all parts of all cells."""
    experiment = Experiment(ModelSpec(device="cpu"), Store(tmp_path_factory.mktemp("known")))
    items = pl.read_parquet(ensure_items(experiment, DRAWN, N))
    store(experiment, DRAWN, None, items, 0.95)
    for mask, _ in CELLS:
        store(experiment, DRAWN, mask, items, RIGHT[mask.k])
    return experiment


@dataclass
class Workers:
    """Made-up workers: what they do is copied from a cache that has it all."""

    known: Experiment
    runner: Runner
    n: int
    order: random.Random = field(default_factory=lambda: random.Random(0))
    done: list[Unit] = field(default_factory=list)
    advanced: list[int] = field(default_factory=list)

    def schedule(self) -> RoundSchedule:
        return RoundSchedule(self.runner, rounds_of(self.runner), self.advanced.append)

    def work(self, most: int = 999) -> RoundSchedule:
        """Does units, several at once, which end in any order, until none is left or so many are done."""
        schedule, going = self.schedule(), list[Unit]()
        while not schedule.is_done() and len(self.done) < most:
            while len(going) < self.n and (unit := schedule.take()):
                waits = [one.part for one in schedule.waiting if one.mask and unit.mask]
                assert unit.part <= min(waits, default=unit.part)
                going.append(unit)
            self.do(going.pop(self.order.randrange(len(going))), schedule)
        return schedule

    def do(self, unit: Unit, schedule: RoundSchedule) -> None:
        for request in schedule.asked_of(unit).requests(self.runner, unit.mask):
            frame = self.known.store.outcomes.load(request.key)
            assert frame is not None
            self.runner.store.outcomes.save_frame(request.key, request.key_inputs, frame)
        schedule.finish(unit)
        self.done.append(unit)


def stored(runner: Runner) -> set[str]:
    return set(runner.store.outcomes.entries.stored_keys())


def by_one_process(known: Experiment, root: Path) -> tuple[set[str], list[CellsSettled]]:
    """What one process needs, round by round, of what is known; and what it says of each round."""
    rounds, keys, heard = rounds_of(runner_of(root)), set[str](), list[CellsSettled]()
    while requests := rounds.requests():
        keys |= {one.key for one in requests}
        found = known.store.outcomes.load_many([one.key for one in requests]).frames
        if (settled := rounds.take(found)) is not None:
            heard.append(settled)
    return keys, heard


@pytest.mark.parametrize("n", [1, 3, 8])
def test_workers_do_what_one_process_needs_and_nothing_else(
    n: int, known: Experiment, tmp_path: Path
) -> None:
    keys, said = by_one_process(known, tmp_path)
    heard: list[Event] = []
    workers = Workers(known, runner_of(tmp_path, heard), n)
    schedule = workers.work()
    assert stored(workers.runner) == keys
    assert workers.advanced == sorted(workers.advanced)
    assert workers.advanced[-1] == 1 + len(CELLS)
    settled = [event for event in heard if isinstance(event, CellsSettled)]
    assert settled[-1] == said[-1] == CellsSettled(N, len(CELLS), len(CELLS))
    assert [event.n for event in settled] == sorted({event.n for event in settled})
    assert (schedule.works, sum(schedule.later.values())) == ({}, 0)


def test_what_is_stored_is_not_done_again(known: Experiment, tmp_path: Path) -> None:
    whole = Workers(known, runner_of(tmp_path / "whole"), 2)
    whole.work()
    first = Workers(known, runner_of(tmp_path / "broken off"), 2)
    first.work(most=6)
    second = Workers(known, runner_of(tmp_path / "broken off"), 2)
    second.work()
    assert len(first.done) + len(second.done) == len(whole.done)
    assert stored(second.runner) == stored(whole.runner)
    third = Workers(known, runner_of(tmp_path / "broken off"), 2)
    assert third.schedule().is_done()
    assert third.advanced == [1 + len(CELLS)]
    run_rounds(third.runner, rounds_of(third.runner), with_controls=False)
    assert "loaded" not in vars(third.runner), "one process finds all that it needs"


def test_what_is_lost_again_and_again_is_said(known: Experiment, tmp_path: Path) -> None:
    schedule = Workers(known, runner_of(tmp_path), 1).schedule()

    def finish_all() -> None:
        while unit := schedule.take():
            schedule.finish(unit)

    with pytest.raises(ValueError, match="loses what is stored in it: 1 runs"):
        finish_all()


def test_time_left_is_of_all_that_may_come(known: Experiment, tmp_path: Path) -> None:
    workers = Workers(known, runner_of(tmp_path), 1)
    schedule = workers.schedule()
    assert sum(work["evaluating", LOST] for work in schedule.works.values()) == N + len(CELLS) * 32
    assert schedule.later == {("evaluating", LOST): len(CELLS) * (N - 32)}


def test_written_answers_wait_for_those_that_they_are_compared_with(tmp_path: Path) -> None:
    runner, written = runner_of(tmp_path), drawn(short("gsm8k"), 40, 0)
    schedule = RoundSchedule(runner, Rounds(runner, [written], CELLS[:1], UNTIL), lambda done: None)
    first = [schedule.take(), schedule.take()]
    assert first == [Unit(part=1), Unit(part=2)]
    assert schedule.take() is None, "the mask waits for the intact model's first part"
    assert [run.mask for run in schedule.asked_of(schedule.waiting[0]).runs] == [None, CELLS[0][0]]
    schedule.finish(Unit(part=1))
    assert schedule.take() == Unit(mask=CELLS[0][0], part=1)
