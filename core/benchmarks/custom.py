"""Custom benchmarks: a TOML file says how rows become prompts; no code needed. README.md has an example."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from cache.files import expanded
from core.abilities.custom_rows import Row
from core.benchmarks.fields import fail, index_of, text_of, texts_of, value_of
from core.benchmarks.scoring import ExactMatch, squad_scores
from core.benchmarks.task import Choice, DataSet, RegexFilter, Shots, Task, Writing
from core.benchmarks.tasks.catalogue import TASKS

SUFFIX = ".toml"
"""File name suffix of a description."""

YAML_SUFFIXES = (".yaml", ".yml")
"""Formats of earlier versions, refused with a sentence that says so."""

RENAMED: Mapping[str, str] = {"believable": "plausible_range"}
"""Keys of earlier versions, and their names now."""

LARGEST_BYTES = 64 << 10
"""Largest description in bytes; the rows are in a file of their own."""

REQUIRED = {"id", "rows", "prompt"}
"""Keys that tell a description from other TOML files of a folder."""

SURROUNDING_SPACE = r"^\s+|\s+$"

ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
ROWS, SHOT_ROWS = "rows", "shot_rows"
"""The two splits of a custom benchmark."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LISTED = "{options}"
"""Stands in a prompt where the options are listed with letters."""

FIELD = re.compile(r"\{(\w+(?:\.\w+)*)\}")
"""A field in a template; `{choices.text}` goes into an object."""


