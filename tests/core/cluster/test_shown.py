"""Events of several workers are shown as those of one job."""

from __future__ import annotations

from pathlib import Path

from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.cluster.shown import Shown
from core.cluster.units import INTACT, Unit
from core.cluster.work import Survey
from core.models.spec import ModelSpec
from core.run.asked import AskedRun, AskedRuns
from core.run.events import BatchFinished, Event, Progressed, RunFinished, RunsFound, RunStarted
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec

ID = "spatial_reasoning"
FIRST, SECOND, THIRD = (MaskSpec(ID, "mlp", "random", k) for k in (0.01, 0.02, 0.03))


def test_events_say_whose_they_are_and_phases_are_those_of_one(tmp_path: Path) -> None:
    (benchmark,) = find_benchmarks([ID])
    asked = AskedRuns(tuple(AskedRun(mask, benchmark, 4) for mask in (FIRST, SECOND, THIRD)))
    heard: list[Event] = []
    runner = Runner(ModelSpec(device="cpu"), Store(tmp_path), ImportanceSpec(n_items=3), emit=heard.append)
    shown = Shown(Survey(asked, runner), runner)
    units = {0: Unit(mask=FIRST), 1: Unit(mask=SECOND)}
    for worker, unit in units.items():
        shown.begin(worker, unit)
    started, batch = RunStarted(FIRST, ID, 4), BatchFinished(())
    shown.take([(1, started), (1, batch), (1, progressed(30.0)), (0, progressed(10.0))], units)
    assert heard[0] == RunsFound(3, 0)
    assert [getattr(event, "worker", None) for event in heard[1:3]] == [1, 1]
    (own,) = [event for event in heard if isinstance(event, Progressed)]
    # One of three equal units waits: both workers take 20 s for theirs on average, and so will it.
    assert own.left_s is not None
    assert abs(own.left_s - max(30.0, (10.0 + 30.0 + 20.0) / 2)) < 1.0
    shown.finish(units.pop(0))
    shown.take([(0, RunFinished("", ID, 0.5, 1, 1)), (1, RunFinished("", ID, 0.5, 1, 1))], units)
    ends = [event for event in heard if isinstance(event, RunFinished)]
    assert [(end.worker, end.done, end.total) for end in ends] == [(0, 1, 3), (1, 2, 3)]


def progressed(left_s: float) -> Progressed:
    return Progressed("", "evaluating", ID, 1, 4, 1.0, 0, 1.0, 1, 1, 1.0, left_s)


def test_runs_and_rankings_alone_are_what_units_are_made_of(tmp_path: Path) -> None:
    (benchmark,) = find_benchmarks([ID])
    top = MaskSpec(ID, "mlp", "top", 0.01)
    runner = Runner(ModelSpec(device="cpu"), Store(tmp_path), ImportanceSpec(n_items=3))
    both = AskedRuns((AskedRun(None, benchmark, 4), AskedRun(FIRST, benchmark, 3)), ranked=(top,))
    lacking = {one.unit: dict(one.lacking) for one in Survey(both, runner).every}
    assert set(lacking) == {INTACT, Unit(ID), Unit(mask=FIRST), Unit(mask=top)}
    assert lacking[INTACT] == {("evaluating", ID): 4}
    assert lacking[Unit(mask=FIRST)] == {("evaluating", ID): 3}, "controls are not measured"
    assert lacking[Unit(ID)] == {("scoring", ID): 3, ("ranking", ""): 3}
    assert lacking[Unit(mask=top)] == {}
