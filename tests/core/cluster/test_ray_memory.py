"""Workers on Ray that run out of memory: they are named, the others go on, and what was done stays."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.analysis.rounds import run_part
from core.cluster.on_ray import RESTARTS, run_on_ray
from tests.core.cluster.test_ray import (
    IDS,
    ONE,
    SMALL,
    TAKES_LONG,
    TWO,
    assert_equal,
    by_one_process,
    pytestmark,
    ray_workers,
    runner_of,
)

__all__ = ["pytestmark"]

SCORED = replace(SMALL, abilities=IDS[:2], selections=("top", "random"), ks=(0.03,))
"""Two abilities to score: each takes more memory than a worker has when it begins."""

OUT = r"Worker \d on .* is out: it has run out of memory: give fewer --workers, or .*\."
DIED = r"Worker \d on .* starts again: its process died\."
"""Also Ray's own threads need memory: a process that has none for them dies."""

GONE = r"Worker \d on .* is out: its process died\."


@contextmanager
def limited(most: int) -> Iterator[list[int]]:
    """A context in which workers, as they begin a unit, are left the memory that they have then.

    Args:
        most: how many processes.
    """
    pids: list[int] = []
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.01):
            for process in ray_workers():
                if process.pid not in pids and len(pids) < most:
                    with suppress(psutil.NoSuchProcess):
                        _, hard = process.rlimit(psutil.RLIMIT_AS)
                        process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms, hard))
                        pids.append(process.pid)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield pids
    finally:
        is_over.set()
        thread.join()


@TAKES_LONG
def test_the_others_go_on_without_a_worker_that_runs_out_of_memory(tmp_path: Path) -> None:
    truth, notes = by_one_process(SCORED, tmp_path / "one"), list[str]()
    (tmp_path / "ray").mkdir()
    with limited(1) as pids:
        assert run_on_ray(SCORED, runner_of(tmp_path / "ray"), TWO, notes.append)
    assert pids
    (note,) = notes
    assert re.fullmatch(f"{OUT}|{DIED}", note)
    assert_equal(SCORED, tmp_path / "ray", truth)


@TAKES_LONG
def test_without_memory_for_the_only_worker_it_ends_and_goes_on_later(tmp_path: Path) -> None:
    truth, notes = by_one_process(SCORED, tmp_path / "one"), list[str]()
    (tmp_path / "ray").mkdir()
    run_part(SCORED, runner_of(tmp_path / "ray"), [None])
    stored = {path: path.stat().st_mtime_ns for path in (tmp_path / "ray" / "outcomes").glob("*.parquet")}
    assert stored
    with (
        limited(RESTARTS + 1) as pids,
        pytest.raises(ValueError, match=rf"^No worker is left\. ({OUT}|{GONE})$"),
    ):
        run_on_ray(SCORED, runner_of(tmp_path / "ray"), ONE, notes.append)
    assert len(notes) == len(pids)
    assert all(re.fullmatch(f"{OUT}|{DIED}|{GONE}", note) for note in notes)
    assert run_on_ray(SCORED, runner_of(tmp_path / "ray"), ONE, notes.append)
    assert all(path.stat().st_mtime_ns == written for path, written in stored.items())
    assert_equal(SCORED, tmp_path / "ray", truth)
