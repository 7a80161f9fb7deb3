"""The shipped cache has what today's code asks for on the demo model, whole, and no more."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from cache.entries import KINDS, EntryFolder
from cache.folder import Store
from cache.upkeep import verify
from core.experiment.experiment import Experiment
from core.models.description import selectable_weights
from core.phantom.ship_cache import ITEMS, SPEC, ship, shipped_benchmarks, shipped_keys, shipped_masks
from core.phantom.shipped import SHIPPED_CACHE

REMAKE = "the shipped cache is out of date: run `python -m core.phantom.ship_cache` (a minute) and commit it"
LARGEST_BYTES = 5_000_000


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(SPEC, Store(tmp_path, SHIPPED_CACHE))


def test_its_keys_are_those_that_todays_code_asks_for(experiment: Experiment) -> None:
    asked = {(folder.kind.name, key) for folder, key in shipped_keys(experiment)}
    folders = (EntryFolder(SHIPPED_CACHE, kind) for kind in KINDS)
    assert {(folder.kind.name, key) for folder in folders for key in folder.stored_keys()} == asked, REMAKE


def test_it_is_whole_and_small(experiment: Experiment) -> None:
    assert verify(SHIPPED_CACHE) == []
    for folder, key in shipped_keys(experiment):
        folder.read_manifest(key)  # of the format that is read today
    files = [path for path in SHIPPED_CACHE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST_BYTES
    kinds = {kind.name: kind.suffix for kind in KINDS}
    assert all(path.suffix in (".json", kinds[path.parent.name]) for path in files)


def test_every_ranking_is_long_enough_and_has_no_weight_twice(experiment: Experiment) -> None:
    for mask in shipped_masks():
        ranking = experiment.store.rankings.load(experiment.ranking_key(mask))
        assert ranking is not None
        weights = ranking.matrix_ids.astype(np.int64) << 32 | ranking.local_indices
        assert len(np.unique(weights)) == selectable_weights(mask.k, mask.variant, experiment.info)


def test_the_intact_model_answers_nearly_all_of_the_shipped_items(experiment: Experiment) -> None:
    keys = [experiment.request(None, benchmark, ITEMS).key for benchmark in shipped_benchmarks()]
    frames = experiment.store.outcomes.load_many(keys).frames
    assert len(frames) == len(keys)
    for frame in frames.values():
        assert frame.height == ITEMS
        assert frame["correct"].mean() > 0.9  # type: ignore[operator]


def test_what_is_shipped_anew_is_what_was_made(tmp_path: Path) -> None:
    (tmp_path / "target" / "rankings").mkdir(parents=True)
    (tmp_path / "target" / "rankings" / "old.json").write_text("")
    copytree(SHIPPED_CACHE, tmp_path / "made")
    assert ship(tmp_path / "made", tmp_path / "target") > 0
    assert verify(tmp_path / "target") == []
    names = [{path.name for path in root.rglob("*.*")} for root in (SHIPPED_CACHE, tmp_path / "target")]
    assert names[0] == names[1]
