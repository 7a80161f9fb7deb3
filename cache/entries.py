"""Entries of the cache: a payload file, and beside it a manifest that names it and proves it whole."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cache.files import (
    Busy,
    CorruptEntry,
    OtherVersion,
    Unwritable,
    Version,
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

LARGEST_MANIFEST_BYTES = 1 << 26
"""A manifest is smaller: that of a ranking of 10 billion weights has 3 MB. A larger file is not read."""

EARLIER_FORMAT = 0
"""The format of everything whose manifest or journal has `ingredients`, an earlier name of `key_inputs`."""


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
KINDS = (RANKINGS, OUTCOMES, DIVERGENCES, GENERATION_QUALITY, ITEMS, LOCALIZATIONS)

EARLIER_KINDS = tuple(Kind(name, ".parquet", sys.maxsize) for name in ("partings", "health", "separations"))
"""Kinds of an earlier version: listed and deleted, never read. No format of theirs is current."""


def version_of(written: tuple[int, ...], current: tuple[int, ...]) -> Version:
    """Which version of abilityscope wrote something of these formats, when the current ones are given."""
    if written == current:
        return "current"
    return "earlier" if written < current else "later"


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
        if "ingredients" in fields:
            fields |= {"key_inputs": fields.pop("ingredients"), "format": EARLIER_FORMAT}
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


@dataclass(frozen=True)
class Streamed:
    """A large payload, made in memory only if it has to stay there."""

    to_file: Callable[[Path], None]
    """Writes it to a path; raises OSError where it cannot be written."""
    to_bytes: Callable[[], bytes]


Payload = Path | bytes
"""Where a payload is read from: its file, or memory where it could not be written."""


@dataclass(frozen=True)
class EntryFolder:
    """The entries of one kind: `<root>/<kind>/<key><suffix>` and `<root>/<kind>/<key>.json`.

    An entry that could not be written is kept in memory, and served from there by this object.
    """

    root: Path
    """The cache folder."""
    kind: Kind
    held: dict[str, tuple[Manifest, bytes]] = field(default_factory=dict, compare=False, repr=False)
    """What could not be written, by key."""

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
            Unwritable: the folder cannot be written to, or the disk is full; the entry is held in memory.
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
                # Everything that takes room is written before an existing entry is touched.
                with staged(path.with_suffix(".json"), manifest.to_json()) as sealed:
                    # A kill between the two renames must not leave an old manifest on a new payload.
                    path.with_suffix(".json").unlink(missing_ok=True)
                    payload.replace(path)
                    sealed.replace(path.with_suffix(".json"))
        except OSError as error:
            whole = content.to_bytes() if isinstance(content, Streamed) else content
            self.held[key] = manifest_for(len(whole), checksum_of(whole)), whole
            raise Unwritable(self.root, error) from None
        self.held.pop(key, None)

    def read_manifest(self, key: str) -> Manifest | None:
        """The manifest of a key; None if there is none, so also after a write that was cut short.

        Raises:
            OtherVersion: the entry is of another version.
            CorruptEntry: the manifest is damaged, or its payload is missing or cut.
        """
        if key in self.held:
            return self.held[key][0]
        manifest = self.manifest_of_any_version(key)
        if manifest is not None and manifest.format != self.kind.format:
            version = version_of((manifest.format,), (self.kind.format,))
            raise OtherVersion(self.payload_path(key), version)
        return manifest

    def manifest_of_any_version(self, key: str) -> Manifest | None:
        """The manifest of a key on the disk, whatever version of abilityscope wrote it.

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
        path = self.payload_path(key)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise unreadable(path, error) from None
        if checksum_of(content) != manifest.checksum:
            raise CorruptEntry(path, "its bytes differ from those that were written")
        return content

    def has(self, key: str) -> bool:
        """Whether a manifest and a payload exist; neither is read, so the entry may be damaged."""
        path = self.payload_path(key)
        return key in self.held or (path.with_suffix(".json").is_file() and path.is_file())

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
        path = self.payload_path(key)
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

        An entry that is whole, of another version, or locked by another process or thread stays.

        Raises:
            OSError: the folder cannot be written to.
        """
        path = self.payload_path(key)
        try:
            with key_lock(self.root, key, wait=False):
                if self.damage_of(key):
                    set_aside(path.with_suffix(".json"))
                    set_aside(path)
        except Busy:
            pass
