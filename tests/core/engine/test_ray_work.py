"""What an engine with Ray's workers refuses before it asks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cache.folder import Store
from core.benchmarks.benchmark import BenchmarkOptions
from core.benchmarks.drawn import Part
from core.cluster.on_ray import Crew
from core.cluster.ray_options import RayOptions
from core.engine.protocol import StartRuns
from core.engine.work import do_on_ray
from core.models.spec import ModelSpec
from core.run.runner import Runner
from core.run.specs import MaskSpec, Run

ID = "spatial_reasoning"
TOO_MUCH = Run(MaskSpec(ID, "mlp", "top", 0.99), ID, 3)
TOO_MUCH_OF_A_PART = Run(TOO_MUCH.mask, ID, 3, Part(0, 3))


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (StartRuns("no order", (Run(None, ID, 3),), until=0.05), "says no order of its items"),
        (StartRuns("no least", (Run(None, ID, 3, Part(0, 3)),), until=1.5), "give one between 0 and 1"),
        (StartRuns("large", (TOO_MUCH_OF_A_PART,), until=0.05), "choose a smaller k"),
        (StartRuns("unknown", (Run(None, "spacial_reasoning", 3),)), "Did you mean spatial_reasoning"),
        (StartRuns("large", (TOO_MUCH,)), "choose a smaller k"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(start: StartRuns, words: str, tmp_path: Path) -> None:
    crew = Crew(RayOptions(), Runner(ModelSpec(device="cpu"), Store(tmp_path)))
    with pytest.raises(ValueError, match=words):
        do_on_ray(crew, "1", start, lambda done: None, BenchmarkOptions())
