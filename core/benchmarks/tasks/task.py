"""What describes a benchmark: plain data and the few functions that read its rows. No model, no data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from core.abilities.custom_rows import Row
from core.benchmarks.tasks.documents import CodeReference

Kind = Literal["multiple_choice", "generation"]
"""`multiple_choice`: the log-likelihoods of the options; `generation`: what the model writes."""

HARNESS_SEED = 1234
"""The seed that lm-evaluation-harness draws its few-shot examples with unless told otherwise."""

HARNESS_MAX_NEW_TOKENS = 256
"""Tokens that its `hf` backend lets a model write where the task says nothing."""


@dataclass(frozen=True)
class DataSet:
    """Where the rows come from."""

    path: str
    """The id of the data set on the Hugging Face hub, or the path of one's own file."""
    file: str
    """The name of its files, without split and suffix, in one's own folder."""
    config: str | None = None
    """The hub's name for one of several data sets under an id."""
    configs: tuple[str, ...] = ()
    """Where each family is a config of its own: all of them; their rows get the config as their family."""
    revision: str | None = None
    """The commit on the hub; None where it is not known, and the newest is taken."""


@dataclass(frozen=True)
class Choice:
    """A row of a multiple-choice benchmark, read."""

    contexts: tuple[str, ...]
    """One for all options, or one for each; never the few-shot examples."""
    continuations: tuple[str, ...]
    """What is scored, without the space before it."""
    gold: tuple[int, ...]
    """The places of the right options, the first of them the answer of a few-shot example."""
    options: tuple[str, ...] = ()
    """As a person reads them; empty: the continuations."""
    cluster: str = ""
    """What the rows of one passage share."""
    asked: str = ""
    """What tells the row from others; empty: the first context."""


@dataclass(frozen=True)
class Writing:
    """A row of a benchmark whose answer is written, read."""

    prompt: str
    """Without the few-shot examples."""
    answer: str
    """The completion as a few-shot example shows it."""
    targets: tuple[str, ...]
    """The right answers as the scorer takes them."""
    code: CodeReference | None = None
    cluster: str = ""


@dataclass(frozen=True)
class Shots:
    """Which worked examples stand before an item."""

    count: int
    """How many, unless a person says otherwise."""
    split: str | None = None
    """The split they come from; None where the benchmark brings its own or takes none."""
    order: Literal["random", "first"] = "random"
    """`random`: drawn by seed for every item; `first`: the first rows of the family, always the same."""
    without_item: bool = False
    """Whether one more is drawn, so that the item itself can be left out."""
    fixed: bool = False
    """Whether the count cannot be chosen: the benchmark's prompt has its own examples."""
    own: Callable[[str], tuple[Row, ...]] | None = None
    """The examples of a family, where the benchmark brings them."""


@dataclass(frozen=True)
class RegexFilter:
    """Takes the answer out of what a model wrote."""

    name: str
    pattern: str
    pick: Literal[0, -1] = 0
    """The first match or the last."""
    fallback: str = "[invalid]"
    """The answer where nothing matches."""


@dataclass(frozen=True)
class Task:
    """One benchmark: data set, split, prompt, choices or targets, scorer, few-shot, chance, version."""

    id: str
    name: str
    about: str
    """What it asks, in one line."""
    harness: str | None
    """The name of lm-evaluation-harness 0.4.13's task or group that it equals; None: it has none."""
    kind: Kind
    data: DataSet
    split: str
    """What is evaluated."""
    shots: Shots
    metrics: tuple[str, ...]
    """The first is the one that an AIS is made of."""
    chance: float | Literal["by item"] | None
    """The score of guessing; `by item` where the number of options varies; None: no usable level."""
    plausible_range: tuple[float, float]
    """The lowest and highest score of an intact model that do not point to a broken set-up, fractions."""
    n_items: int | None
    """Items of the whole split on the hub; None of one's own."""
    version: int
    """Raised whenever a prompt, a rule or a metric changes; part of every cache key of its outcomes."""
    read: Callable[[Row], Choice | Writing] = field(repr=False)
    """Reads a row, and raises a ValueError that names file, line and field of a bad one."""
    family: str | None = None
    """The field with a row's subject or subtask; None where there are no families."""
    preamble: Callable[[Row], str] | None = field(default=None, repr=False)
    """What stands before everything else, the same for all rows of a family."""
    delimiter: str = " "
    """What parts a prompt from its answer."""
    until: tuple[str, ...] = ()
    """Strings that end a written answer."""
    max_new_tokens: int = HARNESS_MAX_NEW_TOKENS
    """Of a written answer."""
    filters: tuple[RegexFilter, ...] = ()
    """Ways to take the answer out of a text, each scored; none: the text is the answer."""
    asks: str = ""
    """In words, what its first filter looks for, such as "a number after '####'"; empty: the pattern."""
    judge: Callable[[str, tuple[str, ...]], Mapping[str, float]] | None = field(default=None, repr=False)
    """Scores an answer against the targets; None for multiple choice, and for code, which has to run."""
    custom_files: Mapping[str, Path] | None = None
    """The file of each split, of a benchmark that a person described; None: folder or hub."""

    @property
    def runs_code(self) -> bool:
        """Whether its answers are programs, which have to run to be judged."""
        return self.kind == "generation" and self.judge is None
