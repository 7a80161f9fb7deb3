"""Keeps the cache in order: finds what is damaged, deletes what is not wanted, makes room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cache.entries import DAMAGED_SUFFIX, KINDS, EntryFolder, Kind, OtherFormat, key_lock, lock_of
from cache.files import Busy, CorruptEntry, checksum_of_file, locked
from cache.fingerprints import damage_of
from cache.folder import fingerprint_memory
from cache.journals import journal_keys, journal_lock, journal_path, read_journal
from cache.keys import is_key
from cache.listing import Entry, entries, key_in
from cache.manifests import Manifest

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
        for key in _keys_with_files(EntryFolder(root, kind))
        if key.startswith(prefix)
    ]
    if not matches:
        raise ValueError(f"No entry of the cache begins with '{prefix}': 'cache ls' shows what there is.")
    if len(matches) > 1:
        raise ValueError(f"{len(matches)} entries of the cache begin with '{prefix}': give more digits.")
    return matches[0]


def _keys_with_files(folder: EntryFolder) -> list[str]:
    """The keys that have any file: an entry, a journal, or what was set aside of one; sorted."""
    damaged = (folder.root / folder.kind.name).glob(f"*{DAMAGED_SUFFIX}")
    others = [*journal_keys(folder), *(key for path in damaged if is_key(key := key_in(path.name)))]
    return sorted({*folder.stored_keys(), *others})


def manifest_of(root: Path, prefix: str) -> tuple[Found, Manifest]:
    """The entry whose key begins so, and what is known of it; of an unfinished run what its journal says.

    Raises:
        ValueError: there is no such entry, or more than one.
        OtherFormat: it is of another version of abilityscope.
        CorruptEntry: its manifest is damaged or missing, or its payload is missing or cut.
    """
    found = find(root, prefix)
    folder = EntryFolder(root, found.kind)
    manifest = folder.read_manifest(found.key) or _manifest_of_journal(folder, found.key)
    if manifest is None:
        raise CorruptEntry(folder.payload_path(found.key), "its manifest is missing: it was never finished")
    return found, manifest


def _manifest_of_journal(folder: EntryFolder, key: str) -> Manifest | None:
    """What is known of an unfinished run, in the form of a manifest; None if there is nothing."""
    kept = read_journal(folder, key)
    if kept is None:
        return None
    path = journal_path(folder, key)
    return Manifest(
        key=key,
        format=kept.formats[1],
        created=kept.created,
        size_bytes=path.stat().st_size,
        checksum=checksum_of_file(path),
        key_inputs=kept.key_inputs,
        details={"unfinished": True, "items": sum(map(len, kept.batches))},
    )


def verify(root: Path, on_entry: Callable[[int, int], None] = lambda done, total: None) -> list[CorruptEntry]:
    """Reads every entry, every journal and the fingerprints whole; gives those that are not what was written.

    What is being written just now, was left behind by a killed writer, or is of another version of
    abilityscope is no damage: it is never served.

    Args:
        root: the cache folder.
        on_entry: is told, after each entry, how many are done and how many there are.
    """
    folders = [EntryFolder(root, kind) for kind in KINDS]
    every = [(_damage_of_entry, folder, key) for folder in folders for key in folder.stored_keys()]
    every += [(_damage_of_journal, folder, key) for folder in folders for key in journal_keys(folder)]
    damaged = []
    for done, (found_in, folder, key) in enumerate(every, start=1):
        if (damage := found_in(folder, key)) is not None:
            damaged.append(damage)
        on_entry(done, len(every))
    if (damage := damage_of(fingerprint_memory(root))) is not None:
        damaged.append(damage)
    return damaged


def _damage_of_entry(folder: EntryFolder, key: str) -> CorruptEntry | None:
    try:
        folder.whole_payload(key)
    except OtherFormat:
        return None
    except CorruptEntry as error:
        return error
    return None


def _damage_of_journal(folder: EntryFolder, key: str) -> CorruptEntry | None:
    try:
        kept = read_journal(folder, key)
    except CorruptEntry as error:
        return error
    return None if kept is None else kept.damage


def delete(root: Path, prefix: str) -> int:
    """Deletes the entry whose key begins so with all its files; returns how many bytes that freed.

    Waits while somebody computes or writes it. A run that goes on keeps nothing on the disk from then on
    until it is finished.

    Raises:
        ValueError: there is no such entry, or more than one.
        OSError: it cannot be deleted.
    """
    found = find(root, prefix)
    folder = EntryFolder(root, found.kind)
    with key_lock(root, found.key):
        aside = (root / found.kind.name).glob(f"{found.key}.*{DAMAGED_SUFFIX}")
        return _unlink([*_files_of_entry(folder, found.key), journal_path(folder, found.key), *aside])


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
        # A journal that a run can go on from is none: it saves work.
        is_left_over = not is_key(entry.key) or (entry.is_unfinished and entry.created is None)
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
    key = key_in(entry.key)
    if not is_key(key):
        return False
    folder = EntryFolder(root, next(kind for kind in KINDS if kind.name == entry.kind))
    try:
        with locked(journal_lock(root, key) if entry.is_unfinished else lock_of(root, key), wait=False):
            if entry.is_unfinished:
                journal_path(folder, key).unlink(missing_ok=True)
            elif is_key(entry.key):
                _unlink(_files_of_entry(folder, key))
            else:
                (root / entry.kind / entry.key).unlink(missing_ok=True)
    except Busy:
        return False
    return True


def _files_of_entry(folder: EntryFolder, key: str) -> list[Path]:
    """The two files of an entry, the manifest first, so that half a deletion is no damaged entry."""
    payload = folder.payload_path(key)
    return [payload.with_suffix(".json"), payload]


def _unlink(paths: Iterable[Path]) -> int:
    """Deletes the files that are there, in their order; returns how many bytes that freed."""
    freed = 0
    for path in paths:
        if path.is_file():
            freed += path.stat().st_size
            path.unlink()
    return freed
