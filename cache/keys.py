"""Cache keys: a hash of everything that a stored result depends on, in one canonical form."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

KEY_LENGTH = 32
"""Hexadecimal digits of a key: 128 bits of a SHA-256."""

_KEY = re.compile(rf"[0-9a-f]{{{KEY_LENGTH}}}")


def key_of(kind: str, version: int, key_inputs: Mapping[str, Any]) -> str:
    """The cache key: equal for equal key inputs, on every machine and in every process.

    Args:
        kind: what is stored, such as "ranking".
        version: version of the computation; raised whenever the same key inputs give another result.
        key_inputs: everything that can change the result, and nothing else.

    Raises:
        TypeError: a key input has no canonical form (a set, a path, an array …).
        ValueError: a key input is NaN or infinite.
    """
    text = canonical_json({"kind": kind, "version": version, "key_inputs": key_inputs})
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]


def is_key(text: str) -> bool:
    """Whether the text has the form of a key."""
    return _KEY.fullmatch(text) is not None


def checked_key(key: str) -> str:
    """The key itself: it becomes a file name, and may come from a command line.

    Raises:
        ValueError: it is not a key.
    """
    if not is_key(key):
        raise ValueError(f"'{key}' is not a cache key: a key has {KEY_LENGTH} hexadecimal digits.")
    return key


def canonical_json(value: Any) -> str:
    """The value as JSON in its one canonical form: sorted names, no spaces, ASCII, floats by repr.

    Raises:
        TypeError: a value has no canonical form.
        ValueError: a float is NaN or infinite.
    """
    return json.dumps(as_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def as_plain(value: Any) -> Any:
    """The value as dicts, lists, strings, numbers, booleans and None; a dataclass becomes its fields.

    Raises:
        TypeError: a value is of another type, or a mapping has a name that is not a string.
    """
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [as_plain(part) for part in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        # json writes the name 1 as "1": two different mappings would share a key.
        if odd := [name for name in value if not isinstance(name, str)]:
            raise TypeError(f"Names in a cache key must be strings, not {odd[0]!r}.")
        return {name: as_plain(part) for name, part in value.items()}
    raise TypeError(f"A {type(value).__name__} has no canonical form for a cache key: {value!r}.")
