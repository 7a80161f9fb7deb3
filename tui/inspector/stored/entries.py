"""The entries of the cache as the tab Cache shows them: read in a thread, named, sorted, verified."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any, Literal

from cache.entries import EntryFolder
from cache.files import DAMAGED_SUFFIX, CorruptEntry
from cache.folder import Store
from cache.keys import is_key
from cache.upkeep import (
    SHOWN_LENGTH,
    Entry,
    damaged_shipped,
    entry_of,
    folders,
    left_overs,
    manifest_of,
    root_of,
    unfinished,
    verify,
)
from tui.names import ABILITY_WORDS, OTHER_VERSION, VARIANT_WORDS, short_benchmark
from tui.numbers import k_text, size_text
from tui.safe_text import safe_line

Order = Literal["newest first", "largest first", "by kind"]
ORDERS: tuple[Order, ...] = ("newest first", "largest first", "by kind")

Name = tuple[str, str]
"""An entry's kind and its key."""

Signature = tuple[tuple[int, int], ...]
"""Size and time of change of an entry's files: while they are the same, so is the entry."""

WORDS = {str(word): short for words in (ABILITY_WORDS, VARIANT_WORDS) for word, short in words.items()}
"""Short words for abilities and variants."""


@dataclass(frozen=True)
class Stored:
    """One entry."""

    entry: Entry
    words: str
    """What it is, or what is wrong with it; safe on a screen."""
    signature: Signature

    @property
    def name(self) -> Name:
        """Kind and key, which identify it."""
        return self.entry.kind, self.entry.key

    @cached_property
    def searched(self) -> str:
        """The text that a search looks through."""
        return f"{self.entry.kind} {self.words} {self.entry.key}".lower()

    @property
    def record(self) -> dict[str, Any]:
        """The entry in a file of the list."""
        entry = self.entry
        described = {"kind": entry.kind, "key": entry.key, "size_bytes": entry.size_bytes}
        return {**described, "created": entry.created, "what": self.words}

    @property
    def reason_to_stay(self) -> str:
        """Why it cannot be deleted, in a sentence; empty if it can."""
        if self.entry.is_shipped:
            return "It came with abilityscope: read-only, and not in your cache folder."
        if not is_key(self.entry.key):
            return "It is being written, or was left behind: then 'abilityscope cache prune' removes it."
        return ""

    def as_shipped(self) -> Stored:
        """The same, said to be shipped."""
        if self.entry.is_shipped:
            return self
        return replace(self, entry=replace(self.entry, is_shipped=True), words=f"shipped: {self.words}")


def read_entries(store: Store, known: Mapping[Name, Stored], fingerprint: str) -> dict[Name, Stored]:
    """All entries of a cache, and the shipped ones that it lacks; only what has changed is read again."""
    known_own = {name: one for name, one in known.items() if not one.entry.is_shipped}
    own = _read_folder(store.root, known_own, fingerprint)
    if store.shipped is None:
        return own
    known_shipped = {name: one for name, one in known.items() if one.entry.is_shipped}
    shipped = _read_folder(store.shipped, known_shipped, fingerprint)
    return {name: one.as_shipped() for name, one in shipped.items()} | own


def _read_folder(root: Path, known: Mapping[Name, Stored], fingerprint: str) -> dict[Name, Stored]:
    """All entries of a cache folder; of those known before, only what has changed is read again."""
    found: dict[Name, Stored] = {}
    for folder in folders(root):
        for key, signature in _signatures(folder).items():
            before = known.get((folder.kind.name, key))
            is_known = before is not None and before.signature == signature
            stored = before if before and is_known else _read(folder, key, signature, fingerprint)
            found[stored.name] = stored
        for entry in (*unfinished(folder), *left_overs(folder)):
            state = "damaged" if entry.key.endswith(DAMAGED_SUFFIX) else "unfinished"
            words = f"{OTHER_VERSION * entry.is_of_other_version}{state}: {entry.broken or entry.summary}"
            # A key that has an entry and a journal is listed as the entry; to delete it deletes both.
            found.setdefault((entry.kind, entry.key), Stored(entry, safe_line(words), ()))
    return found


