"""Entries of the cache: a payload file, and beside it a manifest that names it and proves it whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from cache.files import (
    Busy,
    CorruptEntry,
    OtherVersion,
    Unwritable,
    checksum_of,
    checksum_of_file,
    is_checksum,
    key_lock,
    seal_of,
    set_aside,
    staged,
    unreadable,
)
from cache.keys import as_plain, checked_key, is_key


@dataclass(frozen=True)
class Kind:
    """A kind of entry."""

    name: str
    """Name of its folder."""
    suffix: str
    """Suffix of its payload files, with the dot."""
    format: int
    """Version of the payload's layout; entries of another format are not served."""


RANKINGS = Kind("rankings", ".safetensors", format=1)
OUTCOMES = Kind("outcomes", ".parquet", format=2)
DIVERGENCES = Kind("divergences", ".parquet", format=1)
GENERATION_QUALITY = Kind("generation_quality", ".parquet", format=1)
ITEMS = Kind("items", ".parquet", format=1)
LOCALIZATIONS = Kind("localizations", ".parquet", format=1)
SCORES = Kind("scores", ".safetensors", format=1)
UNIT_SCORES = Kind("unit_scores", ".safetensors", format=1)
KINDS = (RANKINGS, OUTCOMES, DIVERGENCES, GENERATION_QUALITY, ITEMS, LOCALIZATIONS, SCORES, UNIT_SCORES)


@dataclass(frozen=True)
class Streamed:
    """A large payload, made in memory only if it has to stay there."""

    to_file: Callable[[Path], None]
    """Writes it to a path; raises OSError where it cannot be written."""
    to_bytes: Callable[[], bytes] | None
    """None for one that is not held in memory where it cannot be written."""


Payload = Path | bytes
"""Where a payload is read from: its file, or memory where it could not be written."""


