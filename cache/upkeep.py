"""What is in the cache: lists it, finds what is damaged, deletes what is not wanted, makes room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from cache.entries import KINDS, EntryFolder, Kind, Manifest
from cache.files import (
    DAMAGED_SUFFIX,
    TEMPORARY_SUFFIX,
    Busy,
    CorruptEntry,
    checksum_of_file,
    key_lock,
    locked,
)
from cache.fingerprints import damage_of, names_of
from cache.folder import Store
from cache.journals import journal_keys, journal_lock, journal_path, read_journal
from cache.keys import is_key

SHOWN_LENGTH = 12
"""Characters of a hash that a summary shows."""

SHORTEST_PREFIX = 4
"""Digits of a key that must be given at least, so that nothing is deleted by a slip."""

NEVER_FINISHED = "its manifest is missing: it was never finished"


@dataclass(frozen=True)
class Entry:
    """One entry of the cache."""

    kind: str
    """Name of its folder, such as "rankings"."""
    key: str
    """Its key; for a temporary file and one that was set aside, the file's name."""
    size_bytes: int
    """Size of payload and manifest together, or of the one file that it is."""
    created: str | None = None
    """ISO 8601, UTC; None if it is unknown."""
    summary: str = ""
    """Its key inputs on one line; empty if they are unknown."""
    broken: str | None = None
    """What is wrong with it, as the end of a sentence; None if nothing is seen without reading it whole."""
    is_of_other_version: bool = False
    """Whether another version of abilityscope wrote it: it is not used."""
    is_unfinished: bool = False
    """Whether it is the journal of a run that is going on or was stopped, and can be continued."""
    model: str = ""
    """Fingerprint of the model that it is of; empty if it is of none, or that is unknown."""
    is_shipped: bool = False
    """Whether it came with abilityscope, and is not in the cache folder."""


def entries(root: Path) -> list[Entry]:
    """The entries of the cache folder by kind and key; only manifests and journals are read."""
    found: list[Entry] = []
    sources: dict[str, list[Any]] = {}
    for folder in folders(root):
        for key in folder.stored_keys():
            entry, manifest = entry_of(folder, key)
            found.append(entry)
            if manifest is not None and not entry.model:
                sources[key] = list(manifest.key_inputs.values())
        found += [*unfinished(folder), *left_overs(folder)]
    models = {entry.key: entry.model for entry in found if entry.model}
    return [
        replace(entry, model=_model_behind(sources.get(entry.key, []), models)) if not entry.model else entry
        for entry in found
    ]


def _model_behind(key_inputs: Iterable[Any], models: Mapping[str, str]) -> str:
    """The model of an entry that is made of others, whose keys are among its key inputs."""
    keys = [key for value in key_inputs for key in (value if isinstance(value, list) else [value])]
    return next((models[key] for key in keys if isinstance(key, str) and key in models), "")


def _model_in(key_inputs: Mapping[str, Any]) -> str:
    """The fingerprint of the model among key inputs; empty if there is none."""
    match key_inputs.get("model"):
        case {"fingerprint": str(fingerprint)}:
            return fingerprint
    return ""


def folders(root: Path) -> list[EntryFolder]:
    """The folder of every kind."""
    return [EntryFolder(root, kind) for kind in KINDS]


def entry_of(folder: EntryFolder, key: str) -> tuple[Entry, Manifest | None]:
    """The entry of a key that is stored, and its manifest; None for the manifest if it cannot be read.

    An entry of another version is not broken.
    """
    kind = folder.kind
    size_bytes = sum(path.stat().st_size for path in _files_of_entry(folder, key) if path.is_file())
    manifest, broken = None, NEVER_FINISHED
    try:
        manifest = folder.manifest_of_any_version(key)
    except CorruptEntry as error:
        broken = error.reason
    if manifest is not None:
        is_other = manifest.format != kind.format
        summary, model = _summary(manifest.key_inputs), _model_in(manifest.key_inputs)
        known = Entry(
            kind.name, key, size_bytes, manifest.created, summary, is_of_other_version=is_other, model=model
        )
        return known, manifest
    return Entry(kind.name, key, size_bytes, broken=broken), None


