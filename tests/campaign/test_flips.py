"""Bytes of cache files changed or cut off: what is read is right or called damaged, and never wrong."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from cache.entries import KINDS, EntryFolder
from cache.files import DAMAGED_SUFFIX, CorruptEntry
from cache.fingerprints import damage_of, fingerprint_files
from cache.folder import Store
from cache.journals import Journal, journal_path, read_journal, usable_batches
from cache.keys import key_of
from cache.upkeep import verify
from tests.campaign.profiles import Truth, arguments, assert_equal, finished_files

pytestmark = pytest.mark.slow

SEED = 30260
FLIPS, CUTS = 40, 12
"""Flipped and cut places of each file, in the short campaign."""

EVERY_BYTE_UP_TO = 8_192
"""The long campaign flips every byte of a file up to this size; of a larger one, as many, evenly spaced."""

KEY = key_of("campaign", 1, {})

SCORES = np.arange(12, dtype=np.float32).reshape(3, 4)

UNSTORED: dict[str, tuple[list[Any], ...]] = {
    "divergences": (
        ["a", "b"],
        [4, None],
        ["x", None],
        ["y", None],
        *([[0.5, None]] * 4),
        [[-0.5], []],
        [[-1.0], [-8.0]],
    ),
    "localizations": (["a"], ["top"], [0.5], [0.75]),
}
"""Columns of the kinds of which the profile stores nothing."""


class Stored(NamedTuple):
    """Something in a cache, and how to read it."""

    root: Path
    files: tuple[Path, ...]
    read: Callable[[], Any]
    """What it says, as plain values; None if there is nothing. Raises CorruptEntry if it is damaged."""


def stored_entry(root: Path, kind: str) -> Stored:
    """The first entry of a kind."""
    store = Store(root)
    folder: EntryFolder = getattr(store, kind).entries
    key = folder.stored_keys()[0]
    payload = folder.payload_path(key)

    def read() -> Any:
        if kind == "rankings":
            ranking = store.rankings.load(key)
            return ranking and (
                ranking.matrix_ids.tobytes(),
                ranking.local_indices.tobytes(),
                ranking.metadata,
            )
        if kind == "scores":
            arrays = store.scores.load(key, [SCORES.shape])
            return arrays and arrays[0].tobytes()
        if kind == "unit_scores":
            rows = store.unit_scores.load(key, SCORES.shape[1])
            return None if rows is None else rows.tobytes()
        if kind == "items":
            path = store.items.path(key)
            return path and Path(str(path)).read_bytes()
        frame = getattr(store, kind).load(key)
        return None if frame is None else frame.to_dicts()

    return Stored(root, (payload, payload.with_suffix(".json")), read)


def stored_journal(root: Path) -> Stored:
    """The journal of a run that was stopped after four batches of real outcomes."""
    store = Store(root)
    folder = store.outcomes.entries
    frame = store.outcomes.load(folder.stored_keys()[0])
    assert frame is not None
    rows = frame.to_dicts()
    with Journal(folder, KEY, {"benchmark": "x"}, []) as journal:
        for start in range(0, 16, 4):
            journal.append(rows[start : start + 4], settle=False)

    def read() -> Any:
        kept = read_journal(folder, KEY)
        if kept is not None and kept.damage is not None:
            assert all(batch in written for batch in usable_batches(kept))
            raise kept.damage
        return usable_batches(kept) or None

    written = read()
    return Stored(root, (journal_path(folder, KEY),), read)


def stored_fingerprints(root: Path) -> Stored:
    """The fingerprints of a model's files; they are read past damage, which is asked for in its own words."""
    memory = Store(root).fingerprint_memory
    model = root / "weights"
    model.write_bytes(b"weights")
    truth = fingerprint_files([model])

    def read() -> Any:
        damage = damage_of(memory)
        whole = memory.read_bytes()
        assert fingerprint_files([model], memory) == truth
        memory.write_bytes(whole)
        if damage is not None:
            raise damage
        return truth

    return Stored(root, (memory,), read)


@pytest.fixture(params=[*(kind.name for kind in KINDS), "journal", "fingerprints"])
def stored(request: pytest.FixtureRequest, truth: Truth, tmp_path: Path) -> Stored:
    root = tmp_path / "cache"
    shutil.copytree(truth.folder / "cache", root)
    if request.param == "journal":
        return stored_journal(root)
    if request.param == "fingerprints":
        return stored_fingerprints(root)
    if columns := UNSTORED.get(request.param):
        tables = getattr(Store(root), request.param)
        tables.save(KEY, {}, dict(zip(tables.schema, columns, strict=True)))
    if request.param == "scores":
        Store(root).scores.save(KEY, {}, [SCORES])
    if request.param == "unit_scores":
        Store(root).unit_scores.save(KEY, {}, SCORES)
    return stored_entry(root, request.param)


