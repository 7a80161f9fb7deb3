"""A read-only cache folder below the user's: served from, checked, never written to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cache.entries import EntryFolder
from cache.files import CorruptEntry, checksum_of_file
from cache.folder import Store
from cache.keys import key_of

KEY, OTHER = key_of("x", 1, {}), key_of("x", 1, {"other": True})
KINDS = ("rankings", "outcomes", "generation_quality")


def save(store: Store, rows: int, key: str = KEY) -> None:
    """An entry of some kinds, of so many rows or weights."""
    store.rankings.save(key, {}, np.zeros(rows, np.int16), np.arange(rows, dtype=np.int32), {})
    store.outcomes.save(key, {}, {"item_id": ["a"] * rows, "correct": [True] * rows})
    quality = store.generation_quality
    quality.save(key, {}, {name: [None] * rows for name in quality.schema})


ROWS: dict[str, Callable[[Store], Any]] = {
    "rankings": lambda store: store.rankings.length(KEY),
    "outcomes": lambda store: len(store.outcomes.load_many([KEY]).frames[KEY]),
    "generation_quality": lambda store: store.generation_quality.load(KEY).height,
}


def entries_of(store: Store, kind: str) -> EntryFolder:
    folder = getattr(store, kind).entries
    assert isinstance(folder, EntryFolder)
    return folder


def contents(root: Path) -> dict[str, str]:
    return {str(path): checksum_of_file(path) for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A shipped folder, in which every entry has 3 rows."""
    save(Store(tmp_path / "maker"), 3)
    (tmp_path / "shipped").mkdir()
    for kind in KINDS:
        (tmp_path / "maker" / kind).rename(tmp_path / "shipped" / kind)
    return tmp_path / "shipped"


@pytest.fixture
def store(tmp_path: Path, shipped: Path) -> Store:
    return Store(tmp_path / "own", shipped)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_stored_is_served_from_it(store: Store, shipped: Path, kind: str) -> None:
    before = contents(shipped)
    entries = entries_of(store, kind)
    assert ROWS[kind](store) == 3
    assert entries.has(KEY)
    assert entries.is_shipped(KEY)
    assert entries.whole_payload(KEY) == entries.read_path(KEY)
    assert entries.read_path(KEY).is_relative_to(shipped)
    assert entries.stored_keys() == []
    assert not entries.has(OTHER)
    assert entries.read_manifest(OTHER) is None
    assert contents(shipped) == before
    assert not store.root.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_stored_comes_first(store: Store, shipped: Path, kind: str) -> None:
    before = contents(shipped)
    save(store, 5)
    assert ROWS[kind](store) == 5
    assert not entries_of(store, kind).is_shipped(KEY)
    entries_of(store, kind).payload_path(KEY).with_suffix(".json").unlink()
    assert ROWS[kind](store) == 3, "an entry that was never finished is none"
    assert contents(shipped) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["payload", "manifest"])
def test_a_damaged_one_is_said_and_then_ignored(store: Store, shipped: Path, kind: str, part: str) -> None:
    path = entries_of(Store(shipped), kind).payload_path(KEY)
    path = path if part == "payload" else path.with_suffix(".json")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    before = contents(shipped)
    entries = entries_of(store, kind)
    with pytest.raises(CorruptEntry, match=str(shipped)):
        entries.whole_payload(KEY)
    entries.set_aside(KEY)
    assert entries.whole_payload(KEY) is None
    assert not entries.has(KEY)
    save(store, 5)
    assert ROWS[kind](store) == 5
    assert contents(shipped) == before


def test_a_damaged_entry_of_ones_own_is_set_aside_and_the_shipped_one_served(store: Store) -> None:
    save(store, 5)
    path = store.outcomes.entries.payload_path(KEY)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    (error,) = store.outcomes.load_many([KEY]).corrupt
    assert error.path == path
    store.outcomes.entries.set_aside(KEY)
    assert ROWS["outcomes"](store) == 3
    assert len(list(path.parent.glob("*.damaged"))) == 2


def test_without_a_shipped_folder_nothing_is_served(store: Store, tmp_path: Path) -> None:
    assert Store(tmp_path / "own").outcomes.load(KEY) is None
    assert Store(tmp_path / "own", tmp_path / "none").outcomes.load(KEY) is None