def _signatures(folder: EntryFolder) -> dict[str, Signature]:
    """The keys that have a manifest or a payload, with their files' sizes and times."""
    path = folder.root / folder.kind.name
    if not path.is_dir():
        return {}
    files: dict[str, list[tuple[int, int]]] = {}
    with os.scandir(path) as found:
        for file in sorted(found, key=lambda file: file.name):
            key, dot, suffix = file.name.partition(".")
            if f"{dot}{suffix}" in (".json", folder.kind.suffix) and is_key(key):
                try:
                    status = file.stat()
                except FileNotFoundError:  # deleted since the folder was read
                    continue
                files.setdefault(key, []).append((status.st_size, status.st_mtime_ns))
    return {key: tuple(statuses) for key, statuses in files.items()}


def _read(folder: EntryFolder, key: str, signature: Signature, fingerprint: str) -> Stored:
    entry, manifest = entry_of(folder, key)
    if entry.broken is not None:
        return Stored(entry, safe_line(f"broken: {entry.broken}"), signature)
    words = in_words(entry, manifest.key_inputs if manifest else {}, fingerprint)
    return Stored(entry, safe_line(f"{OTHER_VERSION * entry.is_of_other_version}{words}"), signature)


# Named


def in_words(entry: Entry, key_inputs: Mapping[str, Any], fingerprint: str) -> str:
    """A name for an entry; its summary if this version does not know its form."""
    match entry.kind, key_inputs:
        case "outcomes", {"ablated": str(ablated), "benchmark": str(benchmark), "n": int(n)}:
            words = f"{_mask_words(ablated)} on {short_benchmark(benchmark)} · {n:,} items"
        case "divergences", {"ablated": str(ablated), "benchmark": str(benchmark), "n": int(n)}:
            words = f"base beside {_mask_words(ablated)} on {short_benchmark(benchmark)} · {n:,} items"
        case "generation_quality", {"ablated": str(ablated)}:
            words = f"{_mask_words(ablated)} on neutral texts"
        case "rankings", {"ability": str(ability), "variant": str(variant), "selection": str(selection)}:
            words = " · ".join(WORDS.get(word, word) for word in (ability, variant, selection))
            words += f" · loss {key_inputs.get('loss')}"
            words += f" · scope {key_inputs['scope']}" if "scope" in key_inputs else ""
        case "items", {"benchmark": str(benchmark), "n": int(n)}:
            words = f"{short_benchmark(benchmark)} · {n:,} items"
        case _:
            return entry.summary
    match key_inputs.get("model"):
        case {"fingerprint": str(other)} if other != fingerprint:
            words += f" · another model, {other[:SHOWN_LENGTH]}"
    return words


def _mask_words(ablated: str) -> str:
    """A mask in short words, from a manifest: `base`, or ability, variant, selection and k."""
    match ablated.split(" · "):
        case [ability, variant, selection, k, *scope]:
            words = (WORDS.get(word, word) for word in (ability, variant, selection))
            return " · ".join([*words, _k_words(k), *scope])
    return ablated


def _k_words(k: str) -> str:
    try:
        return f"k {k_text(float(k.removeprefix('k ')))}"
    except ValueError:
        return k