class Description(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The keys of a description. Either `options` and `answer`, or `target`."""

    id: str
    rows: str
    """File with the rows, beside the description: .jsonl or .parquet."""
    prompt: str
    """Template; a word in braces is a field of the row."""
    name: str = ""
    about: str = ""
    options: str | list[str] | None = None
    """A field with a list of texts, or a list of templates."""
    answer: str | None = None
    """The field with the right option's text, letter, or index from 0."""
    target: str | None = None
    """The field with the right text, or a list of right texts, of a written answer."""
    stop: list[str] = []
    max_new_tokens: int = 64
    extract: str | None = None
    """A regular expression whose first match is the answer; without it the whole text is."""
    compare: Literal["exact", "squad"] = "exact"
    """`squad`: without case, articles and punctuation, and F1 over the words."""
    preamble: str = ""
    """The text before everything else."""
    shots: int = 0
    shot_rows: str | None = None
    """File with the few-shot examples."""
    family: str | None = None
    """The field with a row's subject."""
    plausible_range: tuple[float, float] = (0.0, 1.0)
    version: int = 1


def custom_task(file: str | Path) -> Task:
    """The task that a description file defines.

    Raises:
        ValueError: the file cannot be read or is invalid; the message says why.
    """
    path = expanded(file)
    said = _checked(path, _description(path))
    is_choice = said.options is not None
    files = {ROWS: path.parent / said.rows}
    if said.shot_rows:
        files[SHOT_ROWS] = path.parent / said.shot_rows
    return Task(
        id=said.id,
        name=said.name or said.id,
        about=said.about,
        harness=None,
        kind="multiple_choice" if is_choice else "generation",
        data=DataSet(str(path), said.id),
        split=ROWS,
        shots=Shots(said.shots, SHOT_ROWS if said.shot_rows else None, fixed=not said.shot_rows),
        metrics=("acc", "acc_norm") if is_choice else _metrics(said),
        chance="by item" if is_choice else 0.0,
        plausible_range=said.plausible_range,
        n_items=None,
        version=said.version,
        read=_reader(said),
        family=said.family,
        preamble=Preamble(said.preamble) if said.preamble else None,
        until=tuple(said.stop),
        max_new_tokens=said.max_new_tokens,
        filters=(RegexFilter("extract", said.extract),) if said.extract else (),
        judge=_judge(said),
        custom_files=files,
    )


def is_description(path: Path) -> bool:
    """Whether a TOML file seems to describe a benchmark: it has an id, rows and a prompt."""
    try:
        content = _content(path)
    except (OSError, ValueError, msgspec.MsgspecError):
        return False
    return isinstance(content, dict) and content.keys() >= REQUIRED


def _content(path: Path) -> Any:
    if path.stat().st_size > LARGEST_BYTES:
        raise ValueError(f"it has more than {LARGEST_BYTES >> 10} KiB")
    return msgspec.toml.decode(path.read_bytes().decode())


def _description(path: Path) -> Description:
    if path.suffix in YAML_SUFFIXES:
        raise ValueError(
            f"{path} is YAML, which is no longer read: write the same keys as TOML in {path.stem}{SUFFIX}."
        )
    try:
        content = _content(path)
        for old in RENAMED.keys() & content.keys():
            raise ValueError(f"the key {old} is now called {RENAMED[old]}")
        return msgspec.convert(content, Description)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not valid UTF-8: save the file as UTF-8.") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"{path} does not describe a benchmark: {error}.") from error


def _checked(path: Path, said: Description) -> Description:
    """The description.

    Raises:
        ValueError: it is incomplete or contradictory; the message says what is missing or wrong.
    """
    problems = {
        "id must be lowercase letters, digits, _ and -, and not the id of a built-in benchmark": (
            not ID.fullmatch(said.id) or said.id in TASKS
        ),
        "give either options and answer, or target": (said.options is None) == (said.target is None),
        "options must be a field, or a list of at least two templates": (
            isinstance(said.options, list) and len(said.options) < 2
        ),
        "options needs answer, and target must not have one": (
            (said.options is None) != (said.answer is None)
        ),
        "shots must be 0 or more, and needs shot_rows": said.shots < 0
        or (said.shots > 0 and not said.shot_rows),
        "max_new_tokens must be 1 or more": said.max_new_tokens < 1,
        "plausible_range must be two numbers from 0 to 1, the smaller first": (
            not 0 <= said.plausible_range[0] < said.plausible_range[1] <= 1
        ),
        f"extract is not a valid pattern: {_pattern_problem(said.extract)}": bool(
            _pattern_problem(said.extract)
        ),
    }
    for problem, is_there in problems.items():
        if is_there:
            raise ValueError(f"{path}: {problem}.")
    return said


def _pattern_problem(pattern: str | None) -> str:
    try:
        re.compile(pattern or "")
    except re.error as error:
        return str(error)
    return ""


def _metrics(said: Description) -> tuple[str, ...]:
    names = ("exact_match", "f1") if said.compare == "squad" else ("exact_match",)
    return tuple(f"{name},extract" for name in names) if said.extract else names


def _judge(said: Description) -> Any:
    if said.options is not None:
        return None
    return squad_scores if said.compare == "squad" else ExactMatch((SURROUNDING_SPACE,))


def _reader(said: Description) -> OptionsReader | TargetReader:
    if said.target is not None:
        return TargetReader(said.prompt, said.target)
    options = tuple(said.options) if isinstance(said.options, list) else said.options or ""
    return OptionsReader(said.prompt, options, said.answer or "")


@dataclass(frozen=True)
class Preamble:
    """The same text before every item."""

    text: str

    def __call__(self, row: Row) -> str:
        """The text."""
        return self.text


@dataclass(frozen=True)
class OptionsReader:
    """Parses a row of a multiple-choice benchmark."""

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
        return index_of(row, word, tuple(LETTERS[: len(options)]), *path)


@dataclass(frozen=True)
class TargetReader:
    """Parses a row whose answer is written."""

    prompt: str
    target: str

    def __call__(self, row: Row) -> Writing:
        """The row's prompt and right answers."""
        path = tuple(self.target.split("."))
        is_list = isinstance(value_of(row, path), list)
        targets = texts_of(row, *path) if is_list else (plain_text(row, path),)
        return Writing(filled(self.prompt, row), targets[0], targets)


def filled(template: str, row: Row) -> str:
    """The template with the row's fields filled in, as plain text.

    Raises:
        ValueError: a field is missing, or holds neither text nor a number.
    """
    return FIELD.sub(lambda match: plain_text(row, tuple(match[1].split("."))), template)


def plain_text(row: Row, path: tuple[str, ...]) -> str:
    """A field's text, or its number as text.

    Raises:
        ValueError: the field is missing, or holds neither text nor a number.
    """
    value = value_of(row, path)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return text_of(row, *path)
