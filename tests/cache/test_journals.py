from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.entries import OUTCOMES, EntryFolder, Kind
from cache.files import CorruptEntry, checksum_of, set_aside
from cache.folder import Store
from cache.journals import Journal, journal_path, read_journal, usable_batches
from cache.keys import key_of
from cache.upkeep import Entry, delete, entries, manifest_of, prune, verify
from tests.cache.damage import cut, flipped

KEY = key_of("outcomes", 1, {"i": 0})
KEY_INPUTS = {"benchmark": "gsm8k", "n": 6}
BATCHES: list[list[dict[str, Any]]] = [
    [{"item_id": "a/1", "loglikelihoods": [-0.1, -1.5e-7]}, {"item_id": "a/2", "text": "é\n\x00\ud800"}],
    [{"item_id": "a/3", "score": 1.0, "tokens": None}],
    [{"item_id": "a/4", "correct": True}, {"item_id": "a/5"}],
]


def write(folder: EntryFolder, batches: list[list[dict[str, Any]]], key: str = KEY) -> Path:
    with Journal(folder, key, KEY_INPUTS, []) as journal:
        for batch in batches:
            journal.append(batch, settle=False)
    return journal_path(folder, key)


@pytest.fixture
def folder(tmp_path: Path) -> EntryFolder:
    folder = Store(tmp_path).outcomes.entries
    write(folder, BATCHES)
    return folder


def listed(root: Path) -> Entry:
    (entry,) = entries(root)
    return entry


def test_comes_back_as_written(folder: EntryFolder) -> None:
    kept = read_journal(folder, KEY)
    assert kept is not None
    assert (kept.batches, kept.key_inputs, kept.damage) == (BATCHES, KEY_INPUTS, None)
    assert usable_batches(kept) == BATCHES


def test_each_batch_is_there_when_it_is_appended_and_nothing_before_the_first(tmp_path: Path) -> None:
    folder = EntryFolder(tmp_path, OUTCOMES)
    with Journal(folder, KEY, KEY_INPUTS, []) as journal:
        assert not (tmp_path / "outcomes").exists()
        for number, batch in enumerate(BATCHES, start=1):
            journal.append(batch, settle=number == 2)
            kept = read_journal(folder, KEY)
            assert kept is not None
            assert kept.batches == BATCHES[:number]
        journal.remove()
    assert read_journal(folder, KEY) is None
    assert entries(tmp_path) == []


def test_goes_on_from_what_was_found(folder: EntryFolder) -> None:
    with Journal(folder, KEY, KEY_INPUTS, BATCHES[:2]) as journal:
        before = read_journal(folder, KEY)
        assert before is not None
        assert before.batches == BATCHES, "untouched as long as there is nothing new"
        journal.append([{"item_id": "new"}], settle=False)
    kept = read_journal(folder, KEY)
    assert kept is not None
    assert kept.batches == [*BATCHES[:2], [{"item_id": "new"}]]


def test_two_that_write_at_once_do_not_disturb_each_other(folder: EntryFolder) -> None:
    with (
        Journal(folder, KEY, KEY_INPUTS, []) as one,
        Journal(folder, KEY, KEY_INPUTS, []) as other,
    ):
        for batch in BATCHES:
            one.append(batch, settle=False)
            other.append(batch, settle=False)
            kept = read_journal(folder, KEY)
            assert kept is not None
            assert kept.damage is None
        one.remove()
        other.append([{"item_id": "late"}], settle=True)
        other.remove()
    assert read_journal(folder, KEY) is None


def test_a_torn_end_is_no_damage_and_is_left_out(folder: EntryFolder) -> None:
    lengths = set()
    for _ in cut(journal_path(folder, KEY)):
        kept = read_journal(folder, KEY)
        batches = usable_batches(kept)
        assert batches == BATCHES[: len(batches)]
        assert kept is None or kept.damage is None
        assert verify(folder.root) == []
        lengths.add(len(batches))
    assert lengths == {0, 1, 2}


def test_flipped_bytes_are_found_and_the_rest_is_kept(folder: EntryFolder) -> None:
    path = journal_path(folder, KEY)
    head = path.read_bytes().index(b"\n")
    last = path.read_bytes().rstrip(b"\n").rindex(b"\n")
    for place in flipped(path, step=7):
        try:
            kept = read_journal(folder, KEY)
        except CorruptEntry:
            assert place <= head
            continue
        assert kept is not None
        assert all(batch in BATCHES for batch in kept.batches)
        assert len(kept.batches) < len(BATCHES)
        # Where the last line end is gone, it looks like an end that was torn.
        assert kept.damage is not None or place >= last


