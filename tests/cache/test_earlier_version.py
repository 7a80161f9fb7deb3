"""A cache of an earlier version, with other folder and field names: named, deletable, never served."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cache.entries import KINDS, EntryFolder
from cache.files import OtherVersion, checksum_of, seal_of
from cache.folder import Store
from cache.journals import Journal, _line, read_journal, usable_batches
from cache.keys import key_of
from cache.upkeep import delete, entries, find, manifest_of, prune, verify
from tui.command_line import run
from tui.inspector.stored.entries import arrangement, details_of, read_entries

SUFFIXES = {
    "rankings": ".safetensors",
    "outcomes": ".parquet",
    "items": ".parquet",
    "partings": ".parquet",
    "health": ".parquet",
    "separations": ".parquet",
}
PAYLOAD = b"rows in an earlier layout"
NOW = key_of("outcomes", 1, {"now": True})


def key(kind: str) -> str:
    return key_of(kind, 0, {})


def write_old(root: Path, kind: str) -> Path:
    """An entry as an earlier version wrote it: its manifest says `ingredients` for `key_inputs`."""
    fields: dict[str, Any] = {
        "key": key(kind),
        "format": 2 if kind == "outcomes" else 1,
        "created": "2026-01-01T00:00:00+00:00",
        "size_bytes": len(PAYLOAD),
        "checksum": checksum_of(PAYLOAD),
        "ingredients": {"benchmark": "gsm8k", "form": "items", "n": 3},
        "details": {"n": 3},
    }
    path = root / kind / f"{key(kind)}{SUFFIXES[kind]}"
    path.parent.mkdir(parents=True)
    path.write_bytes(PAYLOAD)
    path.with_suffix(".json").write_text(json.dumps({**fields, "seal": seal_of(fields)}, indent=1))
    return path


def write_old_journal(root: Path) -> None:
    head = {"journal": 1, "format": 2, "key": key("journal"), "created": "2026-01-01T00:00:00+00:00"}
    path = root / "outcomes" / f"{key('journal')}.part"
    path.write_bytes(_line({**head, "ingredients": {"n": 6}}) + _line([{"item_id": "a"}, {"item_id": "b"}]))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An earlier version's cache, with one entry of this version in it."""
    root = tmp_path / "cache"
    for kind in SUFFIXES:
        write_old(root, kind)
    write_old_journal(root)
    Store(root).outcomes.save(NOW, {"now": True}, {"item_id": ["a"], "correct": [True]})
    return root


OLD = {*map(key, SUFFIXES), key("journal")}


def test_every_entry_is_named_and_none_is_damage(root: Path) -> None:
    found = entries(root)
    assert {entry.key for entry in found if entry.version == "earlier"} == OLD
    assert [entry.key for entry in found if entry.version != "earlier"] == [NOW]
    assert not [entry for entry in found if entry.broken]
    assert {entry.summary for entry in found if entry.kind == "partings"} == {
        "benchmark=gsm8k form=items n=3"
    }
    assert verify(root) == []


def test_none_is_served(root: Path) -> None:
    store = Store(root)
    for read in (store.rankings.load, store.rankings.length, store.outcomes.load, store.items.load):
        kind = read.__self__.entries.kind.name  # type: ignore[attr-defined]
        with pytest.raises(OtherVersion, match="is of an earlier version of abilityscope"):
            read(key(kind))
    with pytest.raises(OtherVersion):
        store.items.path(key("items"))
    assert store.outcomes.load_many([key("outcomes"), NOW]).frames.keys() == {NOW}
    for kind in SUFFIXES:
        with pytest.raises(OtherVersion, match="'abilityscope cache rm' deletes it"):
            manifest_of(root, key(kind))
    kept = read_journal(store.outcomes.entries, key("journal"))
    assert kept is not None
    assert (kept.version, kept.damage, usable_batches(kept)) == ("earlier", None, [])


def test_no_damage_of_theirs_is_reported_or_set_aside(root: Path) -> None:
    for kind in SUFFIXES:
        path = root / kind / f"{key(kind)}{SUFFIXES[kind]}"
        path.write_bytes(b"cut")
    (root / "health" / f"{key('health')}.json").write_bytes(b"{")
    (root / "partings" / f"{key('partings')}.json").unlink()
    journal = root / "outcomes" / f"{key('journal')}.part"
    journal.write_bytes(journal.read_bytes().replace(b'"b"', b'"c"'))
    assert verify(root) == []
    assert {entry.key for entry in entries(root) if entry.version == "earlier"} == OLD
    assert not [entry for entry in entries(root) if entry.broken]
    for kind in ("health", "partings"):
        with pytest.raises(OtherVersion):
            manifest_of(root, key(kind))
    for kind in KINDS:
        EntryFolder(root, kind).set_aside(key(kind.name))
    assert not list(root.rglob("*.damaged"))


def test_a_run_under_the_same_key_begins_anew(root: Path) -> None:
    folder = Store(root).outcomes.entries
    with Journal(folder, key("journal"), {}, []) as journal:
        journal.append([{"item_id": "new"}], settle=False)
    assert usable_batches(read_journal(folder, key("journal"))) == [[{"item_id": "new"}]]


def test_each_can_be_deleted(root: Path) -> None:
    for name in OLD:
        assert find(root, name[:10]).key == name
        assert delete(root, name[:10]) > 0
    assert [entry.key for entry in entries(root)] == [NOW]
    assert not [
        path
        for path in root.rglob("*")
        if path.is_file() and path.stem in OLD and path.parent.name != "locks"
    ]


def test_room_is_made_of_them_first(root: Path) -> None:
    (root / "partings" / f".{key('partings')}.parquet.0f.tmp").write_bytes(b"left by a killed writer")
    assert [entry.kind for entry in prune(root, 10**9)] == ["partings"]
    (left,) = (entry.size_bytes for entry in entries(root) if entry.key == NOW)
    assert {entry.key for entry in prune(root, left)} == OLD
    assert [entry.key for entry in entries(root)] == [NOW]


def test_commands_say_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--cache-dir", str(root)]
    assert run(["cache", "ls", "--limit", "100", *at]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in OLD:
        (line,) = [line for line in lines if name[:12] in line]
        assert "of an earlier version, not used: " in line
    assert sum("earlier version" in line for line in lines) == len(OLD)
    assert run(["cache", "verify", *at]) == 0
    out, err = capsys.readouterr()
    assert out == "Every entry is intact.\n"
    assert f"{len(OLD)} of an earlier version, not used: " in err
    assert run(["cache", "info", key("health"), *at]) == 1
    assert "is of an earlier version of abilityscope. It is not used" in capsys.readouterr().err
    assert run(["cache", "rm", key("health")[:8], *at]) == 0
    assert "Deleted health" in capsys.readouterr().out
    assert run(["cache", "prune", "--max-size", "0", *at]) == 0
    assert entries(root) == []


def test_the_cache_tab_says_it(root: Path) -> None:
    found = read_entries(Store(root), {}, "fingerprint")
    shown = arrangement(found, {}, "by kind", "of an earlier version, not used:")
    assert {stored.entry.key for stored in shown.entries} == OLD
    assert len(found) == len(OLD) + 1
    assert "broken" not in shown.summary
    assert all(stored.reason_to_stay == "" for stored in shown.entries)
    for stored in shown.entries:
        assert details_of(Store(root), stored)[1].startswith("of an earlier version, not used: ")
    assert read_entries(Store(root), found, "fingerprint").keys() == found.keys()
