"""Reads the rows of a benchmark of one's own: a word in braces is a field."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.abilities.custom_rows import Row
from core.benchmarks.tasks.fields import fail, place_of, text_of, texts_of, value_of
from core.benchmarks.tasks.task import Choice, Writing

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LISTED = "{options}"
FIELD = re.compile(r"\{(\w+(?:\.\w+)*)\}")


@dataclass(frozen=True)
class Preamble:
    """The same text before every item."""

    text: str

    def __call__(self, row: Row) -> str:
        """The text."""
        return self.text


@dataclass(frozen=True)
class OptionsReader:
    """Reads a row of multiple choice."""

    prompt: str
    options: str | tuple[str, ...]
    answer: str

    def __call__(self, row: Row) -> Choice:
        """The row's prompt, options and answer."""
        options = self._options(row)
        right = self._right(row, options)
        if LISTED not in self.prompt:
            return Choice((filled(self.prompt, row),), options, (right,))
        letters = tuple(LETTERS[: len(options)])
        lines = "\n".join(f"{letter}. {text}" for letter, text in zip(letters, options, strict=True))
        before, _, after = self.prompt.partition(LISTED)
        context = f"{filled(before, row)}{lines}{filled(after, row)}"
        return Choice((context,), letters, (right,), options=options)

    def _options(self, row: Row) -> tuple[str, ...]:
        if isinstance(self.options, tuple):
            return tuple(filled(template, row) for template in self.options)
        path = self.options.split(".")
        options = texts_of(row, *path, least=2)
        if len(options) > len(LETTERS) or "" in options:
            fail(row, tuple(path), f"has to have 2 to {len(LETTERS)} options, none of them empty")
        return options

    def _right(self, row: Row, options: tuple[str, ...]) -> int:
        path = tuple(self.answer.split("."))
        value = value_of(row, path)
        if isinstance(value, int) and not isinstance(value, bool):
            if not 0 <= value < len(options):
                fail(row, path, f"has to be from 0 to {len(options) - 1}, not {value}")
            return value
        word = text_of(row, *path)
        if word in options:
            return options.index(word)
        return place_of(row, word, tuple(LETTERS[: len(options)]), *path)


@dataclass(frozen=True)
class TargetReader:
    """Reads a row whose answer is written."""

    prompt: str
    target: str

    def __call__(self, row: Row) -> Writing:
        """The row's prompt and right answers."""
        path = tuple(self.target.split("."))
        is_list = isinstance(value_of(row, path), list)
        targets = texts_of(row, *path) if is_list else (plain_text(row, path),)
        return Writing(filled(self.prompt, row), targets[0], targets)


def filled(template: str, row: Row) -> str:
    """The template with the row's fields in it.

    Raises:
        ValueError: the row has no such field, or it holds neither text nor a number.
    """
    return FIELD.sub(lambda match: plain_text(row, tuple(match[1].split("."))), template)


def plain_text(row: Row, path: tuple[str, ...]) -> str:
    """A field's text, or its number as text.

    Raises:
        ValueError: the field is missing or holds something else.
    """
    value = value_of(row, path)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return text_of(row, *path)
