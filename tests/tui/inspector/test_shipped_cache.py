"""What comes with abilityscope: a newcomer's first lens needs no scoring, and nothing of it is deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.analysis.stored import cache_status
from core.models.matrices import VARIANTS
from core.models.spec import ModelSpec
from core.phantom import SHIPPED_CACHE
from core.run.experiment import Experiment
from tests.research.ship_cache import ITEMS, shipped_benchmarks
from tests.tui.calling import called, document
from tests.tui.inspector.host import screen_text, until
from tests.tui.inspector.test_cache_tab import WIDE, CacheTab
from tui.inspector.lens import Lens
from tui.inspector.stored.listing import StoredList
from tui.opening import engine_spec
from tui.options import ModelFlags


def test_the_first_lens_needs_no_scoring_for_any_ability_or_variant(tmp_path: Path) -> None:
    spec = ModelSpec(device="cpu")
    asked = engine_spec(ModelFlags(device="cpu", cache_dir=tmp_path))
    experiment = Experiment(spec, asked.store, asked.importance)
    for benchmark in shipped_benchmarks():
        first = Lens.first(spec, benchmark.id)
        assert first.limit == ITEMS
        for variant in VARIANTS:
            lens = replace(first, variant=variant)
            status = cache_status(experiment, lens.mask, benchmark, ITEMS)
            assert (status.base, status.ranking, status.ablated) == (True, True, False), lens


async def test_the_tab_lists_it_as_shipped_and_deletes_none_of_it(tmp_path: Path) -> None:
    tab = CacheTab(tmp_path, shipped=SHIPPED_CACHE)
    async with tab.app.run_test(size=WIDE) as pilot:
        await tab.ready(pilot)
        assert "112 shipped" in screen_text(tab.app)
        assert all(words.startswith("shipped: ") for words in tab.words())
        await pilot.press("x", "enter")
        await until(pilot, lambda: "It came with abilityscope" in screen_text(tab.app))
        await until(pilot, lambda: "model" in screen_text(tab.app))
        assert len(tab.pane.query_one(StoredList).entries) == len(tab.words()) == 112


def test_the_command_lists_it_and_refuses_to_delete_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--cache-dir", str(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in SHIPPED_CACHE.rglob("*")}
    listed = document(capsys, "cache", "ls", *at)
    assert listed["size_bytes"] == 0
    assert all(entry["is_shipped"] for entry in listed["entries"])
    code, out, _ = called(capsys, "cache", "ls", "--model", "demo", "--kind", "rankings", *at)
    assert (code, out.count("shipped: ability=")) == (0, 20)
    key = listed["entries"][0]["key"]
    code, out, _ = called(capsys, "cache", "info", key, *at)
    assert (code, key in out) == (0, True)
    code, _, err = called(capsys, "cache", "rm", key, *at)
    assert (code, "came with abilityscope: it is read-only and cannot be deleted." in err) == (1, True)
    assert called(capsys, "cache", "prune", "--max-size", "0", *at)[0] == 0
    assert called(capsys, "cache", "verify", *at)[0] == 0
    assert {path: path.stat().st_mtime_ns for path in SHIPPED_CACHE.rglob("*")} == before
