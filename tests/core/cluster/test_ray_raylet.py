"""Where Ray's own process on this machine dies or hangs, a profile ends with a sentence once Ray knows."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.engine.protocol import EngineSpec, StartRuns
from core.engine.runtime import EngineProcess
from core.run.events import BatchFinished, ModelFailed, ModelLoaded
from core.run.specs import MaskSpec, Run
from tests.core.cluster.test_ray import command_of
from tests.core.engine.talk import private_folder, screen_of
from tests.core.engine.test_ray_engine import ABILITY, FIRST, ray_engine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
]

PROFILE = (
    *(sys.executable, "-c", "from tui.command_line import main; main()", "profile", "--device", "cpu"),
    *("--abilities", "spatial", "--variants", "mlp", "--selections", "random", "--k", "0.03"),
    *(
        "--benchmarks",
        "diagnostic",
        "--limit",
        "500",
        "--ray",
        "local",
        "--workers",
        "1",
        "--cpus-per-worker",
        "1",
    ),
)


SENTENCE = "Ray failed (its process died): run it again, which goes on with what is stored."


def wait_for(driver: subprocess.Popen[str], words: str) -> psutil.Process:
    """A process below the driver whose command line has some words, as soon as there is one."""
    while driver.poll() is None:
        for one in psutil.Process(driver.pid).children(recursive=True):
            if words in command_of(one):
                return one
        time.sleep(0.1)
    raise AssertionError(driver.communicate()[1])


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A profile whose worker is on its way; afterwards nothing of it is left."""
    folders = ("--cache-dir", str(tmp_path / "cache"), "--out", str(tmp_path / "out"))
    root = Path(__file__).parents[3]
    driver = subprocess.Popen([*PROFILE, *folders], cwd=root, stderr=subprocess.PIPE, text=True)
    wait_for(driver, "ray::Worker")
    below = psutil.Process(driver.pid).children(recursive=True)
    yield driver
    driver.kill()
    driver.wait()
    _, left = psutil.wait_procs(below, timeout=30)
    assert not [one for one in left if one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize(("how", "within_s"), [(signal.SIGKILL, 60), (signal.SIGSTOP, 120)])
def test_a_profile_ends_with_a_sentence(
    how: signal.Signals, within_s: float, driver: subprocess.Popen[str]
) -> None:
    wait_for(driver, "raylet/raylet").send_signal(how)
    _, said = driver.communicate(timeout=within_s)
    assert driver.returncode == 1
    assert said.strip().split("\n")[-1] == f"abilityscope: {SENTENCE}"


def test_a_job_of_an_engine_ends_with_it_and_the_next_starts_ray_anew(tmp_path: Path) -> None:
    async def talk(spec: EngineSpec, process: EngineProcess) -> None:
        async with screen_of(spec, process) as screen:
            # Workers live for some seconds more: the job must not be done by then.
            masks = [MaskSpec(ABILITY, "mlp", "random", 0.01 + k / 10_000) for k in range(200)]
            screen.connection.send(StartRuns("long", tuple(Run(mask, ABILITY, 500) for mask in masks)))
            await screen.until(lambda event: isinstance(event, BatchFinished))
            (raylet,) = (one for one in psutil.Process(process.pid).children() if one.name() == "raylet")
            raylet.kill()
            job = await screen.job("long", "failed", "completed")
            assert (job.state, job.problem) == ("failed", SENTENCE)
            assert screen.of(ModelFailed) == [ModelFailed(SENTENCE)]
            screen.heard.clear()
            assert (await screen.all_of(FIRST)).state == "completed"
            assert screen.of(ModelLoaded)

    with private_folder(), ray_engine(tmp_path) as (spec, process):
        asyncio.run(talk(spec, process))
