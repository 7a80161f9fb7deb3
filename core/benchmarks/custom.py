"""One's own benchmark: a YAML file with lm-evaluation-harness's keys. README.md has an example.

Templates mean what they mean there, and are rendered in jinja's sandbox. Other keys than `Description`'s are
refused: such files are for lm-evaluation-harness itself (`lm_eval:`).
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cache.files import expanded
from core.abilities.custom_rows import Row, short, text_or_problem
from core.benchmarks.rows import fail
from core.benchmarks.scoring import ExactMatch
from core.benchmarks.task import (
    HARNESS_MAX_NEW_TOKENS,
    Choice,
    DataSet,
    RegexFilter,
    Shots,
    Task,
    Writing,
)
from core.benchmarks.tasks import TASKS

SUFFIXES = (".yaml", ".yml")
"""File name suffixes of a description."""

LARGEST_BYTES = 64 << 10
"""Largest description in bytes; the rows are in a file of their own."""

SURROUNDING_SPACE = r"^\s+|\s+$"

ID = re.compile(r"[a-z0-9][a-z0-9_-]*")


class Generation(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How answers are written: always the most likely token."""

    until: str | list[str] = "\n\n"
    max_gen_toks: int = HARNESS_MAX_NEW_TOKENS
    do_sample: Literal[False] = False
    temperature: float = 0.0


