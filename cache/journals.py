"""Journals: what a run has given so far, batch by batch, so that a kill costs no more than one batch.

A journal is `<key>.part` beside the payload that the run is to become. Each record is a line: the length of
its body in bytes, the body's checksum, the body as JSON. The first record says which run the others belong
to. A process that continues a run writes a journal of its own, beginning with the batches that it found, and
renames it over the old one: nobody ever writes behind a record that a killed process left torn, or into a
file that another process still writes.

Tried instead: one atomically written file per batch. With a wait for the disk each, a batch of 32 items took
11 ms rather than 0.6 ms, and deleting the 440 files of an MMLU run 2.6 s rather than 0.03 s.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from cache.entries import FITS, EntryFolder, is_count
from cache.files import (
    Busy,
    CorruptEntry,
    checksum_of,
    locked,
    temporary_beside,
    unreadable,
)
from cache.keys import as_plain, checked_key, is_key

JOURNAL_SUFFIX = ".part"
"""Suffix of a journal."""

JOURNAL_FORMAT = 1
"""Version of the records' layout; a journal of another version is of no use."""

SETTLE_EVERY_S = 1.0
"""Seconds between two waits for the disk: a kill loses no written batch, a power cut loses these."""

Row = Mapping[str, Any]
Batch = list[dict[str, Any]]


@dataclass(frozen=True)
class Kept:
    """What a journal holds."""

    is_of_other_version: bool
    """Whether another version of abilityscope wrote it: then it is of no use."""
    format: int
    """Format of the payload that the run was to become."""
    created: str
    """ISO 8601, UTC, to the second."""
    key_inputs: Mapping[str, Any]
    """What the key was made of."""
    batches: list[Batch]
    """Each verified equal to what was written; a record that was torn at the end is left out."""
    damage: CorruptEntry | None
    """What is wrong with other records; None if nothing is, or another version wrote them."""


def journal_path(entries: EntryFolder, key: str) -> Path:
    """The journal of a key."""
    return entries.payload_path(key).with_suffix(JOURNAL_SUFFIX)


def journal_keys(entries: EntryFolder) -> list[str]:
    """The keys that have a journal, sorted."""
    folder = entries.root / entries.kind.name
    paths = folder.glob(f"*{JOURNAL_SUFFIX}") if folder.is_dir() else ()
    return sorted(path.stem for path in paths if is_key(path.stem))


def journal_lock(root: Path, key: str) -> Path:
    """The lock file that is held while a process writes a journal of the key."""
    return root / "locks" / f"{checked_key(key)}{JOURNAL_SUFFIX}.lock"


def read_journal(entries: EntryFolder, key: str) -> Kept | None:
    """What the journal of a key holds, whatever version wrote it; None if there is none, or it just began.

    Raises:
        CorruptEntry: it cannot be read, or it does not say which run it belongs to.
    """
    path = journal_path(entries, key)
    try:
        *lines, _ = path.read_bytes().split(b"\n")  # what follows the last line end was torn
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unreadable(path, error) from None
    if not lines:
        return None
    head = _body(lines[0])
    if not _is_head(head):
        raise CorruptEntry(path, "its first record was changed")
    if head["key"] != key:
        raise CorruptEntry(path, f"it was stored under another key, {head['key']}")
    bodies = [_body(line) for line in lines[1:]]
    batches = [body for body in bodies if _is_batch(body)]
    changed = len(bodies) - len(batches)
    is_other = (head["journal"], head["format"]) != (JOURNAL_FORMAT, entries.kind.format)
    damage = None
    if changed and not is_other:
        damage = CorruptEntry(path, f"{changed} of its {len(bodies)} batches were changed")
    return Kept(is_other, head["format"], head["created"], head["key_inputs"], batches, damage)


def usable_batches(kept: Kept | None) -> list[Batch]:
    """The batches that a run can continue from: none of a journal of another version."""
    return [] if kept is None or kept.is_of_other_version else kept.batches


class Journal:
    """The journal that one process writes of one run; a context that leaves the file unless it is removed.

    There is no file before the first batch.
    """

    def __init__(
        self, entries: EntryFolder, key: str, key_inputs: Mapping[str, Any], found: Sequence[Batch]
    ) -> None:
        """Writes nothing yet.

        Args:
            entries: where the run is to be stored.
            key: the run's key.
            key_inputs: what the key was made of.
            found: the batches that an earlier journal had.
        """
        self._path, self._lock = journal_path(entries, key), journal_lock(entries.root, key)
        head = {
            "journal": JOURNAL_FORMAT,
            "format": entries.kind.format,
            "key": key,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "key_inputs": as_plain(key_inputs),
        }
        self._beginning = [head, *found]
        self._file: FileIO | None = None
        self._settled = time.monotonic()
        self._closing = ExitStack()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def append(self, rows: Sequence[Row], *, settle: bool) -> None:
        """Adds the rows of a batch: safe from a kill when this returns.

        Args:
            rows: rows of plain values.
            settle: whether to wait for the disk, however recent the last wait.

        Raises:
            OSError: it cannot be written.
        """
        if self._file is None:
            self._file = self._begin()
        _write(self._file, _line(list(rows)))
        if settle or time.monotonic() - self._settled > SETTLE_EVERY_S:
            self._settle(self._file)

    def close(self) -> None:
        """Ends the writing; the file stays."""
        self._closing.close()
        self._file = None

    def remove(self) -> None:
        """Deletes the journal of the key: what it has is stored by now.

        Raises:
            OSError: it cannot be deleted.
        """
        self.close()
        self._path.unlink(missing_ok=True)

    def _begin(self) -> FileIO:
        """The new file under its name, with all batches that were found."""
        # The lock is for those who make room: two writers of one journal have a file each.
        with suppress(Busy):
            self._closing.enter_context(locked(self._lock, wait=False))
        temporary = temporary_beside(self._path)
        file = self._closing.enter_context(FileIO(temporary, "x"))
        try:
            _write(file, b"".join(map(_line, self._beginning)))
            if len(self._beginning) > 1:
                self._settle(file)
            temporary.replace(self._path)
        finally:
            temporary.unlink(missing_ok=True)
        return file

    def _settle(self, file: FileIO) -> None:
        os.fsync(file.fileno())
        self._settled = time.monotonic()


def _line(body: Any) -> bytes:
    """A record with its line end."""
    text = json.dumps(body, separators=(",", ":")).encode()
    return b"%d %s %s\n" % (len(text), checksum_of(text).encode(), text)


def _body(line: bytes) -> Any:
    """The body of a record; None if it is not what was written."""
    length, _, rest = line.partition(b" ")
    checksum, _, text = rest.partition(b" ")
    if length != b"%d" % len(text) or checksum != checksum_of(text).encode():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_head(body: Any) -> bool:
    fields = ("key", "format", "created", "key_inputs")
    return (
        isinstance(body, dict) and is_count(body.get("journal")) and all(FITS[n](body.get(n)) for n in fields)
    )


def _is_batch(body: Any) -> bool:
    return isinstance(body, list) and all(isinstance(row, dict) for row in body)


def _write(file: FileIO, content: bytes) -> None:
    """Writes all of it: one call may write less, as when the disk is nearly full."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