@dataclass(frozen=True)
class EntryFolder:
    """The entries of one kind: `<root>/<kind>/<key><suffix>` and `<root>/<kind>/<key>.json`.

    An entry that could not be written is kept in memory, and served from there by this object. An entry that
    is not stored is served from the shipped folder if that has it; nothing is ever written there.
    """

    root: Path
    """The cache folder."""
    kind: Kind
    held: dict[str, tuple[Manifest, bytes]] = field(default_factory=dict, compare=False, repr=False)
    """What could not be written, by key."""
    shipped: Path | None = None
    """A read-only cache folder below this one."""
    refused: set[str] = field(default_factory=set, compare=False, repr=False)
    """Keys whose shipped entry is damaged, and not looked up any more."""

    @cached_property
    def _below(self) -> EntryFolder | None:
        """The shipped entries of the same kind."""
        return None if self.shipped is None else EntryFolder(self.shipped, self.kind)

    def _source(self, key: str) -> EntryFolder:
        """What serves a key: this folder, unless only the shipped one has the entry."""
        below = self._below
        if below is None or key in self.refused or self._has_manifest(key) or not below.has(key):
            return self
        return below

    def _has_manifest(self, key: str) -> bool:
        return key in self.held or self.payload_path(key).with_suffix(".json").is_file()

    def read_path(self, key: str) -> Path:
        """The payload file that serves a key, a shipped one if nothing else is stored.

        Raises:
            ValueError: the key is not a key.
        """
        return self._source(key).payload_path(key)

    def payload_path(self, key: str) -> Path:
        """The payload file of a key; its manifest lies beside it.

        Raises:
            ValueError: the key is not a key.
        """
        return self.root / self.kind.name / f"{checked_key(key)}{self.kind.suffix}"

    def stored_keys(self) -> list[str]:
        """The keys that have a manifest or a payload on the disk, sorted."""
        folder = self.root / self.kind.name
        paths = folder.iterdir() if folder.is_dir() else ()
        stems = {path.stem for path in paths if path.suffix in (".json", self.kind.suffix)}
        return sorted(stem for stem in stems if is_key(stem))

    def write(
        self, key: str, content: bytes | Streamed, key_inputs: Mapping[str, Any], details: Mapping[str, Any]
    ) -> None:
        """Stores an entry, whole or not at all; the manifest comes last and makes it valid.

        Raises:
            Unwritable: the folder cannot be written to, or the disk is full; the entry is held in memory,
                unless its content is `Streamed` for the disk alone.
            TypeError: a key input or detail is not a plain value.
        """
        path = self.payload_path(key)
        key_inputs, details = as_plain(key_inputs), as_plain(details)

        def manifest_for(size_bytes: int, checksum: str) -> Manifest:
            created = datetime.now(UTC).isoformat(timespec="seconds")
            return Manifest(key, self.kind.format, created, size_bytes, checksum, key_inputs, details)

        to_file = content.to_file if isinstance(content, Streamed) else content
        try:
            with key_lock(self.root, key), staged(path, to_file) as payload:
                manifest = manifest_for(payload.stat().st_size, checksum_of_file(payload))
                _put(path, payload, manifest)
        except OSError as error:
            whole = content if isinstance(content, bytes) else content.to_bytes and content.to_bytes()
            if whole is not None:
                self.held[key] = manifest_for(len(whole), checksum_of(whole)), whole
            raise Unwritable(self.root, error) from None
        self.held.pop(key, None)

    def take_in(self, manifest: Manifest, to_file: Callable[[Path], None]) -> None:
        """Stores an entry of another cache, under the manifest that it has there, whole or not at all.

        Args:
            manifest: of an entry of this kind.
            to_file: writes its payload to a path.

        Raises:
            CorruptEntry: the payload is not that of the manifest.
            OSError: the folder cannot be written to, or the disk is full.
        """
        path = self.payload_path(manifest.key)
        with key_lock(self.root, manifest.key), staged(path, to_file) as payload:
            if checksum_of_file(payload) != manifest.checksum:
                raise CorruptEntry(path, "its bytes differ from those that were written")
            _put(path, payload, manifest)

    def read_manifest(self, key: str) -> Manifest | None:
        """The manifest of a key; None if there is none, so also after a write that was cut short.

        Raises:
            OtherVersion: the entry is of another version.
            CorruptEntry: the manifest is damaged, or its payload is missing or cut.
        """
        if key in self.held:
            return self.held[key][0]
        source = self._source(key)
        manifest = source.manifest_of_any_version(key)
        if manifest is not None and manifest.format != self.kind.format:
            raise OtherVersion(source.payload_path(key))
        return manifest

    def manifest_of_any_version(self, key: str) -> Manifest | None:
        """The manifest of a key in this folder alone, whatever version of abilityscope wrote it.

        Raises:
            CorruptEntry: the manifest is damaged, or it is of this version and its payload is missing or cut.
        """
        path = self.payload_path(key)
        sealed = path.with_suffix(".json")
        try:
            if sealed.stat().st_size > LARGEST_MANIFEST_BYTES:
                raise CorruptEntry(sealed, "its manifest is far larger than any")
            manifest = Manifest.from_json(sealed.read_bytes())
            reason = self._mismatch(manifest, path) if manifest.format == self.kind.format else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise unreadable(sealed, error) from None
        except ValueError as error:
            raise CorruptEntry(sealed, str(error)) from None
        if reason:
            raise CorruptEntry(path, reason)
        return manifest

    def _mismatch(self, manifest: Manifest, path: Path) -> str | None:
        """Why the manifest does not belong to the payload at the path; None if it seems to."""
        if manifest.key != path.stem:
            return f"it was stored under another key, {manifest.key}"
        if not path.is_file():
            return "its payload is missing"
        size_bytes = path.stat().st_size
        if size_bytes != manifest.size_bytes:
            return f"it has {size_bytes} bytes in place of {manifest.size_bytes}"
        return None

    def read_payload(self, key: str, manifest: Manifest) -> bytes:
        """The payload, verified equal to what was written.

        Raises:
            CorruptEntry: it differs, or it cannot be read.
        """
        if key in self.held:
            return self.held[key][1]
        path = self.read_path(key)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise unreadable(path, error) from None
        if checksum_of(content) != manifest.checksum:
            raise CorruptEntry(path, "its bytes differ from those that were written")
        return content

    def has(self, key: str) -> bool:
        """Whether a manifest and a payload exist; neither is read, so the entry may be damaged."""
        path = self.read_path(key)
        return key in self.held or (path.with_suffix(".json").is_file() and path.is_file())

    def is_shipped(self, key: str) -> bool:
        """Whether a key is served from the shipped folder."""
        return self._source(key) is not self

    def whole_payload(self, key: str) -> Payload | None:
        """Where to read the payload, verified equal to what was written; None if it is not stored.

        Raises:
            OtherVersion: the entry is of another version.
            CorruptEntry: it is damaged.
        """
        manifest = self.read_manifest(key)
        if manifest is None:
            return None
        if key in self.held:
            return self.held[key][1]
        path = self.read_path(key)
        try:
            checksum = checksum_of_file(path)
        except FileNotFoundError:  # deleted since its manifest was read
            return None
        except OSError as error:
            raise unreadable(path, error) from None
        if checksum != manifest.checksum:
            raise CorruptEntry(path, "its bytes differ from those that were written")
        return path

    def damage_of(self, key: str) -> CorruptEntry | None:
        """What is wrong with a stored entry, read whole; None if nothing is, or another version wrote it."""
        try:
            self.whole_payload(key)
        except OtherVersion:
            return None
        except CorruptEntry as error:
            return error
        return None

    def set_aside(self, key: str) -> None:
        """Renames the files of a damaged entry, so that they can be inspected and the entry computed again.

        An entry that is whole, of another version, or locked by another process or thread stays. So does a
        shipped one, but it is not looked up any more.

        Raises:
            OSError: the folder cannot be written to.
        """
        if self.is_shipped(key):
            self.refused.add(key)
            return
        path = self.payload_path(key)
        try:
            with key_lock(self.root, key, wait=False):
                if self.damage_of(key):
                    set_aside(path.with_suffix(".json"))
                    set_aside(path)
        except Busy:
            pass