def test_zeros_where_a_power_cut_lost_the_end(folder: EntryFolder) -> None:
    path = journal_path(folder, KEY)
    path.write_bytes(path.read_bytes() + b"\0" * 4096)
    kept = read_journal(folder, KEY)
    assert kept is not None
    assert (kept.batches, kept.damage) == (BATCHES, None)


@settings(max_examples=25)
@given(st.lists(st.lists(st.dictionaries(st.text(max_size=4), st.floats() | st.text(max_size=9)))))
def test_any_rows_come_back(tmp_path_factory: pytest.TempPathFactory, batches: list[Any]) -> None:
    folder = EntryFolder(tmp_path_factory.mktemp("cache"), OUTCOMES)
    write(folder, batches)
    found = usable_batches(read_journal(folder, KEY))
    assert repr(found) == repr(batches)  # by repr, as a NaN equals nothing


def test_of_another_version_or_key_is_of_no_use(folder: EntryFolder) -> None:
    newer = EntryFolder(folder.root, Kind("outcomes", ".parquet", OUTCOMES.format + 1))
    kept = read_journal(newer, KEY)
    assert kept is not None
    assert usable_batches(kept) == []
    other = key_of("outcomes", 1, {"i": 1})
    journal_path(folder, KEY).rename(journal_path(folder, other))
    with pytest.raises(CorruptEntry, match=f"under another key, {KEY}"):
        read_journal(folder, other)


@pytest.mark.parametrize(
    "body",
    [b"[]", b'{"journal":1}', b"[" * 100_000, b"NaN", b'{"journal":"1","format":2,"key":[],"created":0}'],
)
def test_odd_records_with_right_checksums_are_damage(folder: EntryFolder, body: bytes) -> None:
    line = b"%d %s %s\n" % (len(body), checksum_of(body).encode(), body)
    path = journal_path(folder, KEY)
    whole = path.read_bytes()
    path.write_bytes(line + whole)
    with pytest.raises(CorruptEntry, match="first record was changed"):
        read_journal(folder, KEY)
    path.write_bytes(whole + line)
    kept = read_journal(folder, KEY)
    assert kept is not None
    assert kept.batches[:3] == BATCHES
    assert kept.damage is not None or body == b"[]"


def test_is_listed_shown_and_deleted_as_an_unfinished_run(folder: EntryFolder) -> None:
    entry = listed(folder.root)
    assert (entry.kind, entry.key, entry.is_unfinished, entry.broken) == ("outcomes", KEY, True, None)
    assert entry.summary == "5 items of benchmark=gsm8k n=6"
    assert entry.size_bytes == journal_path(folder, KEY).stat().st_size
    found, manifest = manifest_of(folder.root, KEY[:8])
    assert (found.key, manifest.key_inputs) == (KEY, KEY_INPUTS)
    assert manifest.details == {"unfinished": True, "items": 5}
    assert verify(folder.root) == []
    assert delete(folder.root, KEY[:8]) == entry.size_bytes
    assert entries(folder.root) == []


def test_damage_is_verified_set_aside_and_made_room_of(folder: EntryFolder) -> None:
    path = journal_path(folder, KEY)
    path.write_bytes(path.read_bytes().replace(b"a/3", b"a/9"))
    (damage,) = verify(folder.root)
    assert str(damage) == f"The cache entry {path} is damaged: 1 of its 3 batches were changed."
    assert listed(folder.root).broken == damage.reason
    set_aside(path)
    assert verify(folder.root) == []
    entry = listed(folder.root)
    assert (entry.key, entry.broken) == (
        f"{KEY}.part.damaged",
        "it was damaged, and set aside when it was computed anew",
    )
    assert prune(folder.root, 10**9) == [entry]
    assert entries(folder.root) == []


def test_makes_room_only_when_it_is_needed_and_not_while_it_is_written(folder: EntryFolder) -> None:
    assert prune(folder.root, 10**9) == []
    written, done = threading.Event(), threading.Event()

    def go_on() -> None:
        with Journal(folder, KEY, KEY_INPUTS, BATCHES) as journal:
            journal.append([{"item_id": "new"}], settle=False)
            written.set()
            done.wait(30)

    thread = threading.Thread(target=go_on)
    thread.start()
    assert written.wait(30)
    assert prune(folder.root, 0) == []
    done.set()
    thread.join()
    assert [entry.key for entry in prune(folder.root, 0)] == [KEY]
    assert entries(folder.root) == []


def test_of_a_run_that_is_stored_is_left_over(folder: EntryFolder) -> None:
    Store(folder.root).outcomes.save(KEY, KEY_INPUTS, {"item_id": ["a"], "correct": [True]})
    stored, left = entries(folder.root)
    assert (stored.broken, left.broken) == (None, "its run is stored by now")
    assert prune(folder.root, 10**9) == [left]
    assert entries(folder.root) == [stored]
