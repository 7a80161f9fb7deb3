"""What the driver of workers says before they do a unit. No Ray."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.cluster.on_ray import doing_units
from core.cluster.ray_crew import Crew
from core.cluster.schedule import Schedule
from core.cluster.work import Survey
from core.models.spec import ModelSpec
from core.run.asked import AskedRun, AskedRuns
from core.run.events import Event, RunsFound
from core.run.runner import Runner
from core.run.specs import ImportanceSpec, MaskSpec

ID = "spatial_reasoning"


class NobodyYet:
    """A crew whose workers are on their way."""

    def __init__(self) -> None:
        self.in_hand: dict[int, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: []


def test_how_many_runs_there_are_is_said_once_also_where_contrasts_are_to_be_ranked(tmp_path: Path) -> None:
    heard: list[Event] = []
    runner = Runner(ModelSpec(device="cpu"), Store(tmp_path), ImportanceSpec(n_items=3), emit=heard.append)
    asked = AskedRuns((AskedRun(MaskSpec(ID, "mlp", "contrast", 0.01), find_benchmarks([ID])[0], 4),))
    assert next(doing_units(Schedule(Survey(asked, runner), runner), runner, cast("Crew", NobodyYet()))) == []
    assert heard == [RunsFound(1, 0)]
