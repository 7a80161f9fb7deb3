"""What a benchmark is. Plain words, no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from core.benchmarks.tasks.documents import ChoiceDocument, Document, GenerationDocument
from core.benchmarks.tasks.task import Kind
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    import polars as pl

    from core.benchmarks.answer_format import AnswerFormat


@dataclass(frozen=True)
class Judged:
    """What became of an answer."""

    score: float
    """The first metric, 0 to 1."""
    answer: str | None = None
    """What counted of a text: the answer as it was taken out of it, or how the tests of a program went."""


class Source(Protocol):
    """Where the items of a benchmark come from, and how they are scored."""

    @property
    def n_items(self) -> int:
        """Items of a full run."""

    @property
    def chance(self) -> float | None:
        """The score of guessing, a fraction: the mean over all items; None if there is no usable level."""

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n items, in a fixed order, as a model gets them."""

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """What the documents depend on, for cache keys."""

    @property
    def needs_greedy(self) -> bool:
        """Whether a metric asks if the model itself would have written an option."""

    def judge_choice(
        self, document: ChoiceDocument, loglikelihoods: Sequence[float], greedy: Sequence[bool] | None
    ) -> Judged:
        """The first metric from the log-likelihood (nats) of every option, and whether it is greedy's."""

    @property
    def answer_format(self) -> AnswerFormat | None:
        """How a written answer has to stand; None for multiple choice, and where no rule is known."""

    def check(self) -> None:
        """Refuses, with a ValueError, what cannot be scored on this machine, before the model writes."""

    def judge(self, document: GenerationDocument, text: str) -> Judged:
        """The first metric of a written answer."""

    def metric_means(self, documents: Sequence[Document], outcomes: pl.DataFrame) -> dict[str, float]:
        """Every metric over the items, from their outcomes (`cache.outcomes.SCHEMA`), in the same order."""


@dataclass(frozen=True)
class Benchmark:
    """One benchmark: a diagnostic one, one that everyone uses, or one's own."""

    id: str
    name: str
    about: str
    """What it asks, in one line."""
    kind: Kind
    metrics: tuple[str, ...]
    """The first is the score; `acc`: the share of items whose right option has the largest summed
    log-likelihood."""
    plausible_range: tuple[float, float]
    """The lowest and highest score of an intact model that do not point to a broken set-up, fractions."""
    version: int
    """Raised whenever an item or a prompt changes; part of every cache key of its outcomes."""
    source: Source = field(compare=False, repr=False)
    needs: tuple[str, ...] = ()
    """Ids of the abilities that its items need, by the way they are made; empty where nobody knows."""

    @property
    def n_items(self) -> int:
        """Items of a full run.

        Raises:
            ValueError: its rows have to be counted, and are not here.
        """
        return self.source.n_items

    @property
    def chance(self) -> float | None:
        """The score of guessing, a fraction: the mean over all items; None if there is no usable level.

        Raises:
            ValueError: it varies from item to item, and the rows are not here.
        """
        return self.source.chance

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n items, in a fixed order, as a model gets them.

        Raises:
            ValueError: n is below 1 or above what there is; or the rows are not here, or bad.
        """
        self._check(n)
        found = self.source.documents(spec, n)
        if len(found) < n:
            raise ValueError(f"'{self.id}' has only {len(found)} items here, not {n}: give a lower limit.")
        return found

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """What the first n documents depend on, for cache keys.

        Raises:
            ValueError: as of `documents`.
        """
        names = {"benchmark": self.id, "benchmark_version": self.version, "n": n}
        return {**names, **self.source.key_inputs(spec, n)}

    def _check(self, n: int) -> None:
        if not 1 <= n <= self.n_items:
            raise ValueError(f"The limit is {n}: '{self.id}' has {self.n_items} items, give 1 to that.")
