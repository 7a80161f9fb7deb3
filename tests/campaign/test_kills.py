"""`abilityscope profile` killed with SIGKILL at random moments, and started again until it is finished."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from cache.upkeep import prune
from tests.campaign.nursery import ENDS_WITHIN_S
from tests.campaign.profiles import (
    Truth,
    arguments,
    assert_equal,
    computed_again,
    finished_files,
    kept_batches,
)

pytestmark = pytest.mark.slow

SEED = 20260
SHARE = 0.5
"""The longest life, as a share of the time that a whole profile takes: a profile has several lives."""


def kill_in_the_nursery(truth: Truth, folder: Path, life: Path, rng: random.Random, aimed: bool) -> bool:
    """One life of a process that has imported all already; whether it was killed before its end.

    An aimed kill comes when a run has begun to keep its batches, the others at any time.
    """
    journals = set((folder / "cache" / "outcomes").glob("*.part"))
    pid = truth.nursery.start(arguments(folder / "cache", folder / "out"), life)
    until = time.monotonic() + (ENDS_WITHIN_S if aimed else rng.uniform(0.0, SHARE) * truth.seconds)
    while time.monotonic() < until:
        if aimed and set((folder / "cache" / "outcomes").glob("*.part")) - journals:
            break
        if (status := truth.nursery.status_now(pid)) is not None:
            assert status == 0, (life / "stderr").read_text()
            return False
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    status = truth.nursery.status(pid)
    assert status in (0, -signal.SIGKILL), (life / "stderr").read_text()
    return status != 0


class Survived(NamedTuple):
    """What some kills met with."""

    profiles: int
    within_a_run: int
    """Kills that left the journal of a run."""
    after_an_entry: int
    """Kills that left something finished."""


def survive(truth: Truth, tmp_path: Path, kills: int, rng: random.Random) -> Survived:
    """Profiles that are killed and go on until so many kills are counted."""
    survived, profiles, within_a_run, after_an_entry = 0, 0, 0, 0
    while survived < kills:
        profiles += 1
        folder = tmp_path / str(profiles)
        is_over, lives = False, 0
        while not is_over:
            finished, kept = finished_files(folder / "cache"), kept_batches(folder / "cache")
            within_a_run, after_an_entry = within_a_run + bool(kept), after_an_entry + bool(finished)
            lives += 1
            life = folder / f"life-{lives}"
            if survived < kills:
                was_killed = kill_in_the_nursery(truth, folder, life, rng, aimed=lives % 2 == 1)
                survived += was_killed
                is_over = not was_killed
            else:
                pid = truth.nursery.start(arguments(folder / "cache", folder / "out"), life)
                assert truth.nursery.status(pid) == 0, (life / "stderr").read_text()
                is_over = True
            assert computed_again(life, finished, kept) == []
            now = finished_files(folder / "cache")
            assert {path: now.get(path) for path in finished} == finished, "what is finished stays"
            assert "computed anew" not in (life / "stderr").read_text(), "a kill damages nothing"
        assert_equal(folder / "cache", folder / "out", truth.folder)
        prune(folder / "cache", 10**12)
        assert not list((folder / "cache").rglob("*.tmp")), "left-overs of killed writers go first"
        assert_equal(folder / "cache", folder / "out", truth.folder)
    return Survived(profiles, within_a_run, after_an_entry)


def test_five_kills_cost_nothing_that_was_finished(truth: Truth, tmp_path: Path) -> None:
    survived = survive(truth, tmp_path, 5, random.Random(SEED))
    assert survived.within_a_run > 0


@pytest.mark.long
def test_eighty_kills_cost_nothing_that_was_finished(
    truth: Truth, tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    survived = survive(truth, tmp_path, 80, random.Random(SEED + 1))
    record_testsuite_property("eighty kills", survived)
    assert survived.profiles < 80, "a profile outlives several"
    assert survived.within_a_run > 10
    assert survived.after_an_entry > 40, "they come while there is something to lose"


SHARE_OF_WHOLE = 0.9
WHOLE_ENDS_WITHIN_S = 600
PROGRAM = [sys.executable, "-c", "from tui.command_line import main; main()"]


@pytest.mark.long
def test_twenty_kills_of_whole_processes(truth: Truth, tmp_path: Path) -> None:
    """From their first import on: most of their life is that."""
    rng, survived, profiles = random.Random(SEED + 2), 0, 0
    whole_s = live(tmp_path / "undisturbed", None)
    assert whole_s is not None
    while survived < 20:
        profiles += 1
        folder, is_over = tmp_path / str(profiles), False
        while not is_over:
            finished = finished_files(folder / "cache")
            limit_s = rng.uniform(0.0, SHARE_OF_WHOLE * whole_s) if survived < 20 else None
            is_over = live(folder, limit_s) is not None
            survived += not is_over
            now = finished_files(folder / "cache")
            assert {path: now.get(path) for path in finished} == finished
        assert_equal(folder / "cache", folder / "out", truth.folder)
    assert survived == 20


def live(folder: Path, limit_s: float | None) -> float | None:
    """The life of a whole process, in seconds; None if it was killed at its limit."""
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    began = time.monotonic()
    with (folder / "said").open("w") as said:
        command = [*PROGRAM, *arguments(folder / "cache", folder / "out")]
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment)
    try:
        assert process.wait(limit_s or WHOLE_ENDS_WITHIN_S) == 0, (folder / "said").read_text()
    except subprocess.TimeoutExpired:
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert limit_s is not None, "it hangs"
        return None
    return time.monotonic() - began
