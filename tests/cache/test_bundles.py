"""Bundles: what goes out comes in to the byte, and nothing else ever does."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cache.bundles import LIST, BadBundle, TakenIn, export_entries, import_entries
from cache.entries import KINDS, RANKINGS, EntryFolder
from cache.files import CorruptEntry, seal_of
from cache.folder import Store
from cache.keys import key_of
from cache.upkeep import Found, entries, find, verify

KEYS = [key_of("outcomes", 1, {"n": n}) for n in range(3)]


def filled(root: Path) -> list[Found]:
    store = Store(root)
    for n, key in enumerate(KEYS):
        store.outcomes.save(key, {"n": n}, {"item_id": ["a", "b"], "correct": [True, n == 1]})
    ids, local = np.arange(500, dtype=np.int16), np.arange(500, dtype=np.int32)
    store.rankings.save("ab" * 16, {"x": 1}, ids, local, {"y": 2})
    return [find(root, entry.key) for entry in entries(root)]


def files(root: Path) -> dict[str, bytes]:
    folders = [root / kind.name for kind in KINDS]
    return {
        f"{path.parent.name}/{path.name}": path.read_bytes()
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
    }


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bundle")
    export_entries(root / "cache", filled(root / "cache"), root / "some.tar")
    return root / "some.tar"


def test_another_cache_has_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    assert import_entries(tmp_path, bundle) == TakenIn(4, 0)
    assert files(tmp_path) == files(bundle.parent / "cache")
    assert verify(tmp_path) == []
    frame = Store(tmp_path).outcomes.load(KEYS[1])
    assert frame is not None
    assert frame["correct"].to_list() == [True, True]
    assert import_entries(tmp_path, bundle) == TakenIn(0, 4)
    with tarfile.open(bundle) as tar:  # anybody's tar reads it
        assert next(iter(tar)).name == LIST


def test_a_damaged_entry_of_the_cache_is_replaced_and_a_whole_one_stays(bundle: Path, tmp_path: Path) -> None:
    import_entries(tmp_path, bundle)
    folder = Store(tmp_path).outcomes.entries
    folder.payload_path(KEYS[0]).write_bytes(b"cut")
    kept = folder.payload_path(KEYS[1]).stat().st_mtime_ns
    assert import_entries(tmp_path, bundle) == TakenIn(1, 3)
    assert folder.payload_path(KEYS[1]).stat().st_mtime_ns == kept
    assert files(tmp_path) == files(bundle.parent / "cache")


def test_no_changed_byte_and_no_cut_is_taken_in(bundle: Path, tmp_path: Path) -> None:
    content = bundle.read_bytes()
    whole = files(bundle.parent / "cache")
    for place in range(0, len(content) - 1024 * 10, 97):
        spoilt = bytearray(content)
        spoilt[place] ^= 0x41
        _refused_or_equal(bytes(spoilt), tmp_path, whole)
    for end in range(0, len(content) - 1024 * 10, 1111):
        _refused_or_equal(content[:end], tmp_path, None)


def _refused_or_equal(content: bytes, tmp_path: Path, whole: dict[str, bytes] | None) -> None:
    """Only padding and fields of tar that mean nothing here may change: then all is as it was."""
    path, root = tmp_path / "spoilt.tar", tmp_path / "other"
    path.write_bytes(content)
    try:
        import_entries(root, path)
    except BadBundle:
        assert files(root) == {}
        return
    assert files(root) == whole
    for file in (root / name for name in files(root)):
        file.unlink()


Change = Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]


def changed(bundle: Path, to: Path, change: Change) -> Path:
    with tarfile.open(bundle) as tar:
        members = [(member, _content(tar, member)) for member in tar]
    change(members)
    with tarfile.open(to, "w") as tar:
        for member, content in members:
            tar.addfile(member, io.BytesIO(content))
    return to


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


def _renamed(name: str) -> Change:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        members[1][0].name = name

    return change


def _of_type(kind: bytes, link: str = "") -> Change:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        members[1][0].type, members[1][0].linkname, members[1][0].size = kind, link, 0

    return change


def _listing(**fields: object) -> Change:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        listed = json.loads(members[0][1])
        listed.pop("seal")
        listed["entries"][0] |= fields
        content = json.dumps({**listed, "seal": seal_of(listed)}).encode()
        members[0][0].size = len(content)
        members[0] = members[0][0], content

    return change


def _added(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    extra = tarfile.TarInfo("../../extra")
    extra.size = 3
    members.append((extra, b"abc"))


HOSTILE: dict[str, Change] = {
    "a path that leads out": _renamed("../../../etc/cron.d/x"),
    "an absolute path": _renamed("/tmp/x"),
    "a symbolic link": _of_type(tarfile.SYMTYPE, "/etc/passwd"),
    "a hard link": _of_type(tarfile.LNKTYPE, LIST),
    "a device": _of_type(tarfile.CHRTYPE),
    "a folder": _of_type(tarfile.DIRTYPE),
    "one member more": _added,
    "one member less": lambda members: members.pop(1) and None,
    "two members in turn": lambda members: members.insert(1, members.pop(3)),
    "a key that is a path": _listing(key="../../../../../../etc/passwd"),
    "an unknown kind": _listing(kind="../outcomes"),
    "a kind of an earlier version": _listing(kind="partings"),
    "a size below 0": _listing(size_bytes=-1),
    "a checksum that is none": _listing(checksum="abc"),
    "another checksum": _listing(checksum="0" * 64),
    "another manifest": _listing(manifest="0" * 64),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_bundle_is_refused(what: str, bundle: Path, tmp_path: Path) -> None:
    path = changed(bundle, tmp_path / "hostile.tar", HOSTILE[what])
    before = sorted(tmp_path.parent.rglob("*"))
    with pytest.raises(BadBundle, match="is refused: "):
        import_entries(tmp_path / "cache", path)
    assert files(tmp_path / "cache") == {}
    assert sorted(tmp_path.parent.rglob("*")) == before


NO_BUNDLES = (b"", b"PK\x03\x04", b"\x00" * 1024, b"\x1f\x8b" + b"x" * 2000, b"a" * 5000)


@pytest.mark.parametrize("content", NO_BUNDLES)
def test_what_is_no_bundle_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(BadBundle):
        import_entries(tmp_path / "cache", tmp_path / "file")


def test_what_is_damaged_or_not_there_does_not_go_out(tmp_path: Path) -> None:
    found = filled(tmp_path)
    with pytest.raises(ValueError, match="There is no entry to export"):
        export_entries(tmp_path, [], tmp_path / "some.tar")
    with pytest.raises(ValueError, match="is not stored"):
        export_entries(tmp_path, [Found(RANKINGS, "cd" * 16)], tmp_path / "some.tar")
    path = EntryFolder(tmp_path, found[0].kind).payload_path(found[0].key)
    content = bytearray(path.read_bytes())
    content[9] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptEntry):
        export_entries(tmp_path, found, tmp_path / "some.tar")
    assert not [path for path in tmp_path.iterdir() if path.is_file()]
