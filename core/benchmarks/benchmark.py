"""What a benchmark is to the rest of the program: options, documents, scoring. Plain data, no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from core.models.spec import ModelSpec

if TYPE_CHECKING:
    import polars as pl


Kind = Literal["multiple_choice", "generation"]
"""`multiple_choice`: the log-likelihoods of the options are compared; `generation`: the model writes."""


@dataclass(frozen=True)
class BenchmarkOptions:
    """How benchmarks are run; generated benchmarks ignore all of it."""

    data_dir: str | None = None
    """Absolute path of the folder with the rows; None: the hub, or its local cache."""
    shots: int | None = None
    """Few-shot examples before each item, where a split to draw them from exists; None: the default of
    lm-evaluation-harness."""
    chat: bool = False
    """Whether prompts go through the model's chat template."""
    allow_code: bool = False
    """Whether generated programs may run, in the sandbox."""


DEFAULT_OPTIONS = BenchmarkOptions()


@dataclass(frozen=True)
class ChoiceDocument:
    """A multiple-choice item: the model scores every continuation after its context."""

    id: str
    """Benchmark id, family if there are families, and the row's number within it from 0."""
    family: str
    """The row's subject or subtask; empty if the benchmark has none."""
    cluster: str
    """Items of one cluster share a passage and are resampled together; empty: the item stands alone."""
    contexts: tuple[str, ...]
    """One for all continuations, or one for each (WinoGrande)."""
    continuations: tuple[str, ...]
    """What is scored, one per option, including the space that separates it from its context; see `sums`."""
    gold: frozenset[int]
    """Indices of the right options; several only in TruthfulQA mc2."""
    options: tuple[str, ...]
    """The options as shown to a person: the texts, where the continuations are only letters."""
    lengths: tuple[int, ...]
    """Characters of each option without that space: the divisor of acc_norm."""
    asked: str = ""
    """The item alone, without what all items share: its text in lists."""
    steps: str = ""
    """The worked solution, if any."""
    read: str = ""
    """The prompt as shown to a person, if several questions are asked one by one; else empty."""
    sums: tuple[tuple[int, ...], ...] = ()
    """The continuations that make up each option, by index, if several questions are asked one by one. Empty:
    each continuation is an option."""

    def of_options(self, scored: Sequence[float]) -> tuple[float, ...]:
        """The log-likelihood of each option, from those of the continuations."""
        return tuple(sum(scored[i] for i in parts) for parts in self.sums) or tuple(scored)


@dataclass(frozen=True)
class CodeReference:
    """The tests of a programming task. Nothing here runs code."""

    head: str
    """What the program begins with; the answer follows (HumanEval: the prompt)."""
    tests: str
    """Statements that fail if the program is wrong."""
    solution: str
    """An answer that passes."""


@dataclass(frozen=True)
class GenerationDocument:
    """An item whose answer the model writes. `id`, `family`, `cluster`, `asked`: see `ChoiceDocument`."""

    id: str
    family: str
    cluster: str
    prompt: str
    until: tuple[str, ...]
    """Strings that end the answer and are not part of it."""
    max_new_tokens: int
    targets: tuple[str, ...]
    """One or more right answers, in the scorer's form; the tests of a program."""
    code: CodeReference | None = None
    """Set for programming tasks only."""
    asked: str = ""
    gold: str = ""
    """A right answer as the worked examples give theirs, with what separates it from the prompt; empty: none
    is known in that form."""


Document = ChoiceDocument | GenerationDocument


def fitted_new_tokens(default: int, positions: int) -> int:
    """A benchmark's own number of new tokens for a model: half of its positions if all of them are fewer.

    The other half is the prompt's. A larger number is lm-evaluation-harness's; it refuses such models.
    """
    return default if default < positions else positions // 2


