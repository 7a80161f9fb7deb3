"""The items of a benchmark with what base and ablated model answered: to filter, search, show and write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cache.files import write_atomically
from core.analysis.samples.answers import Answers, live_answers, stored_answers
from core.analysis.samples.items import UNKNOWN, ItemTable, ensure_items
from core.analysis.samples.records import FILTERS, FLIPS, Answer, Filter, Sample, SampleRow
from core.analysis.samples.written import stored_divergences
from core.analysis.statistics.accuracy import Accuracy
from core.analysis.statistics.significance import mcnemar_exact
from core.benchmarks.benchmark import Benchmark
from core.experiment.events import ItemOutcome
from core.experiment.experiment import Experiment, OutcomesRequest
from core.experiment.specs import MaskSpec
from core.models.spec import one_of

ExportFormat = Literal["jsonl", "csv", "parquet"]

JOINT = " | "
"""Between the parts of a list in CSV, which has no lists."""


def write_samples(
    samples: Samples,
    path: Path,
    indices: NDArray[np.int64],
    format: ExportFormat,  # noqa: A002
) -> None:
    """Writes the items at the indices, in the benchmark's order; the table is never in memory as a whole.

    The columns are `index` (from 0), `flip`, those of the items, and those of the answers as `base_…` and
    `ablated_…` where there are any.

    Raises:
        OSError: the file cannot be written.
    """
    table = _table(samples, indices)
    if format == "jsonl":
        write_atomically(path, lambda temporary: table.sink_ndjson(temporary))
    elif format == "parquet":
        write_atomically(path, lambda temporary: table.sink_parquet(temporary))
    else:
        flat = table.with_columns(pl.selectors.list().cast(pl.List(pl.String)).list.join(JOINT))
        write_atomically(path, lambda temporary: flat.sink_csv(temporary))


def _table(samples: Samples, indices: NDArray[np.int64]) -> pl.LazyFrame:
    chosen = np.zeros(samples.n, bool)
    chosen[indices] = True
    flips = pl.Series(FLIPS, dtype=pl.String).gather(samples.flips.astype(np.uint32))
    parts = [
        pl.LazyFrame({"chosen": chosen, "index": np.arange(samples.n), "flip": flips}),
        samples.items.lazy.drop("beginning"),
    ]
    for name, answers in (("base", samples.base_answers), ("ablated", samples.ablated_answers)):
        if answers is not None:
            parts.append(answers.rows().select(pl.all().name.prefix(f"{name}_")))
    return pl.concat(parts, how="horizontal").filter("chosen").drop("chosen")


@dataclass(frozen=True, eq=False)
class Samples:
    """The items of one benchmark and the answers to them. Small columns are in memory, texts on disk.

    Whatever reads texts raises OSError if their file was deleted in the meantime.
    """

    items: ItemTable
    base_answers: Answers | None
    ablated_answers: Answers | None
    benchmark: Benchmark | None = None
    """Of the items; None where only figures are wanted, and not how answers fail."""
    divergences: pl.DataFrame | None = None
    """`cache.divergences.SCHEMA`: where the stored answers part, one row per item; None if not stored."""

    @classmethod
    def open(
        cls, experiment: Experiment, benchmark: Benchmark, n: int, mask: MaskSpec | None
    ) -> Samples | None:
        """The stored answers of the intact model and, if a mask is given, the ablated one.

        None if neither is stored. Takes longer than a moment for many items: not for a screen's event loop.

        Raises:
            CorruptEntry: one of them is damaged.
            ValueError: k asks for more weights than there are candidates, or n for more items than there are.
            OSError: the cache cannot be read, or the table of items not written.
        """
        entries = experiment.store.outcomes.entries
        wanted = [None] if mask is None else [None, mask]
        requests = [experiment.request(one, benchmark, n) for one in wanted]
        payloads = [(entries.payload_path(one.key), entries.whole_payload(one.key)) for one in requests]
        if not any(payload for _, payload in payloads):
            return None
        items = ItemTable(ensure_items(experiment, benchmark, n))
        answers = [
            None if payload is None else stored_answers(path, payload, items) for path, payload in payloads
        ]
        answers = [*answers, None]
        divergences = _divergences(experiment, requests) if answers[0] and answers[1] else None
        return cls(items, answers[0], answers[1], benchmark, divergences)

    @classmethod
    def unanswered(cls, experiment: Experiment, benchmark: Benchmark, n: int) -> Samples:
        """The items alone: what the answers of a run that goes on are added to.

        Raises:
            ValueError: the benchmark has fewer than n items.
            OSError: the table of items cannot be read or written.
        """
        return cls(ItemTable(ensure_items(experiment, benchmark, n)), None, None, benchmark)

    def with_live(self, outcomes: Sequence[ItemOutcome], of: Literal["base", "ablated"]) -> Samples:
        """The same items with what a run has given so far, all of it; its pending items are unknown.

        Raises:
            ValueError: an outcome is of an item that is not among these.
        """
        answers = live_answers(tuple(outcomes), self.n)
        if of == "base":
            return Samples(self.items, answers, self.ablated_answers, self.benchmark)
        return Samples(self.items, self.base_answers, answers, self.benchmark)

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.items)

    @property
    def has_base(self) -> bool:
        """Whether the intact model's answers are here, or some of them."""
        return self.base_answers is not None

    @property
    def has_ablated(self) -> bool:
        """Whether the ablated model's answers are here, or some of them."""
        return self.ablated_answers is not None

    @cached_property
    def base(self) -> Accuracy | None:
        """The intact model's accuracy; None if nothing of it is known."""
        return self.base_answers.accuracy if self.base_answers else None

    @cached_property
    def ablated(self) -> Accuracy | None:
        """The ablated model's accuracy; None if nothing of it is known."""
        return self.ablated_answers.accuracy if self.ablated_answers else None

    @property
    def tags(self) -> dict[str, int]:
        """How many items each family has, by name."""
        return self.items.families

    @cached_property
    def flips(self) -> NDArray[np.int8]:
        """(N,) indices in `FLIPS`."""
        flips = np.full(self.n, FLIPS.index("unknown"), np.int8)
        if self.base_answers is None or self.ablated_answers is None:
            return flips
        both = self.base_answers.known & self.ablated_answers.known
        base, ablated = self.base_answers.correct, self.ablated_answers.correct
        flips[both & base & ablated] = FLIPS.index("right")
        flips[both & ~base & ~ablated] = FLIPS.index("wrong")
        flips[both & base & ~ablated] = FLIPS.index("broken")
        flips[both & ~base & ablated] = FLIPS.index("fixed")
        return flips

    @cached_property
    def counts(self) -> dict[Filter, int]:
        """How many items each filter lets through."""
        by_flip = np.bincount(self.flips, minlength=len(FLIPS)).tolist()
        return {name: sum(by_flip[FLIPS.index(flip)] for flip in flips) for name, flips in FILTERS.items()}

    @cached_property
    def mcnemar_p(self) -> float | None:
        """Exact McNemar test of the flips, two-sided, over the items known of both; None without any."""
        if self.base_answers is None or self.ablated_answers is None:
            return None
        both = self.base_answers.known & self.ablated_answers.known
        if not both.any():
            return None
        return float(
            mcnemar_exact(self.base_answers.correct[both], self.ablated_answers.correct[None, both])[0]
        )

    def select(self, filter: Filter, tag: str | None = None, search: str = "") -> NDArray[np.int64]:  # noqa: A002
        """The indices, ascending, of the items that pass.

        Args:
            filter: by what base and ablated answered.
            tag: the family; None for all.
            search: text that prompt, options or id have in any case; empty for all.

        Raises:
            ValueError: there is no such filter or tag.
        """
        passing = FILTERS[one_of(filter, FILTERS, "filter")]  # type: ignore[index]
        chosen = np.array([flip in passing for flip in FLIPS])[self.flips]
        if tag is not None:
            chosen &= self.items.of_family(tag)
        if search:
            chosen &= self.items.matches(search)
        return np.flatnonzero(chosen)

    def rows(self, indices: NDArray[np.int64]) -> list[SampleRow]:
        """The lines of a list for the items at the indices, in their order: meant for one screenful."""
        beginnings = self.items.beginnings(indices)
        return [
            SampleRow(
                index=index,
                id=self.items.ids[index],
                family=self.items.family_of(index),
                flip=FLIPS[self.flips[index]],
                gold=_option(self.items.gold[index]),
                base=_prediction(self.base_answers, index),
                ablated=_prediction(self.ablated_answers, index),
                beginning=beginning,
            )
            for index, beginning in zip(indices.tolist(), beginnings, strict=True)
        ]

    def sample(self, index: int) -> Sample:
        """Everything about the item at a index.

        Raises:
            IndexError: there is no such index.
        """
        if not 0 <= index < self.n:
            raise IndexError(f"There is no item {index}: the benchmark's items are 0 to {self.n - 1}.")
        item = self.items.item(index)
        return Sample(
            index=index,
            id=item["item_id"],
            family=item["family"],
            flip=FLIPS[self.flips[index]],
            prompt=item["prompt"],
            options=tuple(item["options"]),
            gold=item["gold"],
            steps=item["steps"],
            base=_answer(self.base_answers, index),
            ablated=_answer(self.ablated_answers, index),
            targets=tuple(item["targets"]),
            cluster=item["cluster"],
        )

    def write(self, path: Path, indices: NDArray[np.int64], format: ExportFormat) -> None:  # noqa: A002
        """Writes the items at the indices, in the benchmark's order, with all answers; whole or not at all.

        Raises:
            OSError: the file cannot be written.
        """
        write_samples(self, path, indices, format)


def _divergences(experiment: Experiment, requests: Sequence[OutcomesRequest]) -> pl.DataFrame | None:
    """Where the answers of the intact and the ablated model part; None of multiple choice."""
    base, ablated = requests
    return None if base.benchmark.kind == "multiple_choice" else stored_divergences(experiment, base, ablated)


def _option(index: int) -> int | None:
    return None if index == UNKNOWN else int(index)


def _prediction(answers: Answers | None, index: int) -> int | None:
    return None if answers is None else _option(answers.prediction[index])


def _answer(answers: Answers | None, index: int) -> Answer | None:
    if answers is None or not answers.known[index]:
        return None
    row = answers.answer(index)
    values = row["loglikelihoods"]
    return Answer(
        prediction=row["prediction"],
        correct=row["correct"],
        loglikelihoods=None if values is None else tuple(values),
        text=row["text"],
        score=row["score"],
        judged=row["answer"],
        finish=row["finish"],
        tokens=tuple(row["tokens"] or ()),
    )
