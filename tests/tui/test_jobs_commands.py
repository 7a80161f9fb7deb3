"""`abilityscope jobs` and `abilityscope stop`, on a real engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.engine.client import connect
from core.engine.protocol import EngineSpec, Pause, StartRankings, StartRuns
from core.engine.runtime import EngineProcess, living_engines, start_engine
from core.models.spec import ModelSpec
from core.run.specs import MaskSpec, Run
from tests.core.engine.talk import IMPORTANCE, Screen, kill, private_folder
from tui.command_line import run

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder() -> Iterator[Path]:
    with private_folder() as folder:
        yield folder


@pytest.mark.usefixtures("folder")
def test_without_an_engine_they_say_so(capsys: Captured) -> None:
    assert run(["jobs"]) == 0
    assert capsys.readouterr().out == "No engine is running.\n"
    assert run(["jobs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"engines": []}
    assert run(["stop", "3f2a"]) == 1
    assert "no engine is running" in capsys.readouterr().err
    for command in ("jobs", "stop"):
        assert run([command, "--help"]) == 0


@pytest.mark.slow
def test_they_list_and_stop_jobs_and_engines(
    folder: Path,
    tmp_path: Path,
    capsys: Captured,
    warm_engine_command: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.engine.runtime.COMMAND", warm_engine_command)
    spec = EngineSpec(ModelSpec(), str(tmp_path / "cache"), IMPORTANCE)
    (folder / "dead.json").write_text("{}")
    process = start_engine(spec)
    try:
        asyncio.run(_busy(spec, process))
        (engine,) = living_engines()
        job = f"{spec.id}-1"

        assert run(["jobs"]) == 0
        first, heading, running, queued = capsys.readouterr().out.splitlines()
        assert first.startswith(f"engine {spec.id} · demo · busy · pid {engine.pid} · started ")
        assert heading.split() == ["job", "state", "done", "age", "what"]
        assert running.split()[:3] == [job, "paused", "0/1"]
        assert r"all \x1b[31m[bold]ten" in running
        assert queued.split()[:3] == [f"{spec.id}-2", "queued", "0/1"]

        assert run(["jobs", "--json"]) == 0
        (document,) = json.loads(capsys.readouterr().out)["engines"]
        assert (document["engine"], document["pid"], document["state"]) == (spec.id, engine.pid, "busy")
        assert [one["state"] for one in document["jobs"]] == ["paused", "queued"]
        assert document["spec"]["model"]["name"] == "demo"

        for unknown in ("zzzz", f"{spec.id}-9"):
            assert run(["stop", unknown]) == 1
            assert unknown in capsys.readouterr().err

        for name in (f"{spec.id}-2", job, job):
            assert run(["stop", name]) == 0
            assert capsys.readouterr().out == f"The job {name} is cancelled, 0 of 1 done.\n"

        assert run(["stop", spec.id]) == 0
        assert capsys.readouterr().out == f"The engine {spec.id} has ended.\n"
        assert process.wait(timeout=60) == 0
        assert run(["jobs"]) == 0
        assert capsys.readouterr().out == "No engine is running.\n"
    finally:
        kill(process)


async def _busy(spec: EngineSpec, process: EngineProcess) -> None:
    """Leaves the engine with a paused and a queued job."""
    screen = Screen(await connect(spec, process))
    mask = MaskSpec("spatial_reasoning", "all", "max_minus_shared", 0.01)
    screen.connection.send(StartRankings("all \x1b[31m[bold]ten", (mask,)))
    screen.connection.send(StartRuns("base", (Run(None, "spatial_reasoning", 20),)))
    job = await screen.job("all \x1b[31m[bold]ten", "running")
    screen.connection.send(Pause(job.id))
    await screen.job(job.title, "paused")
    await screen.connection.close()