def cut_new_tokens(documents: Sequence[Document], positions: int | None) -> tuple[int, int] | None:
    """The most new tokens of some items as their benchmark has it and as cut for a model; None if not cut."""
    written = [one.max_new_tokens for one in documents if isinstance(one, GenerationDocument)]
    most = max(written, default=0)
    if positions is None or fitted_new_tokens(most, positions) == most:
        return None
    return most, fitted_new_tokens(most, positions)


@dataclass(frozen=True)
class AnswerFormat:
    """The form in which a benchmark expects a written answer."""

    asked: str
    """In words, such as "a line that begins with 'Answer:'"."""
    stated: Callable[[str], str | None]
    """The answer that a text states in this form, if any."""


@dataclass(frozen=True)
class Judged:
    """The score of one answer."""

    score: float
    """The first metric, 0 to 1."""
    answer: str | None = None
    """What was judged: the answer extracted from the text, or how a program's tests went."""


class Source(Protocol):
    """Where a benchmark's items come from, and how they are scored."""

    @property
    def n_items(self) -> int:
        """Number of items in a full run."""

    @property
    def chance(self) -> float | None:
        """The score of guessing, 0 to 1: the mean over all items; None if there is no usable level."""

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n items in a fixed order, as a model gets them."""

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """What the documents depend on, for cache keys."""

    @property
    def needs_greedy(self) -> bool:
        """Whether a metric asks if greedy decoding would write the option."""

    def judge_choice(
        self, document: ChoiceDocument, loglikelihoods: Sequence[float], greedy: Sequence[bool] | None
    ) -> Judged:
        """The first metric from each option's log-likelihood (nats) and whether the option is greedy."""

    @property
    def answer_format(self) -> AnswerFormat | None:
        """The expected form of a written answer; None for multiple choice, or if no rule is known."""

    def check(self) -> None:
        """Raises a ValueError, before the model writes, if this machine cannot score the answers."""

    def judge(self, document: GenerationDocument, text: str) -> Judged:
        """The first metric of a written answer."""

    def metric_means(self, documents: Sequence[Document], outcomes: pl.DataFrame) -> dict[str, float]:
        """Every metric over the items, from their outcomes (`cache.outcomes.SCHEMA`), in the same order."""


@dataclass(frozen=True)
class Benchmark:
    """One benchmark: generated, built-in, custom, or a task of lm-evaluation-harness."""

    id: str
    name: str
    about: str
    """What it asks, in one line."""
    kind: Kind
    metrics: tuple[str, ...]
    """The first is the score; `acc`: the share of items whose right option has the largest summed
    log-likelihood."""
    plausible_range: tuple[float, float]
    """Lowest and highest score of an intact model, 0 to 1, that do not suggest a broken set-up."""
    version: int
    """Raised whenever an item or a prompt changes; part of every cache key of its outcomes."""
    source: Source = field(compare=False, repr=False)
    needs: tuple[str, ...] = ()
    """Ids of the abilities that its items need by construction; empty if unknown."""

    @property
    def n_items(self) -> int:
        """Number of items in a full run.

        Raises:
            ValueError: the rows have to be counted and are not available.
        """
        return self.source.n_items

    @property
    def chance(self) -> float | None:
        """The score of guessing, 0 to 1: the mean over all items; None if there is no usable level.

        Raises:
            ValueError: it varies from item to item, and the rows are not available.
        """
        return self.source.chance

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n items in a fixed order, as a model gets them.

        Raises:
            ValueError: n is out of range, or rows are missing or malformed.
        """
        if not 1 <= n <= self.n_items:
            raise ValueError(f"The limit is {n}: '{self.id}' has {self.n_items} items, give 1 to that.")
        found = self.source.documents(spec, n)
        if len(found) < n:
            raise ValueError(f"'{self.id}' has only {len(found)} items here, not {n}: give a lower limit.")
        return found

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """What the first n documents depend on, for cache keys.

        Raises:
            ValueError: rows are missing or malformed.
        """
        names = {"benchmark": self.id, "benchmark_version": self.version, "n": n}
        return {**names, **self.source.key_inputs(spec, n)}
