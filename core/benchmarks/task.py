"""What a task is: one benchmark whose items are rows, described as plain data. No model, no rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from core.abilities.custom_rows import Row
from core.benchmarks.benchmark import CodeReference, Kind

HARNESS_SEED = 1234
"""Default few-shot seed of lm-evaluation-harness."""

HARNESS_MAX_NEW_TOKENS = 256
"""Default length of a written answer in lm-evaluation-harness's `hf` backend."""


@dataclass(frozen=True)
class DataSet:
    """Where the rows come from."""

    path: str
    """Id of the data set on the Hugging Face hub; for a custom benchmark the path of its description."""
    file: str
    """Name of its files in a local folder, without split and suffix."""
    config: str | None = None
    """The hub's name for one of several data sets under an id."""
    configs: tuple[str, ...] = ()
    """All configs, where each family is a config of its own; the config becomes the row's family."""
    revision: str | None = None
    """The commit on the hub; None: the newest."""


@dataclass(frozen=True)
class Choice:
    """A parsed row of a multiple-choice benchmark."""

    contexts: tuple[str, ...]
    """One for all options, or one per option; without few-shot examples."""
    continuations: tuple[str, ...]
    """What is scored, without the space before it."""
    gold: tuple[int, ...]
    """Indices of the right options; the first is the answer shown in a few-shot example."""
    options: tuple[str, ...] = ()
    """The options as shown to a person; empty: the continuations."""
    cluster: str = ""
    """Shared by the rows of one passage."""
    asked: str = ""
    """The row's own text; empty: the first context."""


@dataclass(frozen=True)
class Writing:
    """A parsed row of a benchmark whose answer is written."""

    prompt: str
    """Without few-shot examples."""
    answer: str
    """The completion shown in a few-shot example."""
    targets: tuple[str, ...]
    """The right answers, in the scorer's form."""
    code: CodeReference | None = None
    cluster: str = ""


@dataclass(frozen=True)
class Shots:
    """How a task's few-shot examples are chosen."""

    count: int
    """Default number."""
    split: str | None = None
    """The split they come from; None: the benchmark bundles its own or takes none."""
    order: Literal["random", "first"] = "random"
    """`random`: drawn by seed for every item; `first`: always the first rows of the family."""
    without_item: bool = False
    """Whether one extra row is drawn, so that the item itself can be left out."""
    fixed: bool = False
    """Whether the number cannot be changed: the prompt already has its examples."""
    bundled: Callable[[str], tuple[Row, ...]] | None = None
    """The examples of a family, if the benchmark bundles them."""


@dataclass(frozen=True)
class RegexFilter:
    """Extracts the answer from a written text."""

    name: str
    pattern: str
    pick: Literal[0, -1] = 0
    """The first match or the last."""
    fallback: str = "[invalid]"
    """The answer if nothing matches."""


@dataclass(frozen=True)
class Task:
    """One benchmark: data set, split, prompt, choices or targets, scorer, few-shot, chance, version."""

    id: str
    name: str
    about: str
    """What it asks, in one line."""
    harness: str | None
    """The equivalent task or group of lm-evaluation-harness 0.4.13; None: there is none."""
    kind: Kind
    data: DataSet
    split: str
    """The evaluated split."""
    shots: Shots
    metrics: tuple[str, ...]
    """The first is the score, from which an AIS is computed."""
    chance: float | Literal["by item"] | None
    """The score of guessing; `by item` if the number of options varies; None: no usable level."""
    plausible_range: tuple[float, float]
    """Lowest and highest score of an intact model, 0 to 1, that do not suggest a broken set-up."""
    n_items: int | None
    """Number of items in the hub's split; None for a custom benchmark."""
    read: Callable[[Row], Choice | Writing] = field(repr=False)
    """Parses a row; raises a ValueError that names file, line and field of a malformed one."""
    version: int = 1
    """Raised whenever a prompt, a rule or a metric changes; part of every cache key of its outcomes."""
    family: str | None = None
    """The field with a row's subject or subtask, if any."""
    preamble: Callable[[Row], str] | None = field(default=None, repr=False)
    """The text before everything else, the same for all rows of a family."""
    delimiter: str = " "
    """What separates a prompt from its answer."""
    answers_in_form: bool = True
    """Whether a row's answer has the form of the worked examples."""
    until: tuple[str, ...] = ()
    """Stop strings of a written answer."""
    max_new_tokens: int = HARNESS_MAX_NEW_TOKENS
    filters: tuple[RegexFilter, ...] = ()
    """Filters that extract the answer, each scored; none: the whole text is the answer."""
    asks: str = ""
    """What the first filter looks for, in words ("a number after '####'"); empty: its pattern."""
    judge: Callable[[str, tuple[str, ...]], Mapping[str, float]] | None = field(default=None, repr=False)
    """Scores an answer against the targets; None for multiple choice and for programs."""
    custom_files: Mapping[str, Path] | None = None
    """The file of each split of a custom benchmark; None: local folder or hub."""

    @property
    def runs_code(self) -> bool:
        """Whether its answers are programs, which have to run to be scored."""
        return self.kind == "generation" and self.judge is None
