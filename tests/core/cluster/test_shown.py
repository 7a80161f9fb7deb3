"""Events of several workers are shown as those of one job."""

from __future__ import annotations

from pathlib import Path

from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.cluster.on_ray import _Shown as Shown
from core.cluster.tasks import Survey, Task
from core.models.spec import ModelSpec
from core.run.events import BatchFinished, Event, Progressed, RunFinished, RunStarted
from core.run.plan import AskedRun, AskedRuns
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec

ID = "spatial_reasoning"
FIRST, SECOND, THIRD = (MaskSpec(ID, "mlp", "random", k) for k in (0.01, 0.02, 0.03))


def test_events_say_whose_they_are_and_phases_are_those_of_one(tmp_path: Path) -> None:
    (benchmark,) = find_benchmarks([ID])
    asked = AskedRuns(tuple(AskedRun(mask, benchmark, 4) for mask in (FIRST, SECOND, THIRD)))
    heard: list[Event] = []
    runner = Runner(ModelSpec(device="cpu"), Store(tmp_path), ImportanceSpec(n_items=3), emit=heard.append)
    lacking = [one for one in Survey(asked, runner).tasks if not one.is_stored]
    shown = Shown(runner, lacking, 3)
    tasks = {0: Task(mask=FIRST), 1: Task(mask=SECOND)}
    for worker, task in tasks.items():
        shown.begin(worker, task)
    started, batch = RunStarted(FIRST, ID, 4), BatchFinished(())
    for worker, event in ((1, started), (1, batch), (1, progressed(30.0)), (0, progressed(10.0))):
        shown.take(worker, event)
    assert [getattr(event, "worker", None) for event in heard[:2]] == [1, 1]
    (own,) = [event for event in heard if isinstance(event, Progressed)]
    # One of three equal tasks waits: both workers take 20 s for theirs on average, and so will it.
    assert own.left_s is not None
    assert abs(own.left_s - max(30.0, (10.0 + 30.0 + 20.0) / 2)) < 1.0
    shown.take(0, RunFinished("", ID, 0.5, 1, 1))
    shown.finish(tasks.pop(0))
    shown.take(1, RunFinished("", ID, 0.5, 1, 1))
    ends = [event for event in heard if isinstance(event, RunFinished)]
    assert [(end.worker, end.done, end.total) for end in ends] == [(0, 1, 3), (1, 2, 3)]


def progressed(left_s: float) -> Progressed:
    return Progressed("", "evaluating", ID, 1, 4, 1.0, 0, 1.0, 1, 1, 1.0, left_s)
