"""Bundles: entries in one file, which another cache takes in.

A bundle is a plain tar. Its first member, `entries.json`, lists the entries with the checksums of their
files, under a seal; manifest and payload of each follow in that order, under the names that they have in the
cache folder. Nothing else is taken from a bundle: names are made from the list, never used as they stand.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from cache.entries import KINDS, LARGEST_MANIFEST_BYTES, EntryFolder, Kind, Manifest, is_count
from cache.files import CorruptEntry, checksum_of, is_checksum, seal_of, write_atomically
from cache.keys import is_key
from cache.upkeep import Found

LIST = "entries.json"
"""The first member."""

FORMAT = 1
"""Version of the layout."""

LARGEST_LIST_BYTES = 1 << 28
"""The list of a million entries is smaller. A larger one is not read."""

CHUNK_BYTES = 1 << 20

ADVICE = "copy it again, or write it anew with 'abilityscope cache export'"


class BadBundle(ValueError):  # noqa: N818 (a state of the file)
    """A file is no bundle, or a damaged one: nothing of it was taken in."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is refused: {reason}; {ADVICE}.")


class _Listed(NamedTuple):
    """An entry as the list of a bundle has it."""

    kind: Kind
    key: str
    manifest_checksum: str
    size_bytes: int
    """The payload's size."""
    checksum: str
    """The payload's checksum."""

    def names(self) -> tuple[str, str]:
        """The members with its manifest and its payload."""
        return f"{self.kind.name}/{self.key}.json", f"{self.kind.name}/{self.key}{self.kind.suffix}"


class TakenIn(NamedTuple):
    """What became of a bundle's entries."""

    new: int
    known: int
    """Entries that the cache has already, whole."""


def export_entries(root: Path, found: Sequence[Found], path: Path) -> None:
    """Writes entries of a cache to a bundle, atomically.

    Raises:
        CorruptEntry: one is damaged or of another version.
        ValueError: one is not stored, or no entry is given.
        OSError: the file cannot be written.
    """
    if not found:
        raise ValueError("There is no entry to export: 'abilityscope cache ls' lists what there is.")
    manifests = [_whole(EntryFolder(root, one.kind), one.key) for one in found]
    contents = [manifest.to_json() for manifest in manifests]
    rows = [
        {
            "kind": one.kind.name,
            "key": one.key,
            "manifest": checksum_of(content),
            "size_bytes": manifest.size_bytes,
            "checksum": manifest.checksum,
        }
        for one, manifest, content in zip(found, manifests, contents, strict=True)
    ]
    listed = {"format": FORMAT, "entries": rows}
    head = json.dumps({**listed, "seal": seal_of(listed)}).encode()

    def write(temporary: Path) -> None:
        with tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as tar:
            tar.addfile(_member(LIST, len(head)), io.BytesIO(head))
            for one, manifest, content in zip(found, manifests, contents, strict=True):
                folder = EntryFolder(root, one.kind)
                tar.addfile(_member(f"{one.kind.name}/{one.key}.json", len(content)), io.BytesIO(content))
                with folder.payload_path(one.key).open("rb") as file:
                    name = f"{one.kind.name}/{one.key}{one.kind.suffix}"
                    tar.addfile(_member(name, manifest.size_bytes), file)

    write_atomically(path, write)


def _whole(folder: EntryFolder, key: str) -> Manifest:
    """The manifest of an entry that is verified whole."""
    manifest = folder.read_manifest(key)
    if manifest is None or folder.whole_payload(key) is None:
        raise ValueError(f"The entry {key} is not stored: 'abilityscope cache ls' lists what there is.")
    return manifest


