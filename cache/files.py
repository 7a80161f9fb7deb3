"""Files that are whole or not there: atomic writing, checksums, locks. Knows no kind of content."""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

TEMPORARY_SUFFIX = ".tmp"
"""Ends the name of a file that is still being written, or whose writer was killed."""


class CorruptEntry(Exception):  # noqa: N818 (a state of the cache, shown to the person as such)
    """A cache entry is there but damaged. It is never served; whoever meets it reports and recomputes it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"The cache entry {path} is damaged: {reason}.")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type[CorruptEntry], tuple[Path, str]]:
        # Exceptions are rebuilt from their message alone, which would lose the two fields between processes.
        return CorruptEntry, (self.path, self.reason)


def unreadable(path: Path, error: OSError) -> CorruptEntry:
    """What an entry is whose file is there and cannot be read: as good as damaged."""
    return CorruptEntry(path, f"it cannot be read ({error.strerror or error})")


class Busy(Exception):  # noqa: N818 (nothing went wrong)
    """Somebody else holds a lock just now."""


def write_atomically(path: Path, content: bytes | Callable[[Path], None]) -> None:
    """Writes a file so that readers, and the next start after a crash, see the old or the new one whole.

    Args:
        path: its folder is made if it is not there.
        content: the bytes, or what writes them to the temporary path that it is given.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; nothing is left behind.
    """
    with staged(path, content) as temporary:
        temporary.replace(path)


@contextmanager
def staged(path: Path, content: bytes | Callable[[Path], None]) -> Iterator[Path]:
    """A context with the temporary file that has the content, beside the path and safe on the disk.

    It is deleted at the end unless it was renamed.

    Args:
        path: what the file is to become; its folder is made if it is not there.
        content: the bytes, or what writes them to the temporary path that it is given.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; nothing is left behind.
    """
    temporary = temporary_beside(path)
    try:
        if isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            content(temporary)
        _flush_to_disk(temporary)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """A new name beside the path, for what is to become it; its folder is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}{TEMPORARY_SUFFIX}")


def _flush_to_disk(path: Path) -> None:
    """Waits until the file's bytes are on the disk: a rename may get there before them."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checksum_of(content: bytes) -> str:
    """SHA-256 of the bytes, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def checksum_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits; the file is streamed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Holds the lock file at the path; waits while another process or thread holds it.

    The same thread may hold it several times over. The empty file stays: to unlink it would let two
    processes hold locks on two files of one name.

    Raises:
        Busy: it is not to wait, and somebody holds the lock.
        OSError: the folder cannot be written to, or its file system knows no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(path, is_singleton=True).acquire(timeout=-1 if wait else 0)
    except Timeout:
        raise Busy(path) from None
    except NotImplementedError:  # how some versions of filelock say it
        raise OSError(errno.ENOLCK, "its file system knows no locks", str(path)) from None
    with held:
        yield
