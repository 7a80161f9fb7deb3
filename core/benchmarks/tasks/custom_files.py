"""Reads the file that describes a benchmark of one's own: TOML or YAML, as plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

SUFFIXES = (".toml", ".yaml", ".yml")
"""What the name of such a file ends in."""

LARGEST_BYTES = 64 << 10
"""Of such a file. The rows have a file of their own."""

NEEDED = {"id", "rows", "prompt"}
"""What no description is without."""


def read_description(path: Path) -> dict[str, Any]:
    """What a file says, by its keys.

    Raises:
        ValueError: it cannot be read, is too large or not in its format; the message names file and line.
    """
    try:
        content = _read(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not valid UTF-8: save the file as UTF-8.") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"{path} does not describe a benchmark: {error}.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} does not describe a benchmark: it has no keys with values.")
    return content


def is_description(path: Path) -> bool:
    """Whether a file is meant to describe a benchmark: it has an id, rows and a prompt."""
    try:
        content = _read(path)
    except (OSError, ValueError, msgspec.MsgspecError):
        return False
    return isinstance(content, dict) and content.keys() >= NEEDED


def _read(path: Path) -> Any:
    if path.stat().st_size > LARGEST_BYTES:
        raise ValueError(f"it has more than {LARGEST_BYTES >> 10} KiB")
    text = path.read_bytes().decode()
    if path.suffix == ".toml":
        return msgspec.toml.decode(text)
    from core.benchmarks.tasks.custom_yaml import yaml_values

    return yaml_values(text)
