"""Reads fields of untrusted rows and says precisely what is wrong with them; reads the bundled examples."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any, NoReturn

from core.abilities.custom_rows import Row, short, text_or_problem


def value_of(row: Row, path: tuple[str, ...]) -> Any:
    """The value of a field of any type; a path of several names goes into objects.

    Raises:
        ValueError: the field is missing or null.
    """
    value: Any = row.fields
    for depth, name in enumerate(path, start=1):
        if not isinstance(value, dict) or value.get(name) is None:
            fail(row, path[:depth], "is missing")
        value = value[name]
    return value


def text_of(row: Row, *path: str) -> str:
    """The text of a field, unchanged.

    Raises:
        ValueError: the field is missing or does not hold text that a tokenizer accepts.
    """
    return _checked_text(row, path, value_of(row, path))


def texts_of(row: Row, *path: str, least: int = 1) -> tuple[str, ...]:
    """The list of texts in a field, at least `least` of them.

    Raises:
        ValueError: the field is missing, is not a list, is too short, or holds anything but text.
    """
    values = value_of(row, path)
    if not isinstance(values, list | tuple):
        fail(row, path, f"has to be a list of texts, not {short(values)}")
    if len(values) < least:
        fail(row, path, f"has {len(values)} texts, but at least {least} are needed")
    return tuple(_checked_text(row, path, value) for value in values)


def number_of(row: Row, *path: str, below: int, start: int = 0) -> int:
    """The whole number in a field, from `start` to `below - 1`; digits as text are accepted too.

    Raises:
        ValueError: the field is missing or holds anything else.
    """
    value = value_of(row, path)
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if not isinstance(number, int) or isinstance(number, bool) or not start <= number < below:
        fail(row, path, f"has to be a whole number from {start} to {below - 1}, not {short(value)}")
    return number


def index_of(row: Row, word: str, words: tuple[str, ...], *path: str) -> int:
    """The index of a field's word among the allowed words.

    Raises:
        ValueError: it is none of them.
    """
    if word not in words:
        fail(row, path, f"is {short(word)}, which is none of {', '.join(words)}")
    return words.index(word)


def fail(row: Row, path: tuple[str, ...], what: str) -> NoReturn:
    """Raises a ValueError that names file, line and field of a malformed row."""
    raise ValueError(f"{row.where}, field '{'.'.join(path)}': {what}.")


@functools.cache
def bundled(file: str) -> dict[str, Any]:
    """The content of a JSON file of this folder."""
    text = resources.files(__package__).joinpath(file).read_text("utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


@functools.cache
def bundled_examples(file: str, family: str) -> tuple[Row, ...]:
    """The few-shot examples of a family in such a file; empty for an unknown family."""
    rows = bundled(file)["examples"].get(family, ())
    return tuple(Row(f"{file}, {family} {number}", row) for number, row in enumerate(rows, start=1))


def _checked_text(row: Row, path: tuple[str, ...], value: Any) -> str:
    text, problem = text_or_problem(value)
    if problem:
        fail(row, path, problem)
    return text
