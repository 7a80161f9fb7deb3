"""Keeps the cache in order: finds what is damaged, deletes what is not wanted, makes room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cache.entries import KINDS, EntryFolder, Kind, Manifest, OtherFormat, key_lock
from cache.files import Busy, CorruptEntry
from cache.keys import is_key
from cache.listing import Entry, entries

SHORTEST_PREFIX = 4
"""Digits of a key that have to be given at least, so that nothing is deleted by a slip."""


@dataclass(frozen=True)
class Found:
    """An entry that was asked for by the beginning of its key."""

    kind: Kind
    key: str


def find(root: Path, prefix: str) -> Found:
    """The one entry whose key begins so.

    Raises:
        ValueError: there is none or more than one, or the prefix is too short.
    """
    if len(prefix) < SHORTEST_PREFIX:
        raise ValueError(f"'{prefix}' is too short: give {SHORTEST_PREFIX} or more digits of the key.")
    matches = [
        Found(kind, key)
        for kind in KINDS
        for key in EntryFolder(root, kind).stored_keys()
        if key.startswith(prefix)
    ]
    if not matches:
        raise ValueError(f"No entry of the cache begins with '{prefix}': 'cache ls' shows what there is.")
    if len(matches) > 1:
        raise ValueError(f"{len(matches)} entries of the cache begin with '{prefix}': give more digits.")
    return matches[0]


def manifest_of(root: Path, prefix: str) -> tuple[Found, Manifest]:
    """The entry whose key begins so, and what is known of it.

    Raises:
        ValueError: there is no such entry, or more than one.
        OtherFormat: it is of another version of abilityscope.
        CorruptEntry: its manifest is damaged or missing, or its payload is missing or cut.
    """
    found = find(root, prefix)
    folder = EntryFolder(root, found.kind)
    manifest = folder.read_manifest(found.key)
    if manifest is None:
        raise CorruptEntry(folder.payload_path(found.key), "its manifest is missing: it was never finished")
    return found, manifest


def verify(root: Path, on_entry: Callable[[int, int], None] = lambda done, total: None) -> list[CorruptEntry]:
    """Reads every entry whole, and gives those that are not what was written.

    What is being written just now, was left behind by a killed writer, or is of another version of
    abilityscope is no damage: it is never served.

    Args:
        root: the cache folder.
        on_entry: is told, after each entry, how many are done and how many there are.
    """
    every = [
        (EntryFolder(root, kind), key) for kind in KINDS for key in EntryFolder(root, kind).stored_keys()
    ]
    damaged = []
    for done, (folder, key) in enumerate(every, start=1):
        try:
            folder.whole_payload(key)
        except OtherFormat:
            pass
        except CorruptEntry as error:
            damaged.append(error)
        except FileNotFoundError:  # deleted since it was listed
            pass
        on_entry(done, len(every))
    return damaged


def delete(root: Path, prefix: str) -> int:
    """Deletes the entry whose key begins so, payload and manifest; returns how many bytes that freed.

    Waits while somebody computes or writes it.

    Raises:
        ValueError: there is no such entry, or more than one.
        OSError: it cannot be deleted.
    """
    found = find(root, prefix)
    with key_lock(root, found.key):
        return _unlink(root, found.kind, found.key)


def prune(root: Path, max_bytes: int) -> list[Entry]:
    """Deletes the oldest entries until the cache is no larger; returns what was deleted, oldest first.

    Left-over files of killed writers, broken entries and those of other versions of abilityscope go first.
    What is being written or computed just now stays.

    Raises:
        OSError: an entry cannot be deleted.
    """
    remaining = entries(root)
    size_bytes = sum(entry.size_bytes for entry in remaining)
    deleted = []
    for entry in sorted(remaining, key=_usefulness):
        is_left_over = not is_key(entry.key)
        if (is_left_over or size_bytes > max_bytes) and _delete_unless_busy(root, entry):
            size_bytes -= entry.size_bytes
            deleted.append(entry)
    return deleted


def _usefulness(entry: Entry) -> tuple[bool, str]:
    """What is of no use comes first, then what is oldest."""
    is_used = entry.created is not None and not entry.is_outdated
    return is_used, entry.created or ""


def _delete_unless_busy(root: Path, entry: Entry) -> bool:
    """Whether the entry, or the left-over file, was deleted: not while anybody works on its key."""
    is_whole = is_key(entry.key)
    # A left-over file is called `.<key>.<suffix>.<random>.tmp`.
    key = entry.key if is_whole else entry.key.split(".")[1]
    if not is_key(key):
        return False
    try:
        with key_lock(root, key, wait=False):
            if is_whole:
                _unlink(root, next(kind for kind in KINDS if kind.name == entry.kind), key)
            else:
                (root / entry.kind / entry.key).unlink(missing_ok=True)
    except Busy:
        return False
    return True


def _unlink(root: Path, kind: Kind, key: str) -> int:
    """Deletes the two files of an entry, the manifest first, so that half a deletion is no damaged entry."""
    payload = EntryFolder(root, kind).payload_path(key)
    freed = 0
    for path in (payload.with_suffix(".json"), payload):
        if path.is_file():
            freed += path.stat().st_size
            path.unlink()
    return freed
