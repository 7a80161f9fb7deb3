r"""Reads a benchmark of one's own from a TOML or YAML file: how its rows become prompts. No code needed.

Multiple choice:

    id = "riddles"
    name = "Riddles"
    about = "short riddles with three answers"
    rows = "riddles.jsonl"
    prompt = "Riddle: {text}\nAnswer:"
    options = "answers"
    answer = "right"

with rows such as

    {"text": "What has keys but no lock?", "answers": ["a piano", "a map", "a cave"], "right": "a piano"}

A word in braces is a field of the row (`{choices.text}` goes into an object). `options` names a field with a
list of texts, or is itself a list of templates; `answer` names the field with the right option's text, its
letter, or its number from 0. Each option's text is scored after the prompt and a space; if the prompt has
`{options}`, they are listed there with letters, and the letters are scored.

Written answers, in place of `options` and `answer`:

    target = "result"          # the field with the right text, or with a list of them
    stop = ["\n"]              # strings that end the answer
    max_new_tokens = 64
    extract = '#### (\S+)'     # a pattern whose first match is the answer; without it, all of the text is
    compare = "exact"          # or "squad": without case, articles and punctuation, and F1 over the words

Both kinds may have `preamble` (a text before everything else), `shots` and `shot_rows` (how many worked
examples stand before an item, and their file), `family` (the field with a row's subject), `plausible_range`
(the lowest and the highest score of an intact model that do not point to a mistake) and `version`. Files are
looked for beside the description, and are .jsonl or .parquet.

The same keys in a .yaml or .yml file say the same; texts such as yes, no and 12 need quotes there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import msgspec

from cache.paths import expanded
from core.benchmarks.tasks.answers import ExactMatch, squad_scores
from core.benchmarks.tasks.catalogue import TASKS
from core.benchmarks.tasks.custom_files import read_description
from core.benchmarks.tasks.custom_reading import OptionsReader, Preamble, TargetReader
from core.benchmarks.tasks.task import DataSet, RegexFilter, Shots, Task

EDGES = r"^\s+|\s+$"
"""The spaces around an answer, which do not count."""

ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
ROWS, SHOT_ROWS = "rows", "shot_rows"
"""The names of the two splits that a benchmark of one's own has."""


class Description(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The content of the file; the module's docstring says what each means."""

    id: str
    rows: str
    prompt: str
    name: str = ""
    about: str = ""
    options: str | list[str] | None = None
    answer: str | None = None
    target: str | None = None
    stop: list[str] = []
    max_new_tokens: int = 64
    extract: str | None = None
    compare: Literal["exact", "squad"] = "exact"
    preamble: str = ""
    shots: int = 0
    shot_rows: str | None = None
    family: str | None = None
    plausible_range: tuple[float, float] = (0.0, 1.0)
    version: int = 1


def custom_task(file: str | Path) -> Task:
    """The benchmark that a TOML or YAML file describes.

    Raises:
        ValueError: the file cannot be read or says something that cannot be; the message says what.
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
        judge=None if is_choice else squad_scores if said.compare == "squad" else ExactMatch((EDGES,)),
        custom_files=files,
    )


def _description(path: Path) -> Description:
    """What a file says.

    Raises:
        ValueError: as of `read_description`; or a key is missing, unknown, or has what it cannot have.
    """
    content = read_description(path)
    try:
        return msgspec.convert(content, Description)
    except msgspec.ValidationError as error:
        raise ValueError(f"{path} does not describe a benchmark: {error}.") from error


def _checked(path: Path, said: Description) -> Description:
    """The description, if it is whole.

    Raises:
        ValueError: it is not; the message says what is missing or wrong.
    """
    problems = {
        "id has to be small letters, digits, _ and -, and no benchmark that is there already": (
            not ID.fullmatch(said.id) or said.id in TASKS
        ),
        "give options and answer, or target": (said.options is None) == (said.target is None),
        "options has to be a field, or a list of two templates or more": (
            isinstance(said.options, list) and len(said.options) < 2
        ),
        "options needs answer, and target has none": (said.options is None) != (said.answer is None),
        "shots needs shot_rows, and has to be 0 or more": said.shots < 0
        or (said.shots > 0 and not said.shot_rows),
        "max_new_tokens has to be 1 or more": said.max_new_tokens < 1,
        "plausible has to be two numbers from 0 to 1, the smaller first": (
            not 0 <= said.plausible_range[0] < said.plausible_range[1] <= 1
        ),
        f"extract is no pattern: {_pattern_problem(said.extract)}": bool(_pattern_problem(said.extract)),
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


def _reader(said: Description) -> OptionsReader | TargetReader:
    if said.target is not None:
        return TargetReader(said.prompt, said.target)
    options = tuple(said.options) if isinstance(said.options, list) else said.options or ""
    return OptionsReader(said.prompt, options, said.answer or "")
