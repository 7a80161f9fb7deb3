"""What the tab Cache reads, in a thread: the entries of the cache, what they are in words, in which order."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

from cache.entries import DAMAGED_SUFFIX, KINDS, EntryFolder, Kind
from cache.keys import is_key
from cache.listing import Entry, entry_of, left_overs, unfinished
from tui.inspector.stored.words import in_words, key_input_lines
from tui.numbers import size_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from cache.files import CorruptEntry

Order = Literal["newest first", "largest first", "by kind"]
ORDERS: tuple[Order, ...] = ("newest first", "largest first", "by kind")

Name = tuple[str, str]
"""An entry's kind and its key."""

Signature = tuple[tuple[int, int], ...]
"""Size and time of change of an entry's files: while they are the same, so is the entry."""


@dataclass(frozen=True)
class Stored:
    """One entry as the tab shows it."""

    entry: Entry
    words: str
    """What it is; of a broken one, what is wrong with it. Harmless on a screen."""
    signature: Signature

    @property
    def name(self) -> Name:
        """What tells it from all others: its kind and its key."""
        return self.entry.kind, self.entry.key

    @cached_property
    def searched(self) -> str:
        """What a search looks through."""
        return f"{self.entry.kind} {self.words} {self.entry.key}".lower()

    @property
    def can_be_deleted(self) -> bool:
        """Whether it is an entry, and no file that is being written or was left behind."""
        return is_key(self.entry.key)


def read_entries(root: Path, known: Mapping[Name, Stored], fingerprint: str) -> dict[Name, Stored]:
    """All entries of a cache folder.

    Args:
        root: the cache folder.
        known: what was read before: only what has changed since is read again.
        fingerprint: of the open model; entries of others say so.
    """
    found: dict[Name, Stored] = {}
    for kind in KINDS:
        folder = EntryFolder(root, kind)
        for key, signature in _signatures(root, kind).items():
            before = known.get((kind.name, key))
            if before is not None and before.signature == signature:
                found[before.name] = before
            else:
                stored = _read(folder, key, signature, fingerprint)
                found[stored.name] = stored
        for entry in (*unfinished(folder), *left_overs(root / kind.name)):
            words = f"damaged: {entry.broken}" if entry.key.endswith(DAMAGED_SUFFIX) else _unfinished(entry)
            # A key that has an entry and a journal is listed as the entry; to delete it deletes both.
            found.setdefault((entry.kind, entry.key), Stored(entry, safe_line(words), ()))
    return found


def _unfinished(entry: Entry) -> str:
    return f"unfinished: {entry.broken or entry.summary}"


def _signatures(root: Path, kind: Kind) -> dict[str, Signature]:
    """The keys of a kind that have a manifest or a payload, with their files' sizes and times."""
    folder = root / kind.name
    if not folder.is_dir():
        return {}
    files: dict[str, list[tuple[int, int]]] = {}
    with os.scandir(folder) as found:
        for file in sorted(found, key=lambda file: file.name):
            key, dot, suffix = file.name.partition(".")
            if f"{dot}{suffix}" in (".json", kind.suffix) and is_key(key):
                try:
                    status = file.stat()
                except FileNotFoundError:  # deleted since the folder was read
                    continue
                files.setdefault(key, []).append((status.st_size, status.st_mtime_ns))
    return {key: tuple(statuses) for key, statuses in files.items()}


def _read(folder: EntryFolder, key: str, signature: Signature, fingerprint: str) -> Stored:
    entry, manifest = entry_of(folder, key)
    if manifest is None:
        return Stored(entry, safe_line(f"broken: {entry.broken}"), signature)
    words = in_words(entry, manifest.key_inputs, fingerprint)
    if entry.is_outdated:
        words = f"of another version, not used: {words}"
    return Stored(entry, safe_line(words), signature)


@dataclass(frozen=True)
class Arrangement:
    """Entries as the tab lists them."""

    rows: list[Stored]
    places: dict[Name, int]
    """Where in the rows each one is."""
    total: int
    """Entries in all, those that the search leaves out too."""
    summary: str
    """How many there are, of what size and of which kinds."""


