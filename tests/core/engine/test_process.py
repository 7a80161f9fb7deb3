"""How engines begin and end: killed, idle, raced, without a model, without a private folder."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.engine.client import connect
from core.engine.protocol import EngineSpec, Shutdown, StartRuns
from core.engine.runtime import (
    EngineError,
    EngineProcess,
    RuntimePaths,
    living_engines,
    runtime_folder,
    start_engine,
)
from core.engine.server import Server
from core.models.spec import ModelSpec
from core.run.events import ModelFailed, RunFinished, RunsFound
from core.run.specs import Run
from tests.core.engine.talk import IMPORTANCE, Screen, kill, private_folder

pytestmark = pytest.mark.slow

Start = Callable[[EngineSpec], EngineProcess]

TEN = tuple(Run(None, "temporal_reasoning", n) for n in range(300, 500, 20))


@pytest.fixture
def folder() -> Iterator[Path]:
    with private_folder() as folder:
        yield folder


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts an engine that does not outlive the test."""
    processes: list[EngineProcess] = []

    def start(spec: EngineSpec) -> EngineProcess:
        processes.append(start_engine(spec))
        return processes[-1]

    yield start
    for process in processes:
        kill(process)


def spec_in(tmp_path: Path, model: str = "demo") -> EngineSpec:
    return EngineSpec(ModelSpec(model), str(tmp_path / "cache"), IMPORTANCE)


def test_a_killed_engine_is_reported_and_nothing_finished_is_lost(start: Start, tmp_path: Path) -> None:
    spec = spec_in(tmp_path)

    async def talk() -> None:
        process = start(spec)
        screen = Screen(await connect(spec, process))
        other = Screen(await connect(spec))
        screen.connection.send(StartRuns("ten", TEN))
        await screen.until(lambda event: isinstance(event, RunFinished) and event.done == 3)
        process.kill()
        await screen.to_the_end()
        await other.to_the_end()
        for words in (await screen.connection.how_it_ended(), await other.connection.how_it_ended()):
            assert words.startswith("The engine was killed")
            assert str(process.log) in words
        finished = len(screen.of(RunFinished))
        for one in (screen, other):
            await one.connection.close()
        assert living_engines() == []
        again = start(spec)
        screen = Screen(await connect(spec, again))
        job = await screen.all_of(StartRuns("ten", TEN))
        assert (job.state, job.done) == ("completed", 10)
        (found,) = screen.of(RunsFound)
        assert found.total == 10
        # The last one may have been stored and not emitted.
        assert finished <= found.cached <= finished + 1
        screen.connection.send(Shutdown())
        await screen.to_the_end()
        assert (await screen.connection.how_it_ended()).startswith("The engine was stopped")
        await screen.connection.close()
        assert again.wait() == 0
        assert process.wait() == -9

    asyncio.run(talk())


def test_an_idle_engine_ends_and_leaves_only_its_log(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABILITYSCOPE_ENGINE_IDLE_S", "0.2")
    process = start(spec_in(tmp_path, "no/where"))
    assert process.wait(timeout=60) == 0
    assert {path.suffix for path in folder.iterdir()} == {".log", ".lock"}
    assert process.log.read_text() == ""


def test_what_a_worker_says_after_the_engine_ended_is_lost_without_harm(folder: Path, tmp_path: Path) -> None:
    spec = spec_in(tmp_path)

    async def made() -> Server:
        return Server(spec, RuntimePaths.of(spec.id), idle_s=1.0)

    server = asyncio.run(made())  # its loop is closed now, while a model may still load
    server.emit(ModelFailed("too late"))


def test_of_two_that_race_one_is_the_engine(start: Start, folder: Path, tmp_path: Path) -> None:
    spec = spec_in(tmp_path, "no/where")
    processes = [start(spec), start(spec)]

    async def talk() -> None:
        screens = [Screen(await connect(spec, process)) for process in processes]
        pids = {(await screen.snapshot()).pid for screen in screens}
        (record,) = living_engines()
        assert pids == {record.pid}
        (loser,) = [process for process in processes if process.pid != record.pid]
        assert loser.wait(timeout=60) == 0
        socket = folder / f"{spec.id}.sock"
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
        screens[0].connection.send(Shutdown())
        for screen in screens:
            await screen.to_the_end()
            await screen.connection.close()

    asyncio.run(talk())
    assert [process.wait(timeout=60) for process in processes] == [0, 0]


def test_without_its_model_an_engine_says_so_to_every_job(start: Start, tmp_path: Path) -> None:
    spec = spec_in(tmp_path, "no/where")
    process = start(spec)

    async def talk() -> None:
        screen = Screen(await connect(spec, process))
        snapshot = await screen.snapshot()
        if not isinstance(snapshot.model, ModelFailed):
            await screen.until(lambda event: isinstance(event, ModelFailed))
        job = await screen.all_of(StartRuns("base", (Run(None, "temporal_reasoning", 3),)))
        assert job.state == "failed"
        assert "no/where" in job.problem
        await screen.connection.close()

    asyncio.run(talk())
    process.terminate()
    assert process.wait(timeout=60) == 0


def test_an_engine_that_cannot_start_is_reported_with_its_log(start: Start, tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    RuntimePaths.of(spec.id).lock.mkdir()
    process = start(spec)
    with pytest.raises(EngineError, match=r"ended with exit code 1; its log says why: .*\.log"):
        asyncio.run(connect(spec, process))
    with pytest.raises(EngineError, match="No engine"):
        asyncio.run(connect(spec))


def test_a_folder_that_others_can_enter_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert runtime_folder() == folder
    folder.chmod(0o750)
    with pytest.raises(EngineError, match="can be entered by others"):
        RuntimePaths.of("0000")
    folder.chmod(0o700)
    link = folder / "link"
    link.symlink_to(folder)
    monkeypatch.setenv("ABILITYSCOPE_RUNTIME", str(link))
    with pytest.raises(EngineError, match="is a link or a file"):
        RuntimePaths.of("0000")
    monkeypatch.setenv("ABILITYSCOPE_RUNTIME", str(folder / "long" / ("x" * 100)))
    with pytest.raises(EngineError, match="too long for a socket"):
        RuntimePaths.of("0000")


def test_the_client_side_loads_no_torch() -> None:
    heavy = ("torch", "transformers", "polars", "numpy")
    code = (
        f"import sys, core.engine.client, core.engine.state; print([n for n in {heavy} if n in sys.modules])"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "[]"
