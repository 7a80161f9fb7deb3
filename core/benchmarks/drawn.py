"""A benchmark in an order drawn by seed, and its parts: so that a run can stop as soon as enough is known.

Each part is a benchmark of its own, with runs and cache keys of its own. Its items go through the model in
batches of its own too: what an item gives does not depend on how many parts are evaluated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from core.benchmarks.benchmark import (
    Benchmark,
    ChoiceDocument,
    Document,
    GenerationDocument,
    Judged,
    Source,
)
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    import polars as pl

    from core.benchmarks.benchmark import AnswerFormat

STEP = 32
"""Items of the first parts; later ones are a quarter of what comes before them."""


class Part(msgspec.Struct, frozen=True):
    """Which items of a benchmark: those from one on, in an order drawn by seed."""

    seed: int
    of: int
    """How many items are in order."""
    start: int = 0
    """Where in the order it begins."""


@dataclass(frozen=True)
class DrawnSource:
    """The first items of a source in an order drawn by seed, or some of them. Other members: see `Source`."""

    source: Source
    seed: int
    of: int
    """How many items are in order."""
    start: int
    """Where in the order it begins."""
    n_items: int

    @property
    def chance(self) -> float | None:
        """That of the whole source."""
        return self.source.chance

    def documents(self, spec: ModelSpec, n: int) -> tuple[Document, ...]:
        """The first n of its items."""
        ordered = _in_order(self.source.documents(spec, self.of), self.seed)
        return tuple(ordered[self.start : self.start + n])

    def key_inputs(self, spec: ModelSpec, n: int) -> dict[str, Any]:
        """The source's, and the place in the order."""
        place = {"seed": self.seed, "of": self.of, "start": self.start}
        return {**self.source.key_inputs(spec, self.of), "drawn": place}

    @property
    def needs_greedy(self) -> bool:
        """The source's."""
        return self.source.needs_greedy

    def judge_choice(
        self, document: ChoiceDocument, loglikelihoods: Sequence[float], greedy: Sequence[bool] | None
    ) -> Judged:
        """As the source."""
        return self.source.judge_choice(document, loglikelihoods, greedy)

    @property
    def answer_format(self) -> AnswerFormat | None:
        """The source's."""
        return self.source.answer_format

    def check(self) -> None:
        """As the source."""
        self.source.check()

    def judge(self, document: GenerationDocument, text: str) -> Judged:
        """As the source."""
        return self.source.judge(document, text)

    def metric_means(self, documents: Sequence[Document], outcomes: pl.DataFrame) -> dict[str, float]:
        """As the source."""
        return self.source.metric_means(documents, outcomes)


def drawn(benchmark: Benchmark, n: int, seed: int) -> Benchmark:
    """The first n items of a benchmark, in an order drawn by seed; items of one cluster stay together."""
    return replace(benchmark, source=DrawnSource(benchmark.source, seed, n, 0, n))


def is_drawn(benchmark: Benchmark) -> bool:
    """Whether its items are in an order drawn by seed."""
    return isinstance(benchmark.source, DrawnSource)


def part_of(benchmark: Benchmark) -> Part | None:
    """Which items of the benchmark it was drawn from; None if it was not."""
    source = benchmark.source
    return Part(source.seed, source.of, source.start) if isinstance(source, DrawnSource) else None


def parts_of(benchmark: Benchmark) -> tuple[Benchmark, ...]:
    """The parts of a drawn benchmark, in order; another one is a part of its own."""
    whole = benchmark.source
    if not isinstance(whole, DrawnSource):
        return (benchmark,)
    ends = part_ends(whole.n_items)
    return tuple(
        replace(benchmark, source=replace(whole, start=start, n_items=end - start))
        for start, end in zip((0, *ends), ends, strict=False)
    )


def part_ends(n: int) -> tuple[int, ...]:
    """The numbers of items at which a run of n items at most may stop."""
    ends = [0]
    while ends[-1] < n:
        ends.append(min(n, ends[-1] + max(STEP, ends[-1] // 4 // STEP * STEP)))
    return tuple(ends[1:])


def _in_order(documents: Sequence[Document], seed: int) -> list[Document]:
    """The documents in an order drawn by seed. By hashes: the same with every version of every library."""

    def drawn_number(index: int, document: Document) -> bytes:
        name = f"{seed}/cluster/{document.cluster}" if document.cluster else f"{seed}/item/{index}"
        return hashlib.blake2b(name.encode(), digest_size=16).digest()

    numbers = [drawn_number(index, one) for index, one in enumerate(documents)]
    return [documents[index] for index in sorted(range(len(documents)), key=numbers.__getitem__)]