def unfinished(folder: EntryFolder) -> Iterator[Entry]:
    """The journals of runs that are going on or were stopped; one without a date is of no use any more."""
    for key in journal_keys(folder):
        kept, broken = None, "its run is stored by now" if folder.has(key) else "it has no batch yet"
        try:
            size_bytes = journal_path(folder, key).stat().st_size
            kept = None if folder.has(key) else read_journal(folder, key)
        except FileNotFoundError:  # its run ended since the folder was read
            continue
        except CorruptEntry as error:
            broken = error.reason
        if kept is None:
            yield Entry(folder.kind.name, key, size_bytes, broken=broken, is_unfinished=True)
            continue
        summary = f"{sum(map(len, kept.batches))} items of {_summary(kept.key_inputs)}"
        damage = kept.damage.reason if kept.damage else None
        model = _model_in(kept.key_inputs)
        yield Entry(
            folder.kind.name,
            key,
            size_bytes,
            kept.created,
            summary,
            damage,
            kept.is_of_other_version,
            True,
            model,
        )


def left_overs(folder: EntryFolder) -> Iterator[Entry]:
    """The files that are being written or whose writers were killed, and those that were set aside."""
    for pattern, reason in (
        (f".*{TEMPORARY_SUFFIX}", "it is being written, or its writer was killed"),
        (f"*{DAMAGED_SUFFIX}", "it was damaged, and set aside when it was computed anew"),
    ):
        for path in sorted((folder.root / folder.kind.name).glob(pattern)):
            try:
                yield Entry(folder.kind.name, path.name, path.stat().st_size, broken=reason)
            except FileNotFoundError:  # it got its name, or was deleted, since the folder was read
                continue


def _key_in(name: str) -> str:
    """The key in the name of a left-over file, if it has one."""
    return name.lstrip(".").split(".")[0]


def _summary(key_inputs: Mapping[str, Any]) -> str:
    """The key inputs that are single values, `name=value`, hashes shortened."""
    shown = {name: str(value) for name, value in key_inputs.items() if not isinstance(value, (dict, list))}
    return " ".join(f"{name}={_shortened(value)}" for name, value in sorted(shown.items()))


def _shortened(value: str) -> str:
    is_hash = len(value) >= 32 and set(value) <= set("0123456789abcdef")
    return value[:SHOWN_LENGTH] if is_hash else value


class Found(NamedTuple):
    """An entry that was found by the beginning of its key."""

    kind: Kind
    key: str


def find(root: Path, prefix: str) -> Found:
    """The one entry whose key begins with the prefix.

    Raises:
        ValueError: there is none or more than one, or the prefix is too short.
    """
    if len(prefix) < SHORTEST_PREFIX:
        raise ValueError(f"'{prefix}' is too short: give {SHORTEST_PREFIX} or more digits of the key.")
    matches = matching(root, prefix)
    if not matches:
        raise ValueError(f"No entry of the cache begins with '{prefix}': 'cache ls' shows what there is.")
    if len(matches) > 1:
        raise ValueError(f"{len(matches)} entries of the cache begin with '{prefix}': give more digits.")
    return matches[0]


def matching(root: Path, prefix: str) -> list[Found]:
    """The entries whose keys begin with the prefix."""
    every = ((folder.kind, key) for folder in folders(root) for key in _keys_with_files(folder))
    return [Found(kind, key) for kind, key in every if key.startswith(prefix)]


def _keys_with_files(folder: EntryFolder) -> list[str]:
    """The keys that have any file: an entry, a journal, or what was set aside of one; sorted."""
    damaged = (folder.root / folder.kind.name).glob(f"*{DAMAGED_SUFFIX}")
    others = [*journal_keys(folder), *(key for path in damaged if is_key(key := _key_in(path.name)))]
    return sorted({*folder.stored_keys(), *others})


def manifest_of(root: Path, prefix: str) -> tuple[Found, Manifest]:
    """The entry whose key begins with the prefix, and its manifest; for an unfinished run, its journal's.

    Raises:
        ValueError: there is no such entry, or more than one.
        OtherVersion: it is of another version of abilityscope.
        CorruptEntry: its manifest is damaged or missing, or its payload is missing or cut.
    """
    found = find(root, prefix)
    folder = EntryFolder(root, found.kind)
    if manifest := folder.read_manifest(found.key):
        return found, manifest
    kept, path = read_journal(folder, found.key), journal_path(folder, found.key)
    if kept is None:
        raise CorruptEntry(folder.payload_path(found.key), NEVER_FINISHED)
    size_bytes, checksum = path.stat().st_size, checksum_of_file(path)
    details = {"unfinished": True, "items": sum(map(len, kept.batches))}
    known = (kept.format, kept.created, size_bytes, checksum, kept.key_inputs, details)
    return found, Manifest(found.key, *known)


