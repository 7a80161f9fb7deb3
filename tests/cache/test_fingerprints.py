from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from cache.fingerprints import fingerprint_files

LONG_AGO_S = 1_700_000_000


def write(path: Path, content: bytes, age_at_s: float = LONG_AGO_S) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (age_at_s, age_at_s))
    return path


def test_depends_on_names_bytes_and_order_alone(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a", b"1"), write(tmp_path / "b", b"2")
    copies = [write(tmp_path / "copy" / "a", b"1", 1.0), write(tmp_path / "copy" / "b", b"2", 2.0)]
    assert fingerprint_files([a, b]) == fingerprint_files(copies)
    others = [
        fingerprint_files([b, a]),
        fingerprint_files([a]),
        fingerprint_files([a, write(tmp_path / "c", b"2")]),
        fingerprint_files([write(tmp_path / "d" / "a", b"12"), write(tmp_path / "d" / "b", b"")]),
    ]
    assert len({fingerprint_files([a, b]), *others}) == 5


def test_symbolic_links_are_followed(tmp_path: Path) -> None:
    blob = write(tmp_path / "blobs" / "0f0f", b"1")
    (tmp_path / "a").symlink_to(blob)
    assert fingerprint_files([tmp_path / "a"]) == fingerprint_files([write(tmp_path / "x" / "a", b"1")])


def test_remembered_files_are_not_read_again(tmp_path: Path) -> None:
    memory, path = tmp_path / "models" / "memory.json", write(tmp_path / "a", b"1")
    first = fingerprint_files([path], memory)
    # Same size, time and inode: only one who does not read it can miss the change.
    write(path, b"2")
    assert fingerprint_files([path], memory) == first
    assert fingerprint_files([path]) != first


@pytest.mark.parametrize("change", ["size", "time", "inode"])
def test_a_changed_file_is_read_again(tmp_path: Path, change: str) -> None:
    memory, path = tmp_path / "memory.json", write(tmp_path / "a", b"1")
    first = fingerprint_files([path], memory)
    if change == "inode":
        write(tmp_path / "new", b"2").replace(path)
    else:
        write(path, b"22" if change == "size" else b"2", LONG_AGO_S + (change == "time"))
    assert fingerprint_files([path], memory) == fingerprint_files([path]) != first


def test_a_file_just_written_is_not_remembered(tmp_path: Path) -> None:
    memory, path = tmp_path / "memory.json", write(tmp_path / "a", b"1", time.time())
    fingerprint_files([path], memory)
    assert not memory.exists()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"x": 3}', b"null"])
def test_a_damaged_memory_is_rewritten(tmp_path: Path, damage: bytes) -> None:
    memory, path = write(tmp_path / "memory.json", damage), write(tmp_path / "a", b"1")
    assert fingerprint_files([path], memory) == fingerprint_files([path])
    assert len(json.loads(memory.read_bytes())["files"]) == 1


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fingerprint_files([tmp_path / "a"])
