"""Entries of the cache: a payload file, and a manifest beside it that names it and proves it whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cache.files import Busy, CorruptEntry, checksum_of, checksum_of_file, locked, staged, unreadable
from cache.keys import KEY_LENGTH, as_plain, is_key
from cache.manifests import LARGEST_BYTES, Manifest


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


class Unwritable(OSError):  # noqa: N818 (nothing is lost, and the work goes on)
    """An entry could not be written. Whoever wrote it has it from memory, as long as the process lives."""

    def __init__(self, root: Path, error: OSError) -> None:
        """Says it in a sentence.

        Args:
            root: the cache folder.
            error: what went wrong.
        """
        super().__init__(
            f"The cache folder {root} cannot be written to ({error.strerror or error}): what is computed is "
            "kept in memory only, until the process ends. Make room, or give another --cache-dir."
        )


@dataclass(frozen=True)
class Streamed:
    """A large payload, which is not made in memory unless it has to stay there."""

    to_file: Callable[[Path], None]
    """Writes it to a path; raises OSError where it cannot be written."""
    to_bytes: Callable[[], bytes]


Payload = Path | bytes
"""Where a payload is read from: its file, or memory where it could not be written."""


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
DIVERGENCES = Kind("divergences", ".parquet", format=1)
GENERATION_QUALITY = Kind("generation_quality", ".parquet", format=1)
ITEMS = Kind("items", ".parquet", format=1)
SEPARATIONS = Kind("localizations", ".parquet", format=1)
KINDS = (RANKINGS, OUTCOMES, DIVERGENCES, GENERATION_QUALITY, ITEMS, SEPARATIONS)

DAMAGED_SUFFIX = ".damaged"
"""Ends the name of a file that was damaged, and set aside when its entry was computed anew."""

GROUP_ROWS = 2048
"""Rows that a Parquet file keeps together: what has to be read, at least, to show one item."""


def key_lock(root: Path, key: str, *, wait: bool = True) -> AbstractContextManager[None]:
    """A context in which this thread of this process alone works on the key.

    Entering it raises `cache.files.Busy` if it is not to wait and somebody works on the key.
    """
    return locked(lock_of(root, key), wait=wait)


def lock_of(root: Path, key: str) -> Path:
    """The lock file of a key."""
    return root / "locks" / f"{checked_key(key)}.lock"


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
    """The entries of one kind: `<root>/<kind>/<key><suffix>` and `<root>/<kind>/<key>.json`.

    An entry that could not be written is kept in memory, and served from there by this object.
    """

    root: Path
    """The cache folder."""
    kind: Kind
    held: dict[str, tuple[Manifest, bytes]] = field(default_factory=dict, compare=False, repr=False)
    """What could not be written, by key."""

    def payload_path(self, key: str) -> Path:
        """Where the payload of a key lies; its manifest lies beside it.

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
        self,
        key: str,
        content: bytes | Streamed,
        key_inputs: Mapping[str, Any],
        details: Mapping[str, Any],
    ) -> None:
        """Stores an entry, whole or not at all; the manifest comes last and makes it valid.

        Raises:
            Unwritable: the folder cannot be written to, or the disk is full; the entry is held in memory.
            TypeError: an key input or detail is not a plain value.
        """
        path = self.payload_path(key)
        key_inputs, details = as_plain(key_inputs), as_plain(details)
        to_file = content.to_file if isinstance(content, Streamed) else content
        try:
            with key_lock(self.root, key), staged(path, to_file) as payload:
                manifest = self._manifest(key, payload, key_inputs, details)
                # All that takes room is written before an entry that is there is touched.
                with staged(path.with_suffix(".json"), manifest.to_json()) as sealed:
                    # Killed between the two, an overwrite would else leave an old manifest on a new payload.
                    path.with_suffix(".json").unlink(missing_ok=True)
                    payload.replace(path)
                    sealed.replace(path.with_suffix(".json"))
        except OSError as error:
            whole = content.to_bytes() if isinstance(content, Streamed) else content
            self.held[key] = self._manifest(key, whole, key_inputs, details), whole
            raise Unwritable(self.root, error) from None
        self.held.pop(key, None)

    def _manifest(
        self, key: str, payload: Payload, key_inputs: Mapping[str, Any], details: Mapping[str, Any]
    ) -> Manifest:
        """The manifest of a payload that is stored now."""
        if isinstance(payload, bytes):
            size_bytes, checksum = len(payload), checksum_of(payload)
        else:
            size_bytes, checksum = payload.stat().st_size, checksum_of_file(payload)
        return Manifest(
            key=key,
            format=self.kind.format,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            size_bytes=size_bytes,
            checksum=checksum,
            key_inputs=key_inputs,
            details=details,
        )

    def read_manifest(self, key: str) -> Manifest | None:
        """The manifest of a key; None if there is none, so also after a write that was cut short.

        Raises:
            OtherFormat: the entry is of another version.
            CorruptEntry: the manifest is damaged, or its payload is missing or cut.
        """
        if key in self.held:
            return self.held[key][0]
        manifest = self.manifest_of_any_format(key)
        if manifest is not None and manifest.format != self.kind.format:
            reason = f"it has format {manifest.format}, and this version reads format {self.kind.format}"
            raise OtherFormat(self.payload_path(key), reason)
        return manifest

    def manifest_of_any_format(self, key: str) -> Manifest | None:
        """The manifest of a key on the disk, whatever version of abilityscope wrote it.

        Raises:
            CorruptEntry: the manifest is damaged, or its payload is missing or cut.
        """
        path = self.payload_path(key)
        sealed = path.with_suffix(".json")
        try:
            if sealed.stat().st_size > LARGEST_BYTES:
                raise CorruptEntry(sealed, "its manifest is far larger than any")
            manifest = Manifest.from_json(sealed.read_bytes())
            reason = self._mismatch(manifest, path)
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
        """The payload, proved equal to what was written.

        Raises:
            CorruptEntry: it is not, or it cannot be read.
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
        """Whether a manifest and a payload are there; neither is read, so the entry may be damaged."""
        path = self.payload_path(key)
        return key in self.held or (path.with_suffix(".json").is_file() and path.is_file())

    def whole_payload(self, key: str) -> Payload | None:
        """Where to read the payload, proved equal to what was written; None if it is not stored.

        Raises:
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

    def set_aside(self, key: str) -> None:
        """Renames the files of a damaged entry: they can be looked at, and the entry computed anew.

        What somebody works on just now, is whole, or is of another version stays.

        Raises:
            OSError: the folder cannot be written to.
        """
        path = self.payload_path(key)
        try:
            with key_lock(self.root, key, wait=False):
                if self._is_damaged(key):
                    for part in (path.with_suffix(".json"), path):
                        if part.exists():
                            part.replace(part.with_name(f"{part.name}{DAMAGED_SUFFIX}"))
        except Busy:
            pass

    def _is_damaged(self, key: str) -> bool:
        try:
            self.whole_payload(key)
        except OtherFormat:
            return False
        except CorruptEntry:
            return True
        return False
