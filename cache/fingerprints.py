"""Fingerprints of files: what they contain, not where they lie. Large files are not read twice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cache.files import (
    CorruptEntry,
    checksum_of_file,
    is_checksum,
    seal_of,
    unreadable,
    write_atomically,
)
from cache.keys import KEY_LENGTH, canonical_json

LARGEST_BYTES = 1 << 26
"""A memory of a hundred thousand files is smaller; a larger one is damaged, and not read."""

SETTLED_AFTER_S = 2.0
"""A file changed less than this ago is not remembered: it could be rewritten, in the same size, within one
tick of the file system's clock, and would then be taken for the old one."""


def fingerprint_files(paths: Iterable[Path], memory: Path | None = None) -> str:
    """A hash over the names and bytes of the files in the given order, 32 hexadecimal digits.

    Args:
        paths: the folder they lie in does not matter; symbolic links are followed.
        memory: a JSON file that keeps the checksum of each file by path, size, modification time and inode;
            made if it does not exist, and skipped where it cannot be written. A file that keeps all four
            while its bytes change is not noticed.

    Raises:
        FileNotFoundError: a file does not exist.
    """
    known: dict[str, str] = {}
    # Unlike that of an entry, damage is not reported here: the memory only saves time, and is replaced below.
    with suppress(CorruptEntry):
        known = {} if memory is None else _read(memory)
    learnt: dict[str, str] = {}
    digests = [(path.name, _digest(path, known, learnt)) for path in paths]
    if memory is not None and learnt:
        known |= learnt
        # Nor is a folder that cannot be written to: whoever uses the cache stores something in it soon.
        with suppress(OSError):
            write_atomically(memory, json.dumps({"seal": seal_of(known), "files": known}, indent=1).encode())
    return seal_of(digests)[:KEY_LENGTH]


def _digest(path: Path, known: dict[str, str], learnt: dict[str, str]) -> str:
    """SHA-256 of the file, taken from what is known or else added to what is learnt."""
    identity = _identity(path)
    if identity in known:
        return known[identity]
    digest = checksum_of_file(path)
    is_settled = time.time() - path.stat().st_mtime > SETTLED_AFTER_S
    if is_settled and _identity(path) == identity:
        learnt[identity] = digest
    return digest


def _identity(path: Path) -> str:
    """By what the memory recognises a file."""
    status = path.stat()
    return canonical_json([str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ino])


def remember_name(memory: Path, fingerprint: str, name: str) -> None:
    """Keeps what a person last called the model of a fingerprint, in a file beside the memory.

    Only lists of the cache need it: where it cannot be written, they show fingerprints.
    """
    names = names_of(memory)
    if names.get(fingerprint) != name:
        document = json.dumps({**names, fingerprint: name}, indent=1).encode()
        with suppress(OSError):
            write_atomically(_names_path(memory), document)


def names_of(memory: Path) -> dict[str, str]:
    """The names of models by fingerprint; none if there is no such file, or it was changed by hand."""
    path = _names_path(memory)
    try:
        known = json.loads(path.read_bytes()) if path.stat().st_size <= LARGEST_BYTES else {}
    except (OSError, ValueError, RecursionError):
        return {}
    items = known.items() if isinstance(known, dict) else ()
    return {fingerprint: name for fingerprint, name in items if isinstance(name, str)}


def _names_path(memory: Path) -> Path:
    return memory.with_name("names.json")


def damage_of(memory: Path) -> CorruptEntry | None:
    """What is wrong with the memory; None if nothing is, or there is none."""
    try:
        _read(memory)
    except CorruptEntry as error:
        return error
    return None


def _read(memory: Path) -> dict[str, str]:
    """What is remembered; nothing if there is no file; raises CorruptEntry if it was changed."""
    if not memory.is_file():
        return {}
    try:
        if memory.stat().st_size > LARGEST_BYTES:
            raise CorruptEntry(memory, "it is far larger than any")
        sealed = json.loads(memory.read_bytes())
        known, seal = sealed["files"], sealed["seal"]
        if seal == seal_of(known) and all(map(is_checksum, known.values())):
            return dict(known)
    except OSError as error:
        raise unreadable(memory, error) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise CorruptEntry(memory, "it is no list of fingerprints") from None
    raise CorruptEntry(memory, "it was changed or cut")
