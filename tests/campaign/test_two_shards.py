"""Two shards of a profile on one empty cache at once, as tasks of a job scheduler: they share the work."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.campaign.profiles import (
    RANKINGS,
    RUNS,
    Truth,
    arguments,
    assert_equal,
    finished_files,
    times_computed,
)

pytestmark = pytest.mark.slow


def test_nothing_is_computed_twice_and_a_last_run_finds_it_all(
    truth: Truth, tmp_path: Path, ends: None
) -> None:
    root = tmp_path / "cache"
    homes = [tmp_path / name for name in ("one", "other", "last")]
    shards = [["--shard", f"{number}/2"] for number in (1, 2)]
    pids = [
        truth.nursery.start([*arguments(root, home / "out"), *shard], home)
        for home, shard in zip(homes, shards, strict=False)
    ]
    for pid, home in zip(pids, homes, strict=False):
        assert truth.nursery.status(pid) == 0, (home / "stderr").read_text()
        assert "damaged" not in (home / "stderr").read_text()
    times = sum((Counter(times_computed(home)) for home in homes[:2]), Counter())
    assert (len(times), set(times.values())) == (RANKINGS + RUNS, {1})
    before = finished_files(root)
    pid = truth.nursery.start(arguments(root, homes[2] / "out"), homes[2])
    assert truth.nursery.status(pid) == 0
    assert times_computed(homes[2]) == {}
    assert finished_files(root) == before
    assert_equal(root, homes[2] / "out", truth.folder)
