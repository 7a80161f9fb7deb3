"""Workers on Ray that run out of memory: they are named, the others go on, and what was done stays."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.cluster.on_ray import run_on_ray
from core.runner.runs import run_part
from tests.core.cluster.test_ray import (
    IDS,
    ONE,
    SMALL,
    TAKES_LONG,
    TWO,
    assert_equal,
    by_one_process,
    once,
    pytestmark,
    ray_workers,
    runner_of,
)

__all__ = ["pytestmark"]

SCORED = replace(SMALL, abilities=IDS[:2], selections=("top", "random"), ks=(0.03,))
"""Two abilities to score: each takes more memory than a worker has when it begins."""

OUT = r"Worker \d on .* is out: it has run out of memory: give fewer --workers, or .*\."


def limit_one() -> None:
    """Leaves a worker the memory that it has now."""
    process = ray_workers()[0]
    _, most = process.rlimit(psutil.RLIMIT_AS)
    process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms, most))


def works() -> bool:
    return bool(ray_workers())


@TAKES_LONG
def test_the_others_go_on_without_a_worker_that_runs_out_of_memory(tmp_path: Path) -> None:
    truth, notes = by_one_process(SCORED, tmp_path / "one"), list[str]()
    (tmp_path / "ray").mkdir()
    with once(works, limit_one) as limited:
        assert run_on_ray(SCORED, runner_of(tmp_path / "ray"), TWO, notes.append)
    assert limited[0]
    (note,) = notes
    assert re.fullmatch(OUT, note)
    assert_equal(SCORED, tmp_path / "ray", truth)


@TAKES_LONG
def test_without_memory_for_the_only_worker_it_ends_and_goes_on_later(tmp_path: Path) -> None:
    truth, notes = by_one_process(SCORED, tmp_path / "one"), list[str]()
    (tmp_path / "ray").mkdir()
    run_part(SCORED, runner_of(tmp_path / "ray"), [None])
    stored = {path: path.stat().st_mtime_ns for path in (tmp_path / "ray" / "outcomes").glob("*.parquet")}
    assert stored
    with (
        once(works, limit_one) as limited,
        pytest.raises(ValueError, match=rf"^No worker is left\. {OUT}$"),
    ):
        run_on_ray(SCORED, runner_of(tmp_path / "ray"), ONE, notes.append)
    assert limited[0]
    assert run_on_ray(SCORED, runner_of(tmp_path / "ray"), ONE, notes.append)
    assert len(notes) == 1
    assert all(path.stat().st_mtime_ns == written for path, written in stored.items())
    assert_equal(SCORED, tmp_path / "ray", truth)
