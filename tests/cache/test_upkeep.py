from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from cache.entries import OUTCOMES, key_lock
from cache.files import CorruptEntry
from cache.folder import Store
from cache.keys import key_of
from cache.listing import entries
from cache.upkeep import delete, find, manifest_of, prune, verify

KEYS = sorted(key_of("outcomes", 1, {"i": i}) for i in range(4))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four entries of one size, the first the oldest."""
    store = Store(tmp_path)
    for age, key in enumerate(reversed(KEYS)):
        store.outcomes.save(key, {"i": key}, {"item_id": ["a"], "correct": [True]})
        path = payload(tmp_path, key).with_suffix(".json")
        manifest = store.outcomes.entries.read_manifest(key)
        assert manifest is not None
        dated = type(manifest)(**{**vars(manifest), "created": f"2026-01-0{4 - age}T00:00:00+00:00"})
        path.write_bytes(dated.to_json())
    return tmp_path


def payload(root: Path, key: str) -> Path:
    return root / "outcomes" / f"{key}.parquet"


def stored(root: Path) -> list[str]:
    return [entry.key for entry in entries(root)]


def test_verify_names_what_is_damaged_and_counts(root: Path) -> None:
    told: list[tuple[int, int]] = []
    assert verify(root, lambda done, total: told.append((done, total))) == []
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    path = payload(root, KEYS[1])
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    payload(root, KEYS[2]).unlink()
    payload(root, KEYS[3]).with_suffix(".json").unlink()
    assert [error.path.stem for error in verify(root)] == KEYS[1:3]
    assert verify(root / "absent") == []


def test_an_entry_is_found_by_the_beginning_of_its_key(root: Path) -> None:
    found, manifest = manifest_of(root, KEYS[0][:6])
    assert (found.kind, found.key, manifest.key_inputs) == (OUTCOMES, KEYS[0], {"i": KEYS[0]})
    twin = f"{KEYS[0][:8]}{'0' * 24}"
    Store(root).outcomes.save(twin, {}, {"item_id": ["a"], "correct": [True]})
    for prefix, sentence in (
        (KEYS[0][:8], "2 entries .* give more digits"),
        ("0" * 31 + "f", "No entry .* begins with"),
        (KEYS[0][:3], "too short"),
        ("../../etc", "No entry"),
    ):
        with pytest.raises(ValueError, match=sentence):
            find(root, prefix)
    payload(root, KEYS[1]).with_suffix(".json").unlink()
    with pytest.raises(CorruptEntry, match="never finished"):
        manifest_of(root, KEYS[1])


def test_delete_frees_payload_and_manifest(root: Path) -> None:
    before = sum(entry.size_bytes for entry in entries(root))
    freed = delete(root, KEYS[2][:10])
    assert stored(root) == [KEYS[0], KEYS[1], KEYS[3]]
    assert freed == before - sum(entry.size_bytes for entry in entries(root))
    assert not list((root / "outcomes").glob(f"{KEYS[2]}*"))


def test_prune_takes_the_oldest_and_what_was_left_over(root: Path) -> None:
    left_over = root / "outcomes" / f".{KEYS[3]}.parquet.0f.tmp"
    left_over.write_bytes(b"12345")
    (root / "outcomes" / ".mine.tmp").write_bytes(b"1")
    sizes = [entry.size_bytes for entry in entries(root) if entry.key in KEYS]
    assert [entry.key for entry in prune(root, 10**9)] == [left_over.name]
    assert [entry.key for entry in prune(root, sum(sizes[2:]) + 1)] == KEYS[:2]
    assert stored(root) == [*KEYS[2:], ".mine.tmp"]
    assert [entry.key for entry in prune(root, 0)] == KEYS[2:]


def test_prune_leaves_what_somebody_works_on(root: Path) -> None:
    path = root / "outcomes" / f".{KEYS[0]}.parquet.0f.tmp"
    path.write_bytes(b"12345")
    held, done = threading.Event(), threading.Event()

    def work() -> None:
        with key_lock(root, KEYS[0]):
            held.set()
            done.wait(30)

    worker = threading.Thread(target=work)
    worker.start()
    assert held.wait(30)
    assert {entry.key for entry in prune(root, 0)} == set(KEYS[1:])
    assert path.exists()
    done.set()
    worker.join()
    assert {entry.key for entry in prune(root, 0)} == {KEYS[0], path.name}


def test_a_half_deleted_entry_is_not_served(root: Path) -> None:
    payload(root, KEYS[0]).with_suffix(".json").unlink()
    assert Store(root).outcomes.load(KEYS[0]) is None
    assert delete(root, KEYS[0]) > 0
    assert KEYS[0] not in stored(root)
    assert json.loads(payload(root, KEYS[1]).with_suffix(".json").read_text())["key"] == KEYS[1]
