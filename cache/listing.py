"""What is in the cache folder, for people to see. Reads manifests only; the broken is listed as broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cache.entries import DAMAGED_SUFFIX, KINDS, EntryFolder, Kind
from cache.files import TEMPORARY_SUFFIX, CorruptEntry
from cache.journals import journal_keys, journal_path, read_journal, usable_batches
from cache.manifests import Manifest

SHOWN_LENGTH = 12
"""Characters of a hash that a summary shows."""


@dataclass(frozen=True)
class Entry:
    """One entry of the cache."""

    kind: str
    """The folder it is in, such as "rankings"."""
    key: str
    """Its key; of a temporary file and of one that was set aside, the file's name."""
    size_bytes: int
    """Of payload and manifest together, or of the one file that it is."""
    created: str | None
    """ISO 8601, UTC; None if the entry is broken."""
    summary: str
    """Its key inputs on one line; of a broken entry, empty."""
    broken: str | None
    """What is wrong with it, as the end of a sentence; None if nothing is seen without reading it whole."""
    is_outdated: bool = False
    """Whether another version of abilityscope wrote it, so that it is not used any more."""
    is_unfinished: bool = False
    """Whether it is the journal of a run that goes on or was stopped, and that is gone on with."""


def entries(root: Path) -> list[Entry]:
    """The entries of the cache folder by kind and key; empty if there is no such folder."""
    return [entry for kind in KINDS for entry in _of_kind(root, kind)]


def _of_kind(root: Path, kind: Kind) -> Iterator[Entry]:
    folder = EntryFolder(root, kind)
    for key in folder.stored_keys():
        yield entry_of(folder, key)[0]
    yield from unfinished(folder)
    yield from left_overs(root / kind.name)


def entry_of(folder: EntryFolder, key: str) -> tuple[Entry, Manifest | None]:
    """The entry of a key that is stored, and its manifest; None in its place if the entry is broken.

    An entry of another version of abilityscope is outdated, and not broken.
    """
    payload, kind = folder.payload_path(key), folder.kind.name
    size_bytes = sum(
        path.stat().st_size for path in (payload, payload.with_suffix(".json")) if path.is_file()
    )
    try:
        manifest = folder.manifest_of_any_format(key)
    except CorruptEntry as error:
        return Entry(kind, key, size_bytes, None, "", error.reason), None
    if manifest is None:
        return Entry(kind, key, size_bytes, None, "", "its manifest is missing: it was never finished"), None
    is_outdated = manifest.format != folder.kind.format
    summary = _summary(manifest.key_inputs)
    return Entry(kind, key, size_bytes, manifest.created, summary, None, is_outdated), manifest


def unfinished(folder: EntryFolder) -> Iterator[Entry]:
    """The journals of runs that go on or were stopped; one without a date is of no use any more."""
    for key in journal_keys(folder):
        try:
            yield _journal_entry(folder, key, journal_path(folder, key).stat().st_size)
        except FileNotFoundError:  # its run ended since the folder was read
            continue


def _journal_entry(folder: EntryFolder, key: str, size_bytes: int) -> Entry:
    useless = Entry(folder.kind.name, key, size_bytes, None, "", "it has no batch yet", is_unfinished=True)
    if folder.has(key):
        return replace(useless, broken="its run is stored by now")
    try:
        kept = read_journal(folder, key)
    except CorruptEntry as error:
        return replace(useless, broken=error.reason)
    if kept is None:
        return useless
    usable = usable_batches(folder, kept)
    return replace(
        useless,
        created=kept.created,
        summary=f"{sum(map(len, usable))} items of {_summary(kept.key_inputs)}",
        broken=kept.damage.reason if kept.damage else None,
        is_outdated=not usable and bool(kept.batches),
    )


def left_overs(folder: Path) -> Iterator[Entry]:
    """The files that are being written just now or whose writers were killed, and those set aside."""
    for pattern, reason in (
        (f".*{TEMPORARY_SUFFIX}", "it is being written, or its writer was killed"),
        (f"*{DAMAGED_SUFFIX}", "it was damaged, and set aside when it was computed anew"),
    ):
        for path in sorted(folder.glob(pattern)):
            try:
                size_bytes = path.stat().st_size
            except FileNotFoundError:  # it got its name, or was deleted, since the folder was read
                continue
            yield Entry(folder.name, path.name, size_bytes, None, "", reason)


def key_in(name: str) -> str:
    """What stands in the place of the key in the name of a left-over file."""
    return name.lstrip(".").split(".")[0]


def _summary(key_inputs: Mapping[str, Any]) -> str:
    """The key inputs that are single values, `name=value`, hashes shortened."""
    shown = {name: str(value) for name, value in key_inputs.items() if not isinstance(value, (dict, list))}
    return " ".join(f"{name}={_shortened(value)}" for name, value in sorted(shown.items()))


def _shortened(value: str) -> str:
    is_hash = len(value) >= 32 and set(value) <= set("0123456789abcdef")
    return value[:SHOWN_LENGTH] if is_hash else value