class Step(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One step of a filter."""

    function: Literal["regex", "take_first"]
    regex_pattern: str = r"#### (\-?[0-9\.\,]+)"
    group_select: Literal[0, -1] = 0
    fallback: str = "[invalid]"


class Filter(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How the answer is taken out of a text: a regular expression, then the first."""

    name: str
    filter: list[Step]


class Source(msgspec.Struct, frozen=True):
    """What `datasets` is told."""

    data_files: str | dict[str, str] | None = None


class Description(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The keys of a description, all as in lm-evaluation-harness."""

    task: str
    dataset_path: Literal["json"]
    output_type: Literal["multiple_choice", "generate_until"]
    doc_to_text: str
    """A template, or the name of a field."""
    doc_to_target: str | int
    """The right option's text or index; the right answer, or a list of right answers."""
    data_files: str | dict[str, str] | None = None
    """The file with the rows, or that of each split, beside the description: .jsonl or .parquet."""
    dataset_kwargs: Source = Source()
    """The same within."""
    doc_to_choice: str | list[str] | None = None
    """The options, or a field or template that gives a list of them."""
    task_alias: str = ""
    """Its name on the screen."""
    num_fewshot: int = 0
    test_split: str | None = None
    """The evaluated one; None: `test`, or the only one."""
    fewshot_split: str | None = None
    """Where worked examples come from."""
    generation_kwargs: Generation = Generation()
    filter_list: list[Filter] = []


KEYS = frozenset(Description.__struct_fields__)


def custom_task(file: str | Path) -> Task:
    """The task that a description file defines.

    Raises:
        ValueError: the file cannot be read or is invalid; the message says why.
    """
    path = expanded(file)
    said = _description(path)
    files = _files(path, said)
    split = said.test_split or ("test" if "test" in files else next(iter(files)))
    _check(path, said, files, split)
    is_choice = said.output_type == "multiple_choice"
    until = said.generation_kwargs.until
    rules = [
        RegexFilter(f.name, s.regex_pattern, s.group_select, s.fallback)
        for f in said.filter_list
        for s in f.filter
        if s.function == "regex"
    ]
    return Task(
        id=said.task,
        name=said.task_alias or said.task,
        about=f"as {path.name} describes it",
        harness=None,
        kind="multiple_choice" if is_choice else "generation",
        data=DataSet(str(path), said.task),
        split=split,
        shots=Shots(
            said.num_fewshot,
            said.fewshot_split,
            without_item=said.fewshot_split == split,
            fixed=said.fewshot_split is None,
        ),
        metrics=("acc", "acc_norm")
        if is_choice
        else tuple(f"exact_match,{rule.name}" for rule in rules) or ("exact_match",),
        chance="by item" if is_choice else 0.0,
        plausible_range=(0.0, 1.0),
        n_items=None,
        read=Reader(said.doc_to_text, said.doc_to_target, _frozen(said.doc_to_choice), is_choice),
        until=(until,) if isinstance(until, str) else tuple(until),
        max_new_tokens=said.generation_kwargs.max_gen_toks,
        filters=tuple(rules),
        judge=None if is_choice else ExactMatch((SURROUNDING_SPACE,)),
        custom_files=files,
    )


def is_description(path: Path) -> bool:
    """Whether a YAML file describes a benchmark with nothing but our keys; others are the harness's own."""
    try:
        content = _content(path)
    except (OSError, ValueError, yaml.YAMLError):
        return False
    return isinstance(content, dict) and {"task", "doc_to_text"} <= content.keys() <= KEYS


def _frozen(choices: str | list[str] | None) -> str | tuple[str, ...] | None:
    return tuple(choices) if isinstance(choices, list) else choices


def _content(path: Path) -> Any:
    if path.stat().st_size > LARGEST_BYTES:
        raise ValueError(f"it has more than {LARGEST_BYTES >> 10} KiB")
    return yaml.safe_load(path.read_bytes().decode())


def _description(path: Path) -> Description:
    try:
        content = _content(path)
        if not isinstance(content, dict):
            raise ValueError("it has no keys")
        if others := sorted(str(key) for key in content if key not in KEYS):
            raise ValueError(
                f"the key {', '.join(others)} is not read here: use lm-evaluation-harness, with --data-dir "
                f"and lm_eval:{content.get('task', 'TASK')}"
            )
        return msgspec.convert(content, Description)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not valid UTF-8: save the file as UTF-8.") from error
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise ValueError(f"{path} does not describe a benchmark: {problem}.") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} does not describe a benchmark: {error}.") from error


def _files(path: Path, said: Description) -> dict[str, Path]:
    """The file of each split; one file alone is the split `train`, as `datasets` calls it."""
    given = said.data_files or said.dataset_kwargs.data_files
    if not given:
        raise ValueError(f"{path}: data_files must name the file with the rows, or that of each split.")
    splits = {"train": given} if isinstance(given, str) else given
    return {split: path.parent / file for split, file in splits.items()}


def _check(path: Path, said: Description, files: Mapping[str, Path], split: str) -> None:
    """Raises a ValueError that says what is missing or contradictory, if anything is."""
    is_choice, settings = said.output_type == "multiple_choice", said.generation_kwargs
    problems = {
        "task must be lowercase letters, digits, _ and -, and not the id of a built-in benchmark": (
            not ID.fullmatch(said.task) or said.task in TASKS
        ),
        f"there is no file for the split '{split}'": split not in files,
        f"there is no file for the split '{said.fewshot_split}'": (
            said.fewshot_split is not None and said.fewshot_split not in files
        ),
        "multiple_choice needs doc_to_choice": is_choice and said.doc_to_choice is None,
        "num_fewshot must be 0 or more, and needs fewshot_split": (
            said.num_fewshot < 0 or (said.num_fewshot > 0 and said.fewshot_split is None)
        ),
        "max_gen_toks must be 1 or more, and temperature 0": (
            settings.max_gen_toks < 1 or settings.temperature != 0
        ),
        "each filter must be a regex, then take_first": any(
            [step.function for step in one.filter] != ["regex", "take_first"] for one in said.filter_list
        ),
    }
    for problem, is_there in problems.items():
        if is_there:
            raise ValueError(f"{path}: {problem}.")
    try:
        for template in (said.doc_to_text, said.doc_to_target, said.doc_to_choice):
            if isinstance(template, str):
                _template(template)
        for step in (step for one in said.filter_list for step in one.filter):
            re.compile(step.regex_pattern)
    except TemplateError as error:
        raise ValueError(f"{path}: a template is not valid: {error}.") from error
    except re.error as error:
        raise ValueError(f"{path}: regex_pattern is not valid: {error}.") from error


@dataclass(frozen=True)
class Reader:
    """Parses a row as the description says."""

    text: str
    target: str | int
    choices: str | tuple[str, ...] | None
    is_choice: bool

    def __call__(self, row: Row) -> Choice | Writing:
        choices = self._choices(row)
        prompt, target = self._value(row, "doc_to_text", self.text), self._target(row, choices)
        if self.is_choice:
            named = target if isinstance(target, list) else [target]
            right = tuple(_index(row, one, choices) for one in named)
            if not right:
                fail(row, ("doc_to_target",), "names no right option")
            if isinstance(prompt, int):
                fail(row, ("doc_to_text",), "gives a number, not a prompt")
            return Choice((prompt,), choices, right)
        answers = target if isinstance(target, list) else [target]
        texts = tuple(choices[one] if choices and isinstance(one, int) else str(one) for one in answers)
        if not texts:
            fail(row, ("doc_to_target",), "gives no right answer")
        return Writing(_text(row, "doc_to_text", prompt), texts[0], texts)

    def _value(self, row: Row, key: str, template: str) -> Any:
        """What a key gives for a row: the field of its name, or the template's text."""
        if template in row.fields:
            value = row.fields[template]
            return value if isinstance(value, int | float | list) else _text(row, key, value)
        if template.isidentifier():
            fail(row, (template,), "is missing")
        try:
            return _text(row, key, _template(template).render(**row.fields))
        except (TemplateError, TypeError, ValueError, ArithmeticError, KeyError) as error:
            if isinstance(error, ValueError) and str(error).startswith(row.where):
                raise
            fail(row, (key,), f"cannot be rendered ({error})")

    def _choices(self, row: Row) -> tuple[str, ...]:
        if self.choices is None:
            return ()
        found: Any = self.choices
        if isinstance(found, str):
            found = self._value(row, "doc_to_choice", found)
            found = _literal(found) if isinstance(found, str) else found
        if not isinstance(found, list | tuple) or len(found) < 2:
            fail(row, ("doc_to_choice",), "has to give a list of two options or more")
        texts = tuple(_text(row, "doc_to_choice", option) for option in found)
        if "" in texts:
            fail(row, ("doc_to_choice",), "gives an empty option")
        return texts

    def _target(self, row: Row, choices: tuple[str, ...]) -> Any:
        if isinstance(self.target, int):
            return self.target
        value = self._value(row, "doc_to_target", self.target)
        if isinstance(value, str) and self.target not in row.fields:
            is_list = value[:1] == "[" and value[-1:] == "]"
            if (value.isdigit() and choices) or is_list:
                literal = _literal(value)
                return value if literal is None else literal
        return value


def _index(row: Row, target: Any, choices: tuple[str, ...]) -> int:
    """The index of the right option, from its text or index."""
    if isinstance(target, str) and target in choices:
        return choices.index(target)
    if not isinstance(target, int) or isinstance(target, bool) or not 0 <= target < len(choices):
        fail(row, ("doc_to_target",), f"is {short(target)}, which is none of the {len(choices)} options")
    return target


def _text(row: Row, key: str, value: Any) -> str:
    text, problem = text_or_problem(value)
    if problem:
        fail(row, (key,), problem)
    return text


def _literal(text: str) -> Any:
    """The Python literal that a text is; None if it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


@functools.cache
def _template(text: str) -> Template:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters["regex_replace"] = _regex_replace
    return environment.from_string(text)


def _regex_replace(text: str, pattern: str, replacement: str, count: int = 0) -> str:
    return re.sub(pattern, replacement, text, count=count)
