"""In which order workers take units, and what a plan takes on many of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cache.folder import Store
from core.abilities import ABILITIES
from core.benchmarks.registry import find_benchmarks
from core.cluster.estimates import critical_path, timing_of
from core.cluster.ray_options import Machine, sizes
from core.cluster.schedule import Schedule
from core.cluster.units import INTACT, Unit, every_unit, needs_of
from core.cluster.work import Survey
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.plan import Plan
from core.run.specs import ImportanceSpec
from tests.performance import ray as performance

IDS = tuple(ability.id for ability in ABILITIES)
PLAN = Plan(
    abilities=IDS[:2],
    variants=("mlp",),
    selections=("top", "contrast", "random"),
    ks=(0.003, 0.03),
    benchmarks=find_benchmarks(IDS[:1]),
    limit=2,
)


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(ModelSpec(device="cpu"), Store(tmp_path), ImportanceSpec(n_items=3))


def taken(schedule: Schedule) -> Iterator[Unit]:
    while unit := schedule.take():
        yield unit


def test_no_unit_comes_before_those_that_it_needs(experiment: Experiment) -> None:
    schedule = Schedule(Survey(PLAN, experiment), experiment)
    done: list[Unit] = []
    while not schedule.is_done():
        unit = schedule.take()
        assert unit is not None
        assert {*needs_of(unit, PLAN, experiment)} <= {*done}
        schedule.finish(unit)
        done.append(unit)
    assert sorted(map(str, done)) == sorted(map(str, every_unit(PLAN, experiment)))


def test_contrasts_wait_for_all_abilities_and_come_one_of_each_ranking(experiment: Experiment) -> None:
    schedule = Schedule(Survey(PLAN, experiment), experiment)
    first = list(taken(schedule))
    assert {unit for unit in first if unit.ability} == {Unit(ability) for ability in IDS}
    assert INTACT in first
    assert [unit.mask.selection for unit in first if unit.mask] == ["random"] * 4
    for unit in first:
        if unit.ability:
            schedule.finish(unit)
    masks = [schedule.take() for _ in range(6)]
    contrasts = [unit.mask for unit in masks if unit and unit.mask and unit.mask.selection == "contrast"]
    assert [mask.ability for mask in contrasts] == list(IDS[:2])
    assert schedule.waiting  # the second k of each, which a worker takes rather than nothing
    assert schedule.take() is not None


def test_what_a_worker_gives_back_comes_next(experiment: Experiment) -> None:
    schedule = Schedule(Survey(PLAN, experiment), experiment)
    first, second = schedule.take(), schedule.take()
    assert first is not None
    assert second is not None
    schedule.give_back(second)
    assert schedule.take() == second
    assert not schedule.is_done()


def test_the_critical_path_is_an_ability_and_a_mask(experiment: Experiment) -> None:
    survey, timing = Survey(PLAN, experiment), timing_of(experiment)
    path = critical_path(survey, experiment, timing)
    scoring, mask = path.units
    assert scoring.kind == "scoring"
    assert mask.mask is not None
    assert mask.mask.selection == "contrast"  # which is ranked as well
    seconds = {one.unit: timing.seconds(one.lacking) for one in survey.every}
    assert path.seconds == pytest.approx(seconds[scoring] + seconds[mask])
    assert path.seconds == pytest.approx(
        max(seconds[Unit(one)] for one in IDS) + max(seconds[one.unit] for one in survey.masks)
    )


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8, 64])
def test_a_whole_profile_of_llama_keeps_many_gpus_busy(workers: int, tmp_path: Path) -> None:
    llama = performance.llama(tmp_path)
    survey, timing = Survey(performance.LLAMA, llama), timing_of(llama, "h100")
    seconds = {one.unit: timing.seconds(one.lacking) for one in survey.every}
    assert len(seconds) == 10 + 1 + 480
    bound = max(critical_path(survey, llama, timing).seconds, sum(seconds.values()) / workers)
    assert bound <= performance.makespan(survey, llama, seconds, workers) <= 1.1 * bound


@pytest.mark.parametrize(
    ("machines", "asked", "on_gpu", "expected"),
    [
        ([(8, 0)], (None, None), False, (1, 8)),
        ([(0, 0), (8, 0), (6, 0)], (None, None), False, (2, 6)),  # a head that does no work
        ([(8, 0), (8, 0)], (1, None), False, (1, 8)),  # no more than one machine has
        ([(8, 0), (8, 0)], (3, None), False, (3, 4)),
        ([(32, 4), (16, 2), (64, 0)], (None, None), True, (6, 8)),
        ([(32, 4)], (2, None), True, (2, 16)),
        ([(4, 0)], (2, 3), False, (2, 3)),
        ([(2, 0)], (5, None), False, (5, 1)),
    ],
)
def test_workers_take_what_the_machines_have(
    machines: list[tuple[int, int]],
    asked: tuple[int | None, int | None],
    on_gpu: bool,
    expected: tuple[int, int],
) -> None:
    assert sizes([Machine(*one) for one in machines], *asked, on_gpu) == expected
