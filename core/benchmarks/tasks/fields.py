"""Takes fields out of the rows of a data set, which nobody vouches for, and names what is wrong with them."""

from __future__ import annotations

from typing import Any, NoReturn

from core.abilities.custom_rows import Row

MAX_FIELD_CHARACTERS = 1_000_000
"""Longest text of a field; far above any context window, so that a mistake is told from an item."""


def value_of(row: Row, path: tuple[str, ...]) -> Any:
    """What a field holds, whatever it is.

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
    """The text of a field, unchanged; a path of several names goes into objects.

    Raises:
        ValueError: the field is missing or holds no text that a tokenizer can take.
    """
    return _checked_text(row, path, value_of(row, path))


def texts_of(row: Row, *path: str, least: int = 1) -> tuple[str, ...]:
    """The texts of a field that holds a list of them, at least so many.

    Raises:
        ValueError: the field is missing, no list, too short, or holds something else than text.
    """
    values = value_of(row, path)
    if not isinstance(values, list | tuple):
        fail(row, path, f"has to be a list of texts, not {short(values)}")
    if len(values) < least:
        fail(row, path, f"has {len(values)} texts, but at least {least} are needed")
    return tuple(_checked_text(row, path, value) for value in values)


def number_of(row: Row, *path: str, below: int, start: int = 0) -> int:
    """The whole number of a field, from start to below - 1; the hub has some of them as text.

    Raises:
        ValueError: the field is missing or holds something else.
    """
    value = value_of(row, path)
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if not isinstance(number, int) or isinstance(number, bool) or not start <= number < below:
        fail(row, path, f"has to be a whole number from {start} to {below - 1}, not {short(value)}")
    return number


def place_of(row: Row, word: str, words: tuple[str, ...], *path: str) -> int:
    """The place of the word of a field among the words it may be.

    Raises:
        ValueError: it is none of them.
    """
    if word not in words:
        fail(row, path, f"is {short(word)}, which is none of {', '.join(words)}")
    return words.index(word)


def fail(row: Row, path: tuple[str, ...], what: str) -> NoReturn:
    """Raises a ValueError that names file, line and field."""
    raise ValueError(f"{row.place}, field '{'.'.join(path)}': {what}.")


def short(value: Any) -> str:
    """The value as Python writes it, escapes visible, cut to 60 characters; of a list or object, its type."""
    if isinstance(value, list | dict | tuple):
        return f"a {type(value).__name__}"
    text = repr(value[:80] if isinstance(value, str) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _checked_text(row: Row, path: tuple[str, ...], value: Any) -> str:
    if not isinstance(value, str):
        fail(row, path, f"has to hold text, not {short(value)}")
    if len(value) > MAX_FIELD_CHARACTERS:
        fail(row, path, f"is {len(value):,} characters long, more than {MAX_FIELD_CHARACTERS:,}")
    try:
        value.encode()
    except UnicodeEncodeError:
        fail(row, path, "holds half of a surrogate pair, which is no valid text")
    return value