def flipped(content: bytes, place: int, mask: int) -> bytes:
    return content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :]


def some_damages(content: bytes, rng: random.Random) -> Iterator[bytes]:
    """Flips and cuts at places spread over the whole file, the first and the last byte among them."""
    last = len(content) - 1
    spread = [int((i + rng.random()) * len(content) / FLIPS) for i in range(FLIPS)]
    for place in (0, *spread, last):
        yield flipped(content, place, rng.randrange(1, 256))
    for length in (0, *(rng.randrange(len(content)) for _ in range(CUTS)), last):
        yield content[:length]


def all_damages(content: bytes, rng: random.Random) -> Iterator[bytes]:
    """Every byte flipped, and every length; of large files every so many."""
    step = -(-len(content) // EVERY_BYTE_UP_TO)
    for place in range(0, len(content), step):
        yield flipped(content, place, rng.randrange(1, 256))
        yield content[:place]


def check(stored: Stored, damages: Callable[[bytes, random.Random], Iterator[bytes]], seed: int) -> None:
    right, rng = stored.read(), random.Random(seed)
    assert right is not None
    for path in stored.files:
        whole, found = path.read_bytes(), 0
        for damaged in damages(whole, rng):
            path.write_bytes(damaged)
            try:
                read = stored.read()
            except CorruptEntry:
                found += 1
                continue
            finally:
                path.write_bytes(whole)
            # A journal that was cut has its first batches, and of one that is cut to nothing there is none.
            assert read is None or read == right or (path.suffix == ".part" and read == right[: len(read)])
        assert found > 0
        assert stored.read() == right


def test_what_is_damaged_is_never_served(stored: Stored) -> None:
    check(stored, some_damages, SEED)


@pytest.mark.long
def test_no_byte_can_be_changed_unnoticed(stored: Stored) -> None:
    check(stored, all_damages, SEED + 1)


def damage_every_entry(root: Path, rng: random.Random) -> dict[str, Path]:
    """Changes or cuts one file of every entry at random; the payload by the name that its sentence has."""
    found = {}
    for folder in (EntryFolder(root, kind) for kind in KINDS):
        for key in folder.stored_keys():
            payload = folder.payload_path(key)
            path = payload if rng.random() < 0.5 else payload.with_suffix(".json")
            content = path.read_bytes()
            place = rng.randrange(len(content))
            cut = rng.random() < 0.3
            path.write_bytes(content[:place] if cut else flipped(content, place, rng.randrange(1, 256)))
            with pytest.raises(CorruptEntry):
                folder.whole_payload(key)
            found[key] = payload
    return found


def heal(truth: Truth, folder: Path, seed: int) -> None:
    root = folder / "cache"
    shutil.copytree(truth.folder / "cache", root)
    damaged = damage_every_entry(root, random.Random(seed))
    assert {path.parent.name for path in damaged.values()} == {
        "rankings",
        "outcomes",
        "generation_quality",
        "items",
    }
    pid = truth.nursery.start(arguments(root, folder / "out"), folder)
    assert truth.nursery.status(pid) == 0, (folder / "stderr").read_text()
    said = (folder / "stderr").read_text().splitlines()
    for key in damaged:
        sentences = [line for line in said if key in line]
        assert len(sentences) == 1, f"told once: {sentences}"
        assert sentences[0].startswith("computed anew: The cache entry ")
        assert sentences[0].endswith(".")
    assert_equal(root, folder / "out", truth.folder)
    aside = {path.name.split(".")[0] for path in root.rglob(f"*{DAMAGED_SUFFIX}")}
    assert aside == set(damaged)
    assert verify(root) == []
    assert len(finished_files(root)) == 2 * len(damaged)


def test_a_profile_computes_anew_what_is_damaged_and_says_it(
    truth: Truth, tmp_path: Path, ends: None
) -> None:
    heal(truth, tmp_path, SEED)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 21))
def test_it_does_so_wherever_the_damage_is(truth: Truth, tmp_path: Path, ends: None, seed: int) -> None:
    heal(truth, tmp_path, SEED + seed)
