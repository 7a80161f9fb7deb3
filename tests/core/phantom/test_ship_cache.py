"""The shipped cache has what today's code asks for on each shipped model, whole, and no more."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from cache.entries import KINDS, EntryFolder
from cache.fingerprints import names_of
from cache.folder import Store
from cache.upkeep import verify
from core.analysis.probe import settled_by, stored_probe
from core.models.description import selectable_weights
from core.models.spec import ModelSpec
from core.phantom import SHIPPED_CACHE
from tests.research.ship_cache import (
    DEMO,
    ITEMS,
    SHIPPED,
    SMOLLM2_135M,
    Shipped,
    ship,
    shipped_benchmarks,
    shipped_keys,
)

REMAKE = "the shipped cache is out of date: run `python -m tests.research.ship_cache` and commit it"
LARGEST_BYTES = 14_000_000

EACH = pytest.mark.parametrize("shipped", SHIPPED, ids=lambda one: one.spec.name)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, SHIPPED_CACHE)


def test_its_keys_are_those_that_todays_code_asks_for(store: Store) -> None:
    asked = {(folder.kind.name, key) for one in SHIPPED for folder, key in shipped_keys(one, store)}
    folders = (EntryFolder(SHIPPED_CACHE, kind) for kind in KINDS)
    assert {(folder.kind.name, key) for folder in folders for key in folder.stored_keys()} == asked, REMAKE


@EACH
def test_what_it_has_of_a_model_can_be_read_today(shipped: Shipped, store: Store) -> None:
    for folder, key in shipped_keys(shipped, store):
        folder.read_manifest(key)
    fingerprint = shipped.experiment(store).info.fingerprint
    assert names_of(Store(SHIPPED_CACHE).fingerprint_memory)[fingerprint] == shipped.spec.name


def test_it_is_whole_and_small() -> None:
    assert verify(SHIPPED_CACHE) == []
    files = [path for path in SHIPPED_CACHE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST_BYTES
    kinds = {kind.name: kind.suffix for kind in KINDS} | {"models": ".json"}
    assert all(path.suffix in (".json", kinds[path.parent.name]) for path in files)


@EACH
def test_its_rankings_are_of_the_usual_selection(shipped: Shipped) -> None:
    usual = shipped.importance.usual_selection
    assert {selection for _, selection in shipped.largest_k} == {usual}


@EACH
def test_every_ranking_is_long_enough_and_has_no_weight_twice(shipped: Shipped, store: Store) -> None:
    experiment = shipped.experiment(store)
    for mask in shipped.masks():
        ranking = store.rankings.load(experiment.ranking_key(mask))
        assert ranking is not None
        weights = ranking.matrix_ids.astype(np.int64) << 32 | ranking.local_indices
        assert len(np.unique(weights)) == selectable_weights(mask.k, mask.variant, experiment.info)


@pytest.mark.parametrize(("shipped", "least"), [(DEMO, 0.9), (SMOLLM2_135M, 0.4)], ids=["demo", "smollm2"])
def test_the_intact_model_answers_most_of_the_shipped_items(
    shipped: Shipped, least: float, store: Store
) -> None:
    experiment = shipped.experiment(store)
    keys = [experiment.request(None, benchmark, ITEMS).key for benchmark in shipped_benchmarks()]
    frames = store.outcomes.load_many(keys).frames
    assert len(frames) == len(keys)
    for frame in frames.values():
        assert frame.height == ITEMS
        assert frame["correct"].mean() > least  # type: ignore[operator]


def test_the_probe_need_not_ask_and_finds_the_form_and_level_that_were_shipped(store: Store) -> None:
    asked = ModelSpec(SMOLLM2_135M.spec.name, device="cpu")
    table = stored_probe(Shipped(asked, {}).experiment(store))
    assert settled_by(table, asked) == (SMOLLM2_135M.spec.prompt, SMOLLM2_135M.spec.level_asked)


def test_what_is_shipped_anew_is_what_was_made(tmp_path: Path) -> None:
    (tmp_path / "target" / "rankings").mkdir(parents=True)
    (tmp_path / "target" / "rankings" / "old.json").write_text("")
    copytree(SHIPPED_CACHE, tmp_path / "made")
    assert ship(tmp_path / "made", tmp_path / "target") > 0
    assert verify(tmp_path / "target") == []
    names = [{path.name for path in root.rglob("*.*")} for root in (SHIPPED_CACHE, tmp_path / "target")]
    assert names[0] == names[1]
