"""Manifests: what is known of a stored payload, sealed by a checksum of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cache.files import Version, is_checksum, seal_of
from cache.keys import is_key

LARGEST_MANIFEST_BYTES = 1 << 26
"""A manifest is smaller: that of a ranking of 10 billion weights has 3 MB. A larger file is not read."""

EARLIER_FORMAT = 0
"""The format of everything whose manifest or journal has `ingredients`, an earlier name of `key_inputs`."""


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
