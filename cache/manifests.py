"""Manifests: what is known of a payload, beside it as JSON. Tells the damaged and the odd from the whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cache.files import checksum_of
from cache.keys import canonical_json, is_key

LARGEST_BYTES = 1 << 26
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
    """Of the payload."""
    checksum: str
    """SHA-256 of the payload, 64 hexadecimal digits."""
    key_inputs: Mapping[str, Any]
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
            ValueError: the content is not a whole, unchanged manifest; says why, as the end of a sentence.
        """
        try:
            fields = json.loads(content)
        except (ValueError, RecursionError):
            raise ValueError("its manifest is not JSON") from None
        if not isinstance(fields, dict) or not _is_sealed(fields):
            raise ValueError("its manifest was changed or cut")
        del fields["seal"]
        if set(fields) != set(cls.__dataclass_fields__):
            raise ValueError("its manifest is of another version of abilityscope")
        # A seal can be made by anybody: what is believed here is compared, added and shown elsewhere.
        if odd := [name for name, fits in _FITS.items() if not fits(fields[name])]:
            raise ValueError(f"its manifest has no usable '{odd[0]}'")
        return cls(**fields)


def _seal(fields: Mapping[str, Any]) -> str:
    """Checksum of a manifest's fields: a flipped digit in a count would else be believed."""
    return checksum_of(canonical_json({n: v for n, v in fields.items() if n != "seal"}).encode())


def _is_sealed(fields: Mapping[str, Any]) -> bool:
    try:
        return bool(_seal(fields) == fields.get("seal"))
    except (ValueError, RecursionError):  # a NaN, or lists within lists without end
        return False


def is_count(value: object) -> bool:
    """Whether a value from a file is a number of things."""
    return type(value) is int and value >= 0


def is_time(value: object) -> bool:
    """Whether a value from a file is a time with its zone, in ISO 8601."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_checksum(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _is_names(value: object) -> bool:
    return isinstance(value, dict)


_FITS = {
    "key": lambda value: isinstance(value, str) and is_key(value),
    "format": is_count,
    "created": is_time,
    "size_bytes": is_count,
    "checksum": _is_checksum,
    "key_inputs": _is_names,
    "details": _is_names,
}
"""Whether each field of a manifest has a value of its kind."""
