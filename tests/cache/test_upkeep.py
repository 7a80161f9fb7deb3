"""What `cache ls`, `info`, `verify`, `rm` and `prune` rest on."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from cache.entries import OUTCOMES, EntryFolder, Kind
from cache.files import CorruptEntry, OtherVersion, key_lock
from cache.folder import Store
from cache.keys import key_of
from cache.upkeep import Entry, delete, entries, find, manifest_of, prune, verify

KEY_INPUTS = {"model": "0123456789abcdef" * 2, "ability": "temporal_reasoning", "k": 0.01, "items": [1, 2]}
KEY = key_of("ranking", 1, KEY_INPUTS)
KEYS = sorted(key_of("outcomes", 1, {"i": i}) for i in range(4))


def filled(root: Path) -> Store:
    store = Store(root)
    store.rankings.save(KEY, KEY_INPUTS, np.zeros(3, np.int16), np.zeros(3, np.int32), {})
    store.outcomes.save(KEY, {"benchmark": "x"}, {"item_id": ["a"], "correct": [True]})
    return store


def the_ranking(root: Path) -> Entry:
    return next(entry for entry in entries(root) if entry.kind == "rankings")


def test_an_empty_or_absent_folder_has_no_entries(tmp_path: Path) -> None:
    assert entries(tmp_path) == entries(tmp_path / "absent") == []


def test_says_what_is_there(tmp_path: Path) -> None:
    filled(tmp_path)
    assert [(entry.kind, entry.key) for entry in entries(tmp_path)] == [("rankings", KEY), ("outcomes", KEY)]
    ranking = the_ranking(tmp_path)
    assert ranking.size_bytes == sum(path.stat().st_size for path in (tmp_path / "rankings").iterdir())
    assert ranking.summary == "ability=temporal_reasoning k=0.01 model=0123456789ab"
    assert ranking.broken is None
    assert ranking.created is not None
    age_s = (datetime.now(UTC) - datetime.fromisoformat(ranking.created)).total_seconds()
    assert 0 <= age_s < 60


def test_broken_entries_are_listed_as_broken(tmp_path: Path) -> None:
    path = filled(tmp_path).rankings.entries.payload_path(KEY)
    manifest, payload = path.with_suffix(".json").read_bytes(), path.read_bytes()
    reasons = []
    for new_manifest, new_payload in ((b"{", payload), (manifest, b""), (manifest, None), (None, payload)):
        for part, content in ((path.with_suffix(".json"), new_manifest), (path, new_payload)):
            part.unlink(missing_ok=True)
            if content is not None:
                part.write_bytes(content)
        reasons.append(the_ranking(tmp_path).broken)
    assert reasons == [
        "its manifest is not JSON",
        f"it has 0 bytes in place of {len(payload)}",
        "its payload is missing",
        "its manifest is missing: it was never finished",
    ]
    assert len(entries(tmp_path)) == 2


def test_an_entry_of_an_earlier_format_is_named_and_not_broken(tmp_path: Path) -> None:
    filled(tmp_path)
    before = EntryFolder(tmp_path, Kind("outcomes", ".parquet", OUTCOMES.format - 1))
    before.write("0" * 32, b"rows", {"benchmark": "gsm8k"}, {"n": 1})
    (old,) = [entry for entry in entries(tmp_path) if entry.is_of_other_version]
    assert (old.kind, old.key, old.summary, old.broken) == ("outcomes", "0" * 32, "benchmark=gsm8k", None)
    assert verify(tmp_path) == []
    with pytest.raises(OtherVersion, match="of another version of abilityscope"):
        manifest_of(tmp_path, "0000")
    assert prune(tmp_path, sum(entry.size_bytes for entry in entries(tmp_path)) - 1) == [old]
    before.write("0" * 32, b"rows", {}, {})
    assert delete(tmp_path, "0000") > 0
    assert len(entries(tmp_path)) == 2


def test_left_over_and_foreign_files(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "rankings" / f".{KEY}.safetensors.0f.tmp").write_bytes(b"12345")
    (tmp_path / "rankings" / "notes.txt").write_text("mine")
    broken = [entry for entry in entries(tmp_path) if entry.broken]
    assert [(entry.kind, entry.size_bytes) for entry in broken] == [("rankings", 5)]


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
    counts: list[tuple[int, int]] = []
    assert verify(root, lambda done, total: counts.append((done, total))) == []
    assert counts == [(1, 4), (2, 4), (3, 4), (4, 4)]
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
