from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path

import pytest

from cache.files import CorruptEntry, checksum_of, checksum_of_file, locked, write_atomically


def test_bytes_and_writer(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file"
    write_atomically(path, b"one")
    assert path.read_bytes() == b"one"
    write_atomically(path, lambda temporary: temporary.write_text("two") and None)
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(temporary: Path) -> None:
        temporary.write_bytes(b"ha")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_seen_under_the_name_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def write(temporary: Path) -> None:
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"x")
        assert not path.exists()

    write_atomically(path, write)
    assert path.exists()


def test_the_bytes_are_on_the_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, flushed = tmp_path / "file", []

    def fsync(descriptor: int) -> None:
        assert not path.exists()
        flushed.append(os.fstat(descriptor))

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomically(path, b"one")
    assert [(one.st_ino, one.st_size) for one in flushed] == [(path.stat().st_ino, 3)]


def test_checksum_of_the_standard_test_vector(tmp_path: Path) -> None:
    # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert checksum_of(b"abc") == expected
    (tmp_path / "abc").write_bytes(b"abc")
    assert checksum_of_file(tmp_path / "abc") == expected


def test_corrupt_entry_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(CorruptEntry(Path("a/b"), "it is cut")))
    assert (error.path, error.reason) == (Path("a/b"), "it is cut")
    assert str(error) == f"The cache entry {Path('a/b')} is damaged: it is cut."


def test_lock_keeps_other_threads_out_and_lets_its_own_in_again(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "a.lock"
    order: list[str] = []
    started = threading.Event()

    def other() -> None:
        started.set()
        with locked(path):
            order.append("other")

    thread = threading.Thread(target=other)
    with locked(path):
        with locked(path):
            thread.start()
            started.wait()
        thread.join(timeout=0.2)
        assert thread.is_alive()
        order.append("own")
    thread.join(timeout=60)
    assert order == ["own", "other"]