def arrangement(
    stored: Mapping[Name, Stored],
    damaged: Mapping[Name, tuple[Signature, str]],
    order: Order,
    search: str,
) -> Arrangement:
    """The entries that hold the words of a search, in an order; broken ones come first.

    Args:
        stored: all entries.
        damaged: what verifying found wrong, and the signatures of the entries that it read.
        order: of the rows.
        search: words that all have to occur; empty for all entries.
    """
    every = list(stored.values())
    for name, (signature, reason) in damaged.items():
        if name in stored and stored[name].signature == signature:
            every[every.index(stored[name])] = _as_damaged(stored[name], reason)
    wanted = search.lower().split()
    rows = [one for one in every if all(word in one.searched for word in wanted)]
    rows.sort(key=_SORT_KEYS[order])
    places = {one.name: place for place, one in enumerate(rows)}
    return Arrangement(rows, places, len(every), _summary(every, len(rows), order))


def _as_damaged(stored: Stored, reason: str) -> Stored:
    words = f"{safe_line(f'broken: {reason}')} · {stored.words}"
    return replace(stored, words=words, entry=replace(stored.entry, broken=reason))


def _by_age(stored: Stored) -> tuple[Any, ...]:
    created = stored.entry.created
    age = -datetime.fromisoformat(created).timestamp() if created else 0.0
    return stored.entry.broken is None, age, stored.name


def _by_size(stored: Stored) -> tuple[Any, ...]:
    return stored.entry.broken is None, -stored.entry.size_bytes, stored.name


def _by_kind(stored: Stored) -> tuple[Any, ...]:
    return stored.entry.broken is None, stored.entry.kind, stored.words, stored.name


_SORT_KEYS: dict[Order, Callable[[Stored], tuple[Any, ...]]] = {
    "newest first": _by_age,
    "largest first": _by_size,
    "by kind": _by_kind,
}


def _summary(every: Sequence[Stored], shown: int, order: Order) -> str:
    count = "1 entry" if len(every) == 1 else f"{len(every):,} entries"
    if shown < len(every):
        count = f"{shown:,} of {count}"
    parts = [count, size_text(sum(stored.entry.size_bytes for stored in every)), order]
    if broken := sum(stored.entry.broken is not None for stored in every):
        parts.append(f"{broken:,} broken")
    kinds = Counter(stored.entry.kind for stored in every)
    return " · ".join([*parts, *(f"{n:,} {kind}" for kind, n in kinds.items())])


def details_of(root: Path, stored: Stored) -> list[str]:
    """What is known of an entry, as lines that are harmless on a screen.

    Raises:
        ValueError: it was deleted meanwhile.
    """
    from cache.upkeep import manifest_of

    entry = stored.entry
    lines = [safe_line(f"{entry.kind} {entry.key}"), stored.words]
    if entry.broken is not None or entry.is_outdated:
        return lines
    _, manifest = manifest_of(root, entry.key)
    lines += [f"{entry.size_bytes:,} bytes, written {safe_line(manifest.created)}", "", "made of"]
    lines += key_input_lines(manifest.key_inputs, "  ")
    return [*lines, "", "kept with it", *key_input_lines(manifest.details, "  ")]


class _Stopped(Exception):  # noqa: N818 (a person has seen enough, which is no error)
    """Verifying was told to stop."""


def verify_until(root: Path, stop: Event, emit: Callable[[int, int], None]) -> list[CorruptEntry] | None:
    """The damaged entries of a cache; None if it was told to stop before all were read.

    Args:
        root: the cache folder.
        stop: set to stop after the entry that is being read.
        emit: is told how many entries are done, and how many there are.
    """
    from cache.upkeep import verify

    def on_entry(done: int, total: int) -> None:
        emit(done, total)
        if stop.is_set() and done < total:
            raise _Stopped

    try:
        return verify(root, on_entry)
    except _Stopped:
        return None
