"""Files of the cache that are damaged, odd or out of reach: found, said, set aside, never served."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from cache.entries import LARGEST_MANIFEST_BYTES, EntryFolder, Kind, Manifest
from cache.files import CorruptEntry, Unwritable, checksum_of, seal_of
from cache.fingerprints import damage_of, fingerprint_files
from cache.folder import Store
from cache.keys import key_of
from cache.tables import Tables
from cache.upkeep import delete, entries, find, prune, verify

KEY = key_of("x", 1, {})


def save_all(store: Store) -> None:
    """An entry of each kind."""
    store.rankings.save(KEY, {}, np.zeros(3, np.int16), np.arange(3, dtype=np.int32), {"a": 1})
    store.outcomes.save(KEY, {}, {"item_id": ["a"], "correct": [True]})
    for tables in (store.divergences, store.generation_quality, store.items, store.localizations):
        save_empty(tables)


def save_empty(tables: Tables) -> None:
    tables.save(KEY, {}, {name: [] for name in tables.schema})


LOADS: dict[str, Callable[[Store], Any]] = {
    "rankings": lambda store: store.rankings.load(KEY),
    "outcomes": lambda store: store.outcomes.load(KEY),
    "divergences": lambda store: store.divergences.load(KEY),
    "generation_quality": lambda store: store.generation_quality.load(KEY),
    "items": lambda store: store.items.path(KEY),
    "localizations": lambda store: store.localizations.load(KEY),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "cache")
    save_all(store)
    return store


def folder_of(store: Store, kind: str) -> EntryFolder:
    folder = getattr(store, kind).entries
    assert isinstance(folder, EntryFolder)
    return folder


def sealed(fields: dict[str, Any]) -> bytes:
    """A manifest whose seal is right, whatever it says."""
    bare = {name: value for name, value in fields.items() if name != "seal"}
    return json.dumps({**bare, "seal": seal_of(bare)}).encode()


ODD_FIELDS: list[dict[str, Any]] = [
    {"key": ["x"]},
    {"key": "../../x"},
    {"format": "1"},
    {"format": True},
    {"created": 3},
    {"created": "yesterday"},
    {"created": "2026-01-01T00:00:00"},
    {"size_bytes": -1},
    {"size_bytes": 1.5},
    {"checksum": None},
    {"key_inputs": []},
    {"key_inputs": "x"},
    {"details": [["n", 1]]},
    {"details": None},
    {"more": 1},
]


@pytest.mark.parametrize("kind", LOADS)
@pytest.mark.parametrize("odd", ODD_FIELDS, ids=str)
def test_odd_fields_under_a_right_seal_are_damage(store: Store, kind: str, odd: dict[str, Any]) -> None:
    path = folder_of(store, kind).payload_path(KEY).with_suffix(".json")
    path.write_bytes(sealed({**json.loads(path.read_bytes()), **odd}))
    with pytest.raises(CorruptEntry):
        LOADS[kind](store)
    assert [error.path for error in verify(store.root)] == [path]
    assert sum(entry.broken is not None for entry in entries(store.root)) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"x"',
        b"{}",
        b'{"seal": NaN}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"\xff\xfe",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_no_manifest_at_all_is_damage(store: Store, content: bytes) -> None:
    path = folder_of(store, "outcomes").payload_path(KEY).with_suffix(".json")
    path.write_bytes(content)
    with pytest.raises(CorruptEntry, match="its manifest"):
        store.outcomes.load(KEY)
    assert len(verify(store.root)) == 1


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "1e999", "9" * 5000])
def test_numbers_that_are_none_are_damage(store: Store, constant: str) -> None:
    path = folder_of(store, "outcomes").payload_path(KEY).with_suffix(".json")
    text = path.read_text()
    path.write_text(text.replace('"n": 1', f'"n": {constant}'))
    assert path.read_text() != text
    with pytest.raises(CorruptEntry, match="its manifest"):
        store.outcomes.load(KEY)


def test_a_manifest_without_end_is_not_read(store: Store) -> None:
    path = folder_of(store, "rankings").payload_path(KEY).with_suffix(".json")
    with path.open("r+b") as file:
        file.truncate(LARGEST_MANIFEST_BYTES + 1)
    with pytest.raises(CorruptEntry, match="far larger than any"):
        store.rankings.load(KEY)


ODD_DETAILS: dict[str, list[Any]] = {
    "rankings": [{}, {"n": "3"}, {"n": 3, "blocks": {}}, {"n": 3, "blocks": ["x"], "metadata": {}}],
    "outcomes": [{}, {"n": "1"}, {"n": 2}, {"n": None}],
    "divergences": [{}, {"n": 7}],
    "generation_quality": [{}, {"n": []}],
    "localizations": [{}, {"n": -1}],
}


@pytest.mark.parametrize("kind", ODD_DETAILS)
def test_odd_details_under_a_right_seal_are_damage(store: Store, kind: str) -> None:
    path = folder_of(store, kind).payload_path(KEY).with_suffix(".json")
    fields = json.loads(path.read_bytes())
    for details in ODD_DETAILS[kind]:
        path.write_bytes(sealed({**fields, "details": details}))
        with pytest.raises(CorruptEntry):
            LOADS[kind](store)


@pytest.mark.parametrize("kind", sorted(LOADS.keys() - {"items"}))
def test_payloads_of_another_form_are_damage(store: Store, kind: str) -> None:
    folder = folder_of(store, kind)
    details = json.loads(folder.payload_path(KEY).with_suffix(".json").read_bytes())["details"]
    foreign = store.root / "foreign"
    pl.DataFrame({"x": [1]}).write_parquet(foreign)
    for content in (b"", b"no payload", foreign.read_bytes()):
        folder.write(KEY, content, {}, details)
        with pytest.raises(CorruptEntry):
            LOADS[kind](store)


def test_one_of_another_form_does_not_take_other_outcomes_along(store: Store) -> None:
    other = key_of("x", 1, {"other": 1})
    foreign = store.root / "foreign"
    pl.DataFrame({"x": [1]}).write_parquet(foreign)
    store.outcomes.entries.write(other, foreign.read_bytes(), {}, {"n": 1})
    loaded = store.outcomes.load_many([other, KEY])
    assert list(loaded.frames) == [KEY]
    assert loaded.frames[KEY]["item_id"].to_list() == ["a"]
    assert [error.path.stem for error in loaded.corrupt] == [other]


@pytest.mark.parametrize("kind", LOADS)
@pytest.mark.parametrize("suffix", [".json", ""])
def test_what_cannot_be_read_is_as_good_as_damaged(store: Store, kind: str, suffix: str) -> None:
    path = folder_of(store, kind).payload_path(KEY)
    path = path.with_suffix(suffix) if suffix else path
    path.unlink()
    path.mkdir()  # reading a folder fails for whoever reads it, root included
    with pytest.raises(CorruptEntry, match=r"cannot be read|payload is missing"):
        LOADS[kind](store)


@pytest.mark.parametrize("kind", LOADS)
def test_what_is_damaged_is_set_aside_and_counted(store: Store, kind: str) -> None:
    folder = folder_of(store, kind)
    path = folder.payload_path(KEY)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    before = sum(part.stat().st_size for part in (path, path.with_suffix(".json")))
    folder.set_aside(KEY)
    assert LOADS[kind](store) is None
    assert verify(store.root) == []
    aside = [entry for entry in entries(store.root) if entry.broken]
    assert {entry.key for entry in aside} == {f"{KEY}.json.damaged", f"{path.name}.damaged"}
    assert sum(entry.size_bytes for entry in aside) == before
    (root, others) = store.root, [one for one in LOADS if one != kind]
    assert len(prune(root, 10**9)) == 2
    assert {entry.kind for entry in entries(root)} == set(others)


def test_only_what_is_damaged_is_set_aside(store: Store) -> None:
    folder = store.outcomes.entries
    folder.set_aside(KEY)
    assert LOADS["outcomes"](store) is not None
    newer = EntryFolder(store.root, Kind("outcomes", ".parquet", 99))
    newer.set_aside(KEY)
    assert LOADS["outcomes"](store) is not None
    path = folder.payload_path(KEY)
    path.write_bytes(b"")
    folder.set_aside(KEY)
    store.outcomes.save(KEY, {}, {"item_id": ["b"], "correct": [True]})
    assert LOADS["outcomes"](store)["item_id"].to_list() == ["b"]


def test_deleting_a_key_deletes_what_was_set_aside_of_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.outcomes.save(KEY, {}, {"item_id": ["a"], "correct": [True]})
    store.outcomes.entries.payload_path(KEY).write_bytes(b"")
    store.outcomes.entries.set_aside(KEY)
    assert find(tmp_path, KEY[:8]).key == KEY
    assert delete(tmp_path, KEY) > 0
    assert entries(tmp_path) == []


def test_the_fingerprints_are_sealed(tmp_path: Path) -> None:
    model, memory = tmp_path / "model", Store(tmp_path).fingerprint_memory
    model.write_bytes(b"weights")
    os.utime(model, (1_700_000_000, 1_700_000_000))
    truth = fingerprint_files([model], memory)
    assert damage_of(memory) is None
    text = memory.read_text()
    digest = checksum_of(b"weights")
    for odd in (
        text.replace(digest, digest[:-1] + "0"),
        text[:-5],
        "[" * 200_000,
        '{"files": [], "seal": NaN}',
        "{}",
    ):
        memory.write_text(odd)
        (damage,) = verify(tmp_path)
        assert damage.path == memory
        assert fingerprint_files([model], memory) == truth
        assert verify(tmp_path) == []


def test_fingerprints_do_without_a_memory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "model").write_bytes(b"weights")
    memory = Store(tmp_path / "file" / "cache").fingerprint_memory
    truth = fingerprint_files([tmp_path / "model"])
    os.utime(tmp_path / "model", (1_700_000_000, 1_700_000_000))
    assert fingerprint_files([tmp_path / "model"], memory) == truth


@pytest.fixture
def nowhere(tmp_path: Path) -> Store:
    """A cache where no folder can be made: not even root can make one below a file."""
    (tmp_path / "file").write_bytes(b"")
    return Store(tmp_path / "file" / "cache")


def test_what_cannot_be_written_is_served_from_memory(nowhere: Store, tmp_path: Path) -> None:
    saves: list[Callable[[], None]] = [
        lambda: nowhere.rankings.save(KEY, {"i": 0}, np.zeros(3, np.int16), np.arange(3, dtype=np.int32), {}),
        lambda: nowhere.outcomes.save(KEY, {"i": 0}, {"item_id": ["a"], "correct": [True]}),
        lambda: save_empty(nowhere.generation_quality),
        lambda: save_empty(nowhere.items),
    ]
    for save in saves:
        with pytest.raises(
            Unwritable, match=r"file/cache cannot be written to \(Not a directory\): .* --cache-dir"
        ):
            save()
    ranking = nowhere.rankings.load(KEY, 2)
    assert ranking is not None
    assert (ranking.local_indices.tolist(), nowhere.rankings.length(KEY)) == ([0, 1], 3)
    assert nowhere.outcomes.load(KEY)["item_id"].to_list() == ["a"]  # type: ignore[index]
    assert nowhere.outcomes.entries.has(KEY)
    assert nowhere.generation_quality.load(KEY) is not None
    payload = nowhere.items.path(KEY)
    assert isinstance(payload, bytes)
    assert pl.scan_parquet(payload).collect().is_empty()
    assert isinstance(nowhere.items.entries.read_manifest(KEY), Manifest)
    assert entries(nowhere.root) == verify(nowhere.root) == []
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert Store(nowhere.root).outcomes.load(KEY) is None, "of this object alone"


def test_what_can_be_written_later_is_no_longer_held(nowhere: Store) -> None:
    columns = {"item_id": ["a"], "correct": [True]}
    with pytest.raises(Unwritable):
        nowhere.outcomes.save(KEY, {}, columns)
    nowhere.root.parent.unlink()
    nowhere.outcomes.save(KEY, {}, columns)
    assert not nowhere.outcomes.entries.held
    assert Store(nowhere.root).outcomes.load(KEY) is not None


def test_a_write_that_fails_leaves_the_entry_that_is_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = store.outcomes.entries.payload_path(KEY).stat().st_size
    many = {"item_id": [f"{i:x}" for i in range(5000)], "correct": [True] * 5000}
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        with pytest.raises(Unwritable, match="File too large"):
            store.outcomes.save(KEY, {}, many)
        numbers = np.arange(5000)
        with pytest.raises(Unwritable, match="File too large"):
            store.rankings.save(KEY, {}, numbers.astype(np.int16), numbers.astype(np.int32), {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(LOADS["outcomes"](store)) == 5000, "from memory"
    assert len(LOADS["rankings"](store).matrix_ids) == 5000
    again = Store(store.root)
    assert len(LOADS["outcomes"](again)) == 1
    assert len(LOADS["rankings"](again).matrix_ids) == 3
    assert not [entry for entry in entries(store.root) if entry.broken], "nothing is left behind"
