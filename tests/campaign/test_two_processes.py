"""Two processes of one profile on one empty cache at once: they share the work."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from cache.folder import Store
from tests.campaign.nursery import computed
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


def test_both_end_well_and_nothing_is_computed_twice(truth: Truth, tmp_path: Path, ends: None) -> None:
    root = tmp_path / "cache"
    homes = [tmp_path / name for name in ("one", "other")]
    pids = [truth.nursery.start(arguments(root, home / "out"), home) for home in homes]
    for pid, home in zip(pids, homes, strict=True):
        assert truth.nursery.status(pid) == 0, (home / "stderr").read_text()
    for home in homes:
        assert_equal(root, home / "out", truth.folder)
        assert "damaged" not in (home / "stderr").read_text()
    times = sum((Counter(times_computed(home)) for home in homes), Counter())
    assert (len(times), set(times.values())) == (RANKINGS + RUNS, {1})


def test_a_third_that_comes_later_computes_nothing(truth: Truth, tmp_path: Path, ends: None) -> None:
    before = finished_files(truth.folder / "cache")
    pid = truth.nursery.start(arguments(truth.folder / "cache", tmp_path / "out"), tmp_path)
    assert truth.nursery.status(pid) == 0
    assert times_computed(tmp_path) == {}
    assert finished_files(truth.folder / "cache") == before
    assert_equal(truth.folder / "cache", tmp_path / "out", truth.folder)


def test_the_nursery_notes_all_that_is_computed(truth: Truth) -> None:
    """What the other tests count with: if a function that the nursery wraps moves, this fails."""
    store, notes = Store(truth.folder / "cache"), computed(truth.folder)
    rankings = [key for kind, key, *_ in notes if kind == "ranking"]
    assert sorted(rankings) == store.rankings.entries.stored_keys()
    items: dict[str, list[str]] = defaultdict(list)
    for kind, key, *ids in notes:
        items[key] += ids[0] if kind == "batch" else []
    runs = {key: store.outcomes.load(key) for key in store.outcomes.entries.stored_keys()}
    assert len(runs) == RUNS
    for key, frame in runs.items():
        assert frame is not None
        assert sorted(items[key]) == sorted(frame["item_id"])