def _member(name: str, size_bytes: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size_bytes, 0o644
    return member


def import_entries(
    root: Path, path: Path, on_entry: Callable[[int, int], None] = lambda done, total: None
) -> TakenIn:
    """Takes the entries of a bundle into a cache, after all of it was read and verified.

    An entry that the cache has already, whole, stays as it is. Each is stored whole or not at all.

    Args:
        root: the cache folder.
        path: the bundle.
        on_entry: called after each entry with the number of entries done and in all.

    Raises:
        BadBundle: the file is no bundle, or damaged; nothing is taken in.
        OSError: it cannot be read, or the cache folder cannot be written to.
    """
    for _, _, payload in _entries(path):
        while payload.read(CHUNK_BYTES):
            pass
    new = known = 0
    for one, manifest, payload in _entries(path):
        folder = EntryFolder(root, one.kind)
        if folder.has(one.key) and folder.damage_of(one.key) is None:
            known += 1
        else:
            try:
                folder.take_in(manifest, partial(_copy, payload))
            except CorruptEntry as error:  # the file has changed since it was verified
                raise BadBundle(path, error.reason) from None
            new += 1
        on_entry(new + known, payload.total)
    return TakenIn(new, known)


class _Payload:
    """A payload in a bundle, verified as it is read to its end."""

    def __init__(self, file: IO[bytes], path: Path, checksum: str, total: int) -> None:
        self._file, self._path, self._checksum = file, path, checksum
        self._digest = hashlib.sha256()
        self.total = total
        """Entries of the bundle."""

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            BadBundle: all of them are not what the list says, or they cannot be read.
        """
        with _refusing(self._path):
            content = self._file.read(size)
        self._digest.update(content)
        if not content and self._digest.hexdigest() != self._checksum:
            raise BadBundle(self._path, "bytes in it have changed")
        return content


def _copy(payload: _Payload, to: Path) -> None:
    with to.open("wb") as file:
        shutil.copyfileobj(payload, file, CHUNK_BYTES)


def _entries(path: Path) -> Iterator[tuple[_Listed, Manifest, _Payload]]:
    """The entries of a bundle in order, each with its manifest, verified, and its payload."""
    with _refusing(path), tarfile.open(path, "r:") as tar:
        listed = _list_of(path, _content(path, tar, LIST, LARGEST_LIST_BYTES))
        for one in listed:
            manifest_name, payload_name = one.names()
            content = _content(path, tar, manifest_name, LARGEST_MANIFEST_BYTES)
            manifest = _manifest(path, one, content)
            member = _next(path, tar, payload_name)
            file = tar.extractfile(member)
            if file is None or member.size != one.size_bytes:
                raise BadBundle(path, f"{payload_name} has another size than it should have")
            yield one, manifest, _Payload(file, path, one.checksum, len(listed))
        if tar.next() is not None:
            raise BadBundle(path, "it has more in it than its list says")


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """A context in which a file that is no whole tar is refused."""
    try:
        yield
    except (tarfile.TarError, EOFError) as error:
        raise BadBundle(path, f"it is no whole bundle ({error})") from None


def _next(path: Path, tar: tarfile.TarFile, name: str) -> tarfile.TarInfo:
    """The next member, which has to be a plain file of this name."""
    member = tar.next()
    if member is None:
        raise BadBundle(path, f"it ends before {name}")
    if member.name != name or not member.isreg() or member.issparse():
        raise BadBundle(path, f"it has something else where {name} should be")
    return member


def _content(path: Path, tar: tarfile.TarFile, name: str, largest: int) -> bytes:
    """The content of the next member, which has to be of this name."""
    member = _next(path, tar, name)
    if member.size > largest:
        raise BadBundle(path, f"{name} is far larger than any")
    file = tar.extractfile(member)
    content = b"" if file is None else file.read()
    if len(content) != member.size:
        raise BadBundle(path, f"it ends within {name}")
    return content


def _list_of(path: Path, content: bytes) -> list[_Listed]:
    """The entries that the list names."""
    try:
        fields = json.loads(content)
        seal = fields.pop("seal", None) if isinstance(fields, dict) else None
        is_sealed = seal is not None and seal == seal_of(fields)
    except (ValueError, RecursionError):
        is_sealed = False
    if not is_sealed:
        raise BadBundle(path, "its list was changed or cut")
    if fields.get("format") != FORMAT or not isinstance(fields.get("entries"), list):
        raise BadBundle(path, "another version of abilityscope wrote it")
    listed = [_listed(path, row) for row in fields["entries"]]
    if len({(one.kind, one.key) for one in listed}) < len(listed):
        raise BadBundle(path, "its list names an entry twice")
    return listed


def _listed(path: Path, row: Any) -> _Listed:
    kinds = {kind.name: kind for kind in KINDS}
    match row:
        case {
            "kind": str(kind),
            "key": str(key),
            "manifest": manifest,
            "size_bytes": int(size_bytes),
            "checksum": checksum,
        } if (
            kind in kinds
            and is_key(key)
            and is_checksum(manifest)
            and is_checksum(checksum)
            and is_count(size_bytes)
        ):
            return _Listed(kinds[kind], key, str(manifest), size_bytes, str(checksum))
    raise BadBundle(path, "its list has something that is no entry")


def _manifest(path: Path, one: _Listed, content: bytes) -> Manifest:
    """The manifest of an entry, which has to be that of the list."""
    if checksum_of(content) != one.manifest_checksum:
        raise BadBundle(path, "bytes in it have changed")
    try:
        manifest = Manifest.from_json(content)
    except ValueError as error:
        raise BadBundle(path, str(error)) from None
    if (manifest.key, manifest.size_bytes, manifest.checksum) != (one.key, one.size_bytes, one.checksum):
        raise BadBundle(path, f"the manifest of {one.key} is another entry's")
    if manifest.format != one.kind.format:
        raise BadBundle(path, f"the entry {one.key} is of another version of abilityscope")
    return manifest
