"""An engine with Ray's workers stores what one without stores, and a screen sees the same of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from core.benchmarks.benchmark import BenchmarkOptions
from core.benchmarks.drawn import Part
from core.cluster.ray_options import RayOptions
from core.engine.protocol import (
    Cancel,
    EngineSpec,
    Pause,
    Resume,
    StartGeneration,
    StartRankings,
    StartRuns,
)
from core.engine.runtime import EngineProcess, start_engine
from core.engine.work import do
from core.models.spec import ModelSpec
from core.run.events import (
    ENDED,
    BatchFinished,
    ModelLoaded,
    Progressed,
    RunFinished,
    RunsFound,
    RunStarted,
    TextEnded,
    WorkerLost,
)
from core.run.runner import Runner
from core.run.specs import MaskSpec, Run
from tests.core.cluster.test_shards import payloads
from tests.core.engine.talk import IMPORTANCE, Screen, end, kill, private_folder, screen_of

pytestmark = [
    pytest.mark.slow,
]

ABILITY, OTHER = "spatial_reasoning", "temporal_reasoning"
TWO = RayOptions(workers=2, cpus_per_worker=1)
FIRST = StartRuns(
    "first",
    tuple(
        Run(mask, benchmark, 12)
        for mask in (
            None,
            MaskSpec(ABILITY, "mlp", "top", 0.01),
            MaskSpec(ABILITY, "mlp", "random", 0.01),
            MaskSpec(OTHER, "mlp", "bottom", 0.01, n_items=8),
        )
        for benchmark in (ABILITY, OTHER)
    ),
)
RANKED = StartRankings(
    "ranked", (MaskSpec(OTHER, "all", "max_minus_shared", 0.01), MaskSpec(ABILITY, "all", "top", 0.02))
)
N = 160
STOPPING = StartRuns(
    "stopping",
    tuple(
        Run(mask, benchmark, N, Part(0, N))
        for mask in (
            None,
            MaskSpec(OTHER, "mlp", "random", 0.0001),
            MaskSpec(OTHER, "mlp", "random", 0.6),
            MaskSpec(OTHER, "mlp", "top", 0.02),
            MaskSpec(ABILITY, "mlp", "top", 0.02, n_items=8),
        )
        for benchmark in (ABILITY, OTHER)
    ),
    until=0.05,
)
LONG = StartRuns(
    "long", tuple(Run(MaskSpec(ABILITY, "mlp", "random", 0.02 + k / 1000), ABILITY, 500) for k in range(6))
)
TEXT = StartGeneration("text", "see : seed bell seed rock seed . think :", (None,), 24)


@contextmanager
def ray_engine(root: Path) -> Iterator[tuple[EngineSpec, EngineProcess]]:
    """A living engine with two workers; afterwards nothing of it is left."""
    spec = EngineSpec(ModelSpec(device="cpu"), str(root), IMPORTANCE, ray=TWO)
    process = start_engine(spec)
    try:
        yield spec, process
        below = psutil.Process(process.pid).children(recursive=True)
        assert len(below) > 2
        asyncio.run(end(spec))
        assert process.wait(timeout=60) == 0
        _, left = psutil.wait_procs(below, timeout=60)
        assert not left  # Ray's workers end by themselves once its raylet has
    finally:
        kill(process)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the same jobs store without Ray."""
    root = tmp_path_factory.mktemp("one")
    spec = EngineSpec(ModelSpec(device="cpu"), str(root), IMPORTANCE)
    runner = Runner(spec.model, spec.store, spec.importance)
    for start in (FIRST, RANKED, STOPPING, LONG):
        do(runner, "", start, lambda done: None, BenchmarkOptions())
    return payloads(root)


def test_jobs_cancelling_and_writing_are_as_without_ray(tmp_path: Path, truth: dict[str, bytes]) -> None:
    async def talk(spec: EngineSpec, process: EngineProcess) -> None:
        async with screen_of(spec, process) as screen:
            job = await screen.all_of(FIRST)
            assert (job.state, job.problem, job.done, job.total) == ("completed", "", 8, 8)
            check_runs(screen, job.id)
            assert (await screen.all_of(RANKED)).done == 2
            await stop_when_it_is_known(screen)
            await cancel_and_write(screen)
            assert screen.of(WorkerLost) == []
            assert {run.worker for run in screen.of(RunFinished)} == {0, 1}
            assert screen.of(ModelLoaded)[-1].device == "ray: 2 workers"

    with private_folder(), ray_engine(tmp_path) as (spec, process):
        asyncio.run(talk(spec, process))
    assert payloads(tmp_path) == truth
    assert not list((tmp_path / "scores").glob("*")), "the scores that were kept for contrasts are deleted"


def check_runs(screen: Screen, job: str) -> None:
    """Each run is seen as it goes: all of its outcomes, whoever it is of."""
    assert screen.of(RunsFound) == [RunsFound(8, 0)]
    assert [run.done for run in screen.of(RunFinished)] == list(range(1, 9))
    assert {progress.job for progress in screen.of(Progressed)} == {job}
    seen: dict[int, list[int]] = {}
    for event in screen.heard:
        if isinstance(event, RunStarted):
            seen[event.worker] = []
        elif isinstance(event, BatchFinished):
            seen[event.worker] += [outcome.index for outcome in event.outcomes]
        elif isinstance(event, RunFinished):
            assert sorted(seen.pop(event.worker)) == list(range(12))
    assert seen == {}


async def stop_when_it_is_known(screen: Screen) -> None:
    """Workers go on where they were cancelled, part by part, until all cells are settled."""
    screen.connection.send(STOPPING)
    job = await screen.job("stopping", "running")
    await screen.until(lambda event: isinstance(event, RunStarted) and event.mask is not None)
    screen.connection.send(Cancel(job.id))
    assert (await screen.job("stopping", *ENDED)).state == "cancelled"
    job = await screen.all_of(STOPPING)
    assert (job.state, job.problem, job.done, job.total) == ("completed", "", 10, 10)
    parts = [event for event in screen.of(RunStarted) if event.part is not None]
    assert {event.part.start for event in parts if event.part} >= {0, 32, 64, 96, 128}
    wrecked = {event.part for event in parts if event.mask and event.mask.k == 0.6}
    assert len(wrecked) < 5, "its first parts say enough"


async def cancel_and_write(screen: Screen) -> None:
    """A paused job stands still; a cancelled one ends at once; a text is written while two workers go on."""
    screen.connection.send(LONG)
    job = await screen.job("long", "running")
    await screen.until(lambda event: isinstance(event, BatchFinished))
    screen.connection.send(Pause(job.id))
    await screen.job("long", "paused")
    screen.connection.send(Resume(job.id))
    await screen.until(lambda event: isinstance(event, BatchFinished))
    screen.connection.send(Cancel(job.id))
    ended = await screen.job("long", "cancelled", "completed")
    assert ended.state == "cancelled"
    screen.connection.send(LONG)
    screen.connection.send(TEXT)
    assert (await screen.job("text", "completed", "failed")).state == "completed"
    assert any(isinstance(event, TextEnded) for event in screen.heard)
    assert (await screen.job("long", "completed", "failed")).state == "completed"
