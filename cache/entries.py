"""Entries of the cache: a payload file, and a manifest beside it that names it and proves it whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cache.files import CorruptEntry, checksum_of, checksum_of_file, locked, write_atomically
from cache.keys import KEY_LENGTH, as_plain, canonical_json, is_key


@dataclass(frozen=True)
class Manifest:
    """What is known of a payload; stored as `<key>.json`."""

    key: str
    format: int
    """Version of the payload's layout."""
    created: str
    """ISO 8601, UTC, to the second."""
    size_bytes: int
    """Of the payload."""
    checksum: str
    """SHA-256 of the payload, 64 hexadecimal digits."""
    ingredients: Mapping[str, Any]
    """What the key was made of."""
    details: Mapping[str, Any]
    """What the kind of entry keeps besides."""

    def to_json(self) -> bytes:
        """The manifest for people to read, sealed by a checksum of its own."""
        fields = asdict(self)
        return json.dumps({**fields, "seal": _seal(fields)}, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """The manifest that was written.

        Raises:
            ValueError: the content is not a whole, unchanged manifest.
        """
        try:
            fields = json.loads(content)
        except ValueError:
            raise ValueError("its manifest is not JSON") from None
        if not isinstance(fields, dict) or _seal(fields) != fields.pop("seal", None):
            raise ValueError("its manifest was changed or cut")
        if set(fields) != set(cls.__dataclass_fields__):
            raise ValueError("its manifest is of another version of abilityscope")
        return cls(**fields)


def _seal(fields: Mapping[str, Any]) -> str:
    """Checksum of a manifest's fields: a flipped digit in a count would else be believed."""
    return checksum_of(canonical_json({n: v for n, v in fields.items() if n != "seal"}).encode())


class OtherFormat(CorruptEntry):
    """A cache entry is whole, but of another version of abilityscope: it is not served either."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.args = (
            f"The cache entry {path} is of another version of abilityscope: {reason}. It is not used any "
            "more, and 'abilityscope cache rm' deletes it.",
        )

    def __reduce__(self) -> tuple[type[CorruptEntry], tuple[Path, str]]:
        return OtherFormat, (self.path, self.reason)


@dataclass(frozen=True)
class Kind:
    """A kind of entry."""

    name: str
    """Names the folder."""
    suffix: str
    """Of the payload files, with its dot."""
    format: int
    """Version of the payload's layout; entries of another version are not served."""


RANKINGS = Kind("rankings", ".safetensors", format=1)
OUTCOMES = Kind("outcomes", ".parquet", format=2)
PARTINGS = Kind("partings", ".parquet", format=1)
HEALTH = Kind("health", ".parquet", format=1)
ITEMS = Kind("items", ".parquet", format=1)
KINDS = (RANKINGS, OUTCOMES, PARTINGS, HEALTH, ITEMS)

GROUP_ROWS = 2048
"""Rows that a Parquet file keeps together: what has to be read, at least, to show one item."""


def key_lock(root: Path, key: str, *, wait: bool = True) -> AbstractContextManager[None]:
    """A context in which this thread of this process alone works on the key.

    Entering it raises `cache.files.Busy` if it is not to wait and somebody works on the key.
    """
    return locked(root / "locks" / f"{checked_key(key)}.lock", wait=wait)


def checked_key(key: str) -> str:
    """The key itself: it becomes a file's name, and may come from a command line.

    Raises:
        ValueError: it is not a key.
    """
    if not is_key(key):
        raise ValueError(f"'{key}' is not a cache key: a key has {KEY_LENGTH} hexadecimal digits.")
    return key


@dataclass(frozen=True)
class EntryFolder:
    """The entries of one kind: `<root>/<kind>/<key><suffix>` and `<root>/<kind>/<key>.json`."""

    root: Path
    """The cache folder."""
    kind: Kind

    def payload_path(self, key: str) -> Path:
        """Where the payload of a key lies; its manifest lies beside it.

        Raises:
            ValueError: the key is not a key.
        """
        return self.root / self.kind.name / f"{checked_key(key)}{self.kind.suffix}"

    def stored_keys(self) -> list[str]:
        """The keys that have a manifest or a payload, sorted."""
        folder = self.root / self.kind.name
        paths = folder.iterdir() if folder.is_dir() else ()
        stems = {path.stem for path in paths if path.suffix in (".json", self.kind.suffix)}
        return sorted(stem for stem in stems if is_key(stem))

    def write(
        self,
        key: str,
        content: bytes | Callable[[Path], None],
        ingredients: Mapping[str, Any],
        details: Mapping[str, Any],
    ) -> None:
        """Stores an entry, whole or not at all; the manifest comes last and makes it valid.

        Raises:
            OSError: the folder cannot be written to, or the disk is full.
            TypeError: an ingredient or detail is not a plain value.
        """
        path = self.payload_path(key)
        ingredients, details = as_plain(ingredients), as_plain(details)
        with key_lock(self.root, key):
            # Killed between the two files, an overwrite would else leave an old manifest on a new payload.
            path.with_suffix(".json").unlink(missing_ok=True)
            write_atomically(path, content)
            manifest = Manifest(
                key=key,
                format=self.kind.format,
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                size_bytes=path.stat().st_size,
                checksum=checksum_of_file(path),
                ingredients=ingredients,
                details=details,
            )
            write_atomically(path.with_suffix(".json"), manifest.to_json())

    def read_manifest(self, key: str) -> Manifest | None:
        """The manifest of a key; None if there is none, so also after a write that was cut short.

        Raises:
            OtherFormat: the entry is of another version.
            CorruptEntry: the manifest is damaged, or its payload is missing or cut.
        """
        manifest = self.manifest_of_any_format(key)
        if manifest is not None and manifest.format != self.kind.format:
            reason = f"it has format {manifest.format}, and this version reads format {self.kind.format}"
            raise OtherFormat(self.payload_path(key), reason)
        return manifest

    def manifest_of_any_format(self, key: str) -> Manifest | None:
        """The manifest of a key, whatever version of abilityscope wrote it.

        Raises:
            CorruptEntry: the manifest is damaged, or its payload is missing or cut.
        """
        path = self.payload_path(key)
        try:
            manifest = Manifest.from_json(path.with_suffix(".json").read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise CorruptEntry(path.with_suffix(".json"), str(error)) from None
        if reason := self._mismatch(manifest, path):
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
        """The payload, proved equal to what was written.

        Raises:
            CorruptEntry: it is not.
        """
        path = self.payload_path(key)
        content = path.read_bytes()
        if checksum_of(content) != manifest.checksum:
            raise CorruptEntry(path, "its bytes differ from those that were written")
        return content

    def has(self, key: str) -> bool:
        """Whether a manifest and a payload are there; neither is read, so the entry may be damaged."""
        path = self.payload_path(key)
        return path.with_suffix(".json").is_file() and path.is_file()

    def whole_payload(self, key: str) -> Path | None:
        """The payload's file, proved equal to what was written without holding it; None if it is not stored.

        Raises:
            CorruptEntry: it is damaged.
        """
        manifest = self.read_manifest(key)
        if manifest is None:
            return None
        path = self.payload_path(key)
        if checksum_of_file(path) != manifest.checksum:
            raise CorruptEntry(path, "its bytes differ from those that were written")
        return path
