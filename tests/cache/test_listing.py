from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from cache.entries import OUTCOMES, EntryFolder, Kind, OtherFormat
from cache.folder import Store
from cache.keys import key_of
from cache.listing import Entry, entries
from cache.upkeep import delete, manifest_of, prune, verify

INGREDIENTS = {"model": "0123456789abcdef" * 2, "ability": "temporal_reasoning", "k": 0.01, "items": [1, 2]}
KEY = key_of("ranking", 1, INGREDIENTS)


def filled(root: Path) -> Store:
    store = Store(root)
    store.rankings.save(KEY, INGREDIENTS, np.zeros(3, np.int16), np.zeros(3, np.int32), {})
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


def test_an_entry_of_another_version_is_outdated_and_not_broken(tmp_path: Path) -> None:
    filled(tmp_path)
    before = EntryFolder(tmp_path, Kind("outcomes", ".parquet", OUTCOMES.format - 1))
    before.write("0" * 32, b"rows", {"benchmark": "gsm8k"}, {"n": 1})
    (old,) = [entry for entry in entries(tmp_path) if entry.is_outdated]
    assert (old.kind, old.key, old.summary, old.broken) == ("outcomes", "0" * 32, "benchmark=gsm8k", None)
    assert verify(tmp_path) == []
    with pytest.raises(OtherFormat, match="of another version of abilityscope"):
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