def _put(path: Path, payload: Path, manifest: Manifest) -> None:
    """Gives a staged payload its name, and its manifest after it."""
    sealed_path = path.with_suffix(".json")
    # Everything that takes room is written before an existing entry is touched.
    with staged(sealed_path, manifest.to_json()) as sealed:
        # A kill between the two renames must not leave an old manifest on a new payload.
        sealed_path.unlink(missing_ok=True)
        payload.replace(path)
        sealed.replace(sealed_path)


LARGEST_MANIFEST_BYTES = 1 << 26
"""A manifest is smaller: that of a ranking of 10 billion weights has 3 MB. A larger file is not read."""


@dataclass(frozen=True)
class Manifest:
    """What is known of a payload; stored as `<key>.json`."""

    key: str
    format: int
    """Version of the payload's layout."""
    created: str
    """ISO 8601, UTC, to the second."""
    size_bytes: int
    """Size of the payload."""
    checksum: str
    """SHA-256 of the payload, 64 hexadecimal digits."""
    key_inputs: Mapping[str, Any]
    """What the key was made of."""
    details: Mapping[str, Any]
    """What the kind of entry keeps besides."""

    def to_json(self) -> bytes:
        """The manifest for people to read, sealed by a checksum of its own."""
        fields = asdict(self)
        return json.dumps({**fields, "seal": seal_of(fields)}, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """The manifest that was written.

        Raises:
            ValueError: the content is not a whole, unchanged manifest; says why, as the end of a sentence.
        """
        try:
            fields = json.loads(content)
        except (ValueError, RecursionError):
            raise ValueError("its manifest is not JSON") from None
        try:
            seal = fields.pop("seal", None) if isinstance(fields, dict) else None
            is_sealed = seal is not None and seal == seal_of(fields)
        except (ValueError, RecursionError):  # a NaN, or lists nested too deeply
            is_sealed = False
        if not is_sealed:
            raise ValueError("its manifest was changed or cut")
        if set(fields) != set(FITS):
            raise ValueError("its manifest has missing or unknown fields")
        # Anybody can make a seal: what is believed here is compared, added and shown elsewhere.
        if odd := [name for name, fits in FITS.items() if not fits(fields[name])]:
            raise ValueError(f"its manifest has no usable '{odd[0]}'")
        return cls(**fields)


def is_count(value: object) -> bool:
    """Whether a value from a file is a number of things."""
    return type(value) is int and value >= 0


def _is_time(value: object) -> bool:
    """Whether a value from a file is a time with its zone, in ISO 8601."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


FITS: dict[str, Callable[[object], bool]] = {
    "key": lambda value: isinstance(value, str) and is_key(value),
    "format": is_count,
    "created": _is_time,
    "size_bytes": is_count,
    "checksum": is_checksum,
    "key_inputs": lambda value: isinstance(value, dict),
    "details": lambda value: isinstance(value, dict),
}
"""Whether each field of a manifest has a usable value."""
