"""Fingerprints of files: what they say, not where they lie. Large files are not read twice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

from cache.files import checksum_of, checksum_of_file, write_atomically
from cache.keys import KEY_LENGTH, canonical_json

SETTLED_AFTER_S = 2.0
"""A file changed less than this ago is not remembered: it could be rewritten, in the same size, within one
tick of the file system's clock, and would then be taken for the old one."""


def fingerprint_files(paths: Iterable[Path], memory: Path | None = None) -> str:
    """A hash over the names and bytes of the files in the order given, 32 hexadecimal digits.

    Args:
        paths: the folder they lie in does not matter; symbolic links are followed.
        memory: a JSON file that keeps the checksum of each file by path, size, modification time and inode;
            made if it is not there. A file that keeps all four while its bytes change is not noticed.

    Raises:
        FileNotFoundError: a file is not there.
    """
    known = _recall(memory)
    learnt: dict[str, str] = {}
    digests = [(path.name, _digest(path, known, learnt)) for path in paths]
    if memory is not None and learnt:
        write_atomically(memory, json.dumps({**known, **learnt}, indent=1).encode())
    return checksum_of(canonical_json(digests).encode())[:KEY_LENGTH]


def _digest(path: Path, known: dict[str, str], learnt: dict[str, str]) -> str:
    """SHA-256 of the file, taken from what is known or else noted in what is learnt."""
    identity = _identity(path)
    if identity in known:
        return known[identity]
    digest = checksum_of_file(path)
    is_settled = time.time() - path.stat().st_mtime > SETTLED_AFTER_S
    if is_settled and _identity(path) == identity:
        learnt[identity] = digest
    return digest


def _identity(path: Path) -> str:
    """What a file is known by."""
    status = path.stat()
    return canonical_json([str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ino])


def _recall(memory: Path | None) -> dict[str, str]:
    """What is remembered; nothing if the memory is damaged.

    Damage is passed over in silence, unlike a damaged entry: the memory only saves time, all of it can be
    read again from the files themselves, and the next write replaces it.
    """
    if memory is None or not memory.is_file():
        return {}
    try:
        known = json.loads(memory.read_bytes())
    except ValueError:
        return {}
    if not isinstance(known, dict):
        return {}
    return {identity: digest for identity, digest in known.items() if _is_digest(digest)}


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")
