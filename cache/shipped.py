"""The shipped entries below a cache: listed and found beside its own, and never deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cache.files import CorruptEntry
from cache.fingerprints import names_of
from cache.folder import Store
from cache.upkeep import Entry, entries, folders, matching, verify


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
