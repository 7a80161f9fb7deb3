"""Reads the worked examples that ship with the package."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any

from core.abilities.custom_rows import Row


@functools.cache
def shipped(file: str) -> dict[str, Any]:
    """The content of a JSON file beside this module."""
    content: dict[str, Any] = json.loads(resources.files(__package__).joinpath(file).read_text("utf-8"))
    return content


@functools.cache
def shipped_examples(file: str, family: str) -> tuple[Row, ...]:
    """The worked examples of a family in such a file; none of a family that is not there."""
    rows = shipped(file)["examples"].get(family, ())
    return tuple(Row(f"{file}, {family} {number}", row) for number, row in enumerate(rows, start=1))