def key_input_lines(value: Any, indent: str = "") -> Iterator[str]:
    """Nested plain values as indented lines, safe on a screen."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            if isinstance(part, (Mapping, list)) and part:
                yield safe_line(f"{indent}{name}")
                yield from key_input_lines(part, f"{indent}  ")
            else:
                yield safe_line(f"{indent}{name}: {_plain(part)}")
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, Mapping):
                yield safe_line(indent + ", ".join(f"{name} {_plain(one)}" for name, one in part.items()))
            else:
                yield from key_input_lines(part, indent)
    else:
        yield safe_line(f"{indent}{_plain(value)}")


def _plain(value: Any) -> str:
    return "none" if value is None or value in ({}, []) else str(value)


def details_of(store: Store, stored: Stored) -> list[str]:
    """What is known about an entry, as lines that are safe on a screen.

    Raises:
        ValueError: it was deleted meanwhile.
    """
    entry = stored.entry
    lines = [safe_line(f"{entry.kind} {entry.key}"), stored.words]
    if entry.broken is not None or entry.is_of_other_version:
        return lines
    _, manifest = manifest_of(root_of(store, entry.key), entry.key)
    lines += [f"{entry.size_bytes:,} bytes, written {safe_line(manifest.created)}", "", "made of"]
    lines += key_input_lines(manifest.key_inputs, "  ")
    return [*lines, "", "kept with it", *key_input_lines(manifest.details, "  ")]


# Sorted


@dataclass(frozen=True)
class Arrangement:
    """Entries as the tab lists them."""

    entries: list[Stored]
    rows: dict[Name, int]
    """The row of each entry."""
    summary: str
    """How many there are, of what size and of which kinds."""


def arrangement(
    stored: Mapping[Name, Stored],
    damaged: Mapping[Name, tuple[Signature, str]],
    order: Order,
    search: str,
) -> Arrangement:
    """The entries that hold all words of a search, in an order, broken ones first.

    `damaged` is what verifying found wrong, with the signatures of the entries that it read.
    """
    every = dict(stored)
    for name, (signature, reason) in damaged.items():
        if name in stored and stored[name].signature == signature:
            words = f"{safe_line(f'broken: {reason}')} · {stored[name].words}"
            every[name] = replace(stored[name], words=words, entry=replace(stored[name].entry, broken=reason))
    wanted = search.lower().split()
    entries = [one for one in every.values() if all(word in one.searched for word in wanted)]
    entries.sort(key=lambda one: (one.entry.broken is None, *_SORT_KEYS[order](one), one.name))
    rows = {one.name: row for row, one in enumerate(entries)}
    return Arrangement(entries, rows, _summary(list(every.values()), len(entries), order))


def _age(entry: Entry) -> float:
    return -datetime.fromisoformat(entry.created).timestamp() if entry.created else 0.0


_SORT_KEYS: dict[Order, Callable[[Stored], tuple[Any, ...]]] = {
    "newest first": lambda one: (_age(one.entry),),
    "largest first": lambda one: (-one.entry.size_bytes,),
    "by kind": lambda one: (one.entry.kind, one.words),
}


def _summary(every: Sequence[Stored], shown: int, order: Order) -> str:
    count = "1 entry" if len(every) == 1 else f"{len(every):,} entries"
    if shown < len(every):
        count = f"{shown:,} of {count}"
    own = [stored.entry.size_bytes for stored in every if not stored.entry.is_shipped]
    parts = [count, size_text(sum(own)), order]
    if shipped := len(every) - len(own):
        parts.append(f"{shipped:,} shipped")
    if broken := sum(stored.entry.broken is not None for stored in every):
        parts.append(f"{broken:,} broken")
    kinds = Counter(stored.entry.kind for stored in every)
    return " · ".join([*parts, *(f"{n:,} {kind}" for kind, n in kinds.items())])


# Verified


class _Stopped(Exception):  # noqa: N818 (a person has seen enough, which is no error)
    """Verifying was stopped."""


def verify_until(
    store: Store, stop: Event, on_entry: Callable[[int, int], None]
) -> list[CorruptEntry] | None:
    """The damaged entries of a cache, shipped ones too; None if `stop` was set before all were read."""

    def count(done: int, total: int) -> None:
        on_entry(done, total)
        if stop.is_set() and done < total:
            raise _Stopped

    try:
        return [*verify(store.root, count), *damaged_shipped(store)]
    except _Stopped:
        return None


def verified_words(damaged: Sequence[CorruptEntry] | None, done: int, total: int) -> str:
    """What verifying found, in a sentence; `damaged` is None if it was stopped."""
    if damaged is None:
        return f"Stopped: {done:,} of {total:,} entries were verified."
    if not damaged:
        return f"All {total:,} entries are whole."
    verb = "is" if len(damaged) == 1 else "are"
    return f"{len(damaged):,} of {total:,} entries {verb} damaged: see the first rows."
