"""Files that are whole or absent: atomic writing, checksums, locks, and what is wrong with a file."""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cache.keys import canonical_json, checked_key

TEMPORARY_SUFFIX = ".tmp"
"""Suffix of a file that is still being written, or whose writer was killed."""

DAMAGED_SUFFIX = ".damaged"
"""Suffix of a damaged file that was set aside when its entry was computed again."""


class CorruptEntry(Exception):  # noqa: N818 (a state of the cache, shown to the user as such)
    """A cache entry is damaged. It is never served; whoever meets it reports it and computes it again."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"The cache entry {path} is damaged: {reason}.")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type[CorruptEntry], tuple[Path, str]]:
        # Exceptions are rebuilt from their message alone, which would lose the fields between processes.
        return type(self), (self.path, self.reason)


class OtherVersion(CorruptEntry):
    """A cache entry was written by another version of abilityscope: not damaged, and not served either."""

    def __init__(self, path: Path, reason: str = "another version wrote it") -> None:
        super().__init__(path, reason)
        self.args = (
            f"The cache entry {path} is of another version of abilityscope. It is not used; "
            "'abilityscope cache rm' deletes it.",
        )


class Unwritable(OSError):  # noqa: N818 (nothing is lost, and the work goes on)
    """An entry could not be written. Its writer keeps it in memory, as long as the process lives."""

    def __init__(self, root: Path, error: OSError) -> None:
        super().__init__(
            f"The cache folder {root} cannot be written to ({error.strerror or error}): what is computed is "
            "kept in memory only, until the process ends. Make room, or give another --cache-dir."
        )


class Busy(Exception):  # noqa: N818 (nothing went wrong)
    """Another process or thread holds the lock."""


def unreadable(path: Path, error: OSError) -> CorruptEntry:
    """The error for a file that exists and cannot be read: as good as damaged."""
    return CorruptEntry(path, f"it cannot be read ({error.strerror or error})")


def expanded(path: str | Path) -> Path:
    """A path as a user gives it, with `~` replaced by the home folder.

    Raises:
        ValueError: there is no such home folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(
            f"'{path}' begins with a home folder that is not there: give the whole path."
        ) from None


def write_atomically(path: Path, content: bytes | Callable[[Path], None]) -> None:
    """Writes a file so that readers, and the next start after a crash, see the old or the new one whole.

    Args:
        path: its folder is made if necessary.
        content: the bytes, or a function that writes them to the temporary path it is given.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; nothing is left behind.
    """
    with staged(path, content) as temporary:
        temporary.replace(path)


@contextmanager
def staged(path: Path, content: bytes | Callable[[Path], None]) -> Iterator[Path]:
    """A context with a temporary file beside the path that has the content, flushed to the disk.

    It is deleted at the end unless it was renamed. Arguments and errors as in `write_atomically`.
    """
    temporary = temporary_beside(path)
    try:
        if isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            content(temporary)
        descriptor = os.open(temporary, os.O_RDWR)
        try:
            os.fsync(descriptor)  # a rename may reach the disk before the bytes
        finally:
            os.close(descriptor)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """A new temporary name beside the path; its folder is made if necessary."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}{TEMPORARY_SUFFIX}")


def set_aside(path: Path) -> None:
    """Renames a damaged file, if it exists: it can be inspected, and is in nobody's way.

    Raises:
        OSError: the folder cannot be written to.
    """
    if path.exists():
        path.replace(path.with_name(f"{path.name}{DAMAGED_SUFFIX}"))


def checksum_of(content: bytes) -> str:
    """SHA-256 of the bytes, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def checksum_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits; the file is streamed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal_of(value: Any) -> str:
    """Checksum of a plain value in canonical JSON, stored beside it: a changed digit would be believed."""
    return checksum_of(canonical_json(value).encode())


def is_checksum(value: object) -> bool:
    """Whether a value from a file has the form of a checksum."""
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Holds the lock file at the path; waits while another process or thread holds it.

    The same thread may hold it several times over. The empty file stays: to unlink it would let two
    processes hold locks on two files of one name.

    Raises:
        Busy: `wait` is off, and the lock is held elsewhere.
        OSError: the folder cannot be written to, or its file system has no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(path, is_singleton=True).acquire(timeout=-1 if wait else 0)
    except Timeout:
        raise Busy(path) from None
    except NotImplementedError:  # raised by some versions of filelock
        raise OSError(errno.ENOLCK, "its file system knows no locks", str(path)) from None
    with held:
        yield


def key_lock(root: Path, key: str, *, wait: bool = True) -> AbstractContextManager[None]:
    """A context in which this thread of this process alone works on a key's entry; raises as `locked`."""
    return locked(root / "locks" / f"{checked_key(key)}.lock", wait=wait)