def verify(root: Path, on_entry: Callable[[int, int], None] = lambda done, total: None) -> list[CorruptEntry]:
    """Reads every entry, every journal and the fingerprints whole; returns those that are damaged.

    What is being written, was left behind by a killed writer, or is of another version of abilityscope is no
    damage: it is never served.

    Args:
        root: the cache folder.
        on_entry: called after each entry with the number of entries done and in all.
    """
    every: list[tuple[Callable[[str], CorruptEntry | None], str]] = []
    for folder in (EntryFolder(root, kind) for kind in KINDS):
        every += [(folder.damage_of, key) for key in folder.stored_keys()]
        every += [(partial(_damage_of_journal, folder), key) for key in journal_keys(folder)]
    damaged = []
    for done, (damage_in, key) in enumerate(every, start=1):
        damaged.append(damage_in(key))
        on_entry(done, len(every))
    damaged.append(damage_of(Store(root).fingerprint_memory))
    return [damage for damage in damaged if damage is not None]


def _damage_of_journal(folder: EntryFolder, key: str) -> CorruptEntry | None:
    try:
        kept = read_journal(folder, key)
    except CorruptEntry as error:
        return error
    return None if kept is None else kept.damage


def delete(root: Path, prefix: str) -> int:
    """Deletes the entry whose key begins with the prefix, with all its files; returns the bytes freed.

    Waits while somebody computes or writes it. A run that is going on keeps nothing on the disk from then on
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
    What is being written or computed stays.

    Raises:
        OSError: an entry cannot be deleted.
    """
    remaining = entries(root)
    size_bytes = sum(entry.size_bytes for entry in remaining)
    deleted = []
    for entry in sorted(remaining, key=_usefulness):
        # A journal that a run can continue from is no left-over: it saves work.
        is_left_over = not is_key(entry.key) or (entry.is_unfinished and entry.created is None)
        if (is_left_over or size_bytes > max_bytes) and _delete_unless_busy(root, entry):
            size_bytes -= entry.size_bytes
            deleted.append(entry)
    return deleted


def _usefulness(entry: Entry) -> tuple[bool, str]:
    """Sorts what is of no use first, then what is oldest."""
    return entry.created is not None and not entry.is_of_other_version, entry.created or ""


def _delete_unless_busy(root: Path, entry: Entry) -> bool:
    """Whether the entry, or the left-over file, was deleted: not while anybody works on its key."""
    key = _key_in(entry.key)
    if not is_key(key):
        return False
    folder = next(folder for folder in folders(root) if folder.kind.name == entry.kind)
    lock: AbstractContextManager[None]
    if entry.is_unfinished:
        lock, files = locked(journal_lock(root, key), wait=False), [journal_path(folder, key)]
    else:
        lock = key_lock(root, key, wait=False)
        files = _files_of_entry(folder, key) if is_key(entry.key) else [root / entry.kind / entry.key]
    try:
        with lock:
            _unlink(files)
    except Busy:
        return False
    return True


def _files_of_entry(folder: EntryFolder, key: str) -> list[Path]:
    """The two files of an entry, the manifest first, so that half a deletion is no damaged entry."""
    payload = folder.payload_path(key)
    return [payload.with_suffix(".json"), payload]


def _unlink(paths: Iterable[Path]) -> int:
    """Deletes the files that exist, in order; returns the bytes freed."""
    freed = 0
    for path in paths:
        if path.is_file():
            freed += path.stat().st_size
            path.unlink()
    return freed


def shipped_entries(store: Store) -> list[Entry]:
    """The shipped entries by kind and key, without those that the cache has too, and serves."""
    if store.shipped is None:
        return []
    own = {(folder.kind.name, key) for folder in folders(store.root) for key in folder.stored_keys()}
    found = [entry for entry in entries(store.shipped) if (entry.kind, entry.key) not in own]
    return [replace(entry, is_shipped=True) for entry in found]


def damaged_shipped(store: Store) -> list[CorruptEntry]:
    """The damaged ones of the shipped entries, all of which are read whole."""
    return [] if store.shipped is None else verify(store.shipped)


def root_of(store: Store, prefix: str) -> Path:
    """The folder to look a key's beginning up in: the shipped one if only that has such an entry."""
    if store.shipped is None or matching(store.root, prefix) or not matching(store.shipped, prefix):
        return store.root
    return store.shipped


def require_own(store: Store, prefix: str) -> None:
    """Checks that what a key's beginning names can be deleted.

    Raises:
        ValueError: it is shipped.
    """
    if root_of(store, prefix) != store.root:
        raise ValueError(f"Entry {prefix} came with abilityscope: it is read-only and cannot be deleted.")


def model_names(store: Store) -> dict[str, str]:
    """What models are called, by fingerprint: as a person last named them, else as they were shipped."""
    shipped = {} if store.shipped is None else names_of(Store(store.shipped).fingerprint_memory)
    return shipped | names_of(store.fingerprint_memory)
