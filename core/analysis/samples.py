"""The items of a benchmark with the answers of base and ablated model: to filter, search, show and write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cache.files import write_atomically
from core.analysis.answers import UNKNOWN, Answers, ItemTable, answers_of, continued, live_answers, start_of
from core.analysis.statistics.scores import mcnemar_exact
from core.analysis.stored import needed_items, stored_parts
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.drawn import is_drawn
from core.benchmarks.registry import shots_of
from core.models.spec import one_of
from core.run.events import ItemOutcome
from core.run.experiment import Experiment, OutcomesRequest, divergences_request
from core.run.specs import MaskSpec
from core.run.storing import ensure_items

Flip = Literal["right", "wrong", "broken", "fixed", "unknown"]
"""Base and ablated answer: both right, both wrong, right then wrong, wrong then right, not both known."""

FLIPS: tuple[Flip, ...] = ("right", "wrong", "broken", "fixed", "unknown")

Filter = Literal["all", "flipped", "broken", "fixed", "both_wrong", "both_right"]

FILTERS: dict[Filter, tuple[Flip, ...]] = {
    "all": FLIPS,
    "flipped": ("broken", "fixed"),
    "broken": ("broken",),
    "fixed": ("fixed",),
    "both_wrong": ("wrong",),
    "both_right": ("right",),
}
"""The flips that pass each filter."""


@dataclass(frozen=True)
class SampleRow:
    """One line of a list of samples."""

    index: int
    """The item's, from 0."""
    id: str
    family: str
    flip: Flip
    gold: int | None
    """Index of the right option; None for generation."""
    base: int | None
    """Index of the intact model's choice; None if unknown, and for generation."""
    ablated: int | None
    """Index of the ablated model's choice; None if unknown, and for generation."""
    beginning: str
    """Up to 200 characters of the item, on one line."""


@dataclass(frozen=True)
class Answer:
    """What one model answered to one item."""

    prediction: int | None
    """Index of the chosen option; None for generation."""
    correct: bool
    loglikelihoods: tuple[float, ...] | None
    """Summed over the tokens of each option, in nats; None for generation."""
    text: str | None
    """What was generated; None for multiple choice, and until its run is stored."""
    score: float | None = None
    """The benchmark's first metric, 0 to 1; None until its run is stored."""
    judged: str | None = None
    """The judged part of the text, or the result of a program's tests; None without a text."""
    finish: str | None = None
    """Why the text ended (`core.inference.answers.Finish`); None without a text."""
    tokens: tuple[int, ...] = ()
    """The ids of all new tokens; empty without a text."""
    cut: int = 0
    """Tokens cut from the left of the prompt, which was too long for the model."""


@dataclass(frozen=True)
class Sample:
    """Everything about one item."""

    index: int
    id: str
    family: str
    flip: Flip
    prompt: str
    options: tuple[str, ...]
    """Empty where the answer is written."""
    gold: int | None
    """Index of the right option, the first of several; None where the answer is written."""
    steps: str
    """The worked solution; empty without one."""
    base: Answer | None
    """None if unknown."""
    ablated: Answer | None
    """None if unknown."""
    targets: tuple[str, ...] = ()
    """The right written answers; empty where there are options."""
    cluster: str = ""
    """Items of one cluster share a passage; empty: the item is on its own."""
    shots: int = 0
    """Worked examples before the item in the prompt."""
    start: int = 0
    """Index in the prompt of the item's first character; 0 without worked examples before it."""


ExportFormat = Literal["jsonl", "csv", "parquet"]

JOINT = " | "
"""Joins the parts of a list in CSV, which has no lists."""


@dataclass(frozen=True, eq=False)
class Samples:
    """The items of one benchmark and the answers to them. Small columns are in memory, texts on disk.

    Reading texts raises OSError if their file was deleted in the meantime.
    """

    items: ItemTable
    base_answers: Answers | None
    ablated_answers: Answers | None
    benchmark: Benchmark | None = None
    """None where only figures are wanted, and not how answers fail."""
    divergences: pl.DataFrame | None = None
    """By the divergences schema of `cache.tables`, one row per item; None if not stored."""

    @classmethod
    def open(
        cls,
        experiment: Experiment,
        benchmark: Benchmark,
        n: int,
        mask: MaskSpec | None,
        until: float | None = None,
    ) -> Samples | None:
        """The stored answers of the intact model and, if a mask is given, the ablated one.

        None if neither is stored. Slow for many items: not for a screen's event loop. With `until`, the least
        AIS of interest at which runs stop, the benchmark is drawn, and those that count are known.

        Raises:
            CorruptEntry: one of them is damaged.
            OSError: the cache cannot be read, or the table of items not written.
        """
        wanted = [None] if mask is None else [None, mask]
        parts = [stored_parts(experiment, one, benchmark, n) for one in wanted]
        if not any(parts):
            return None
        items = ItemTable(ensure_items(experiment, benchmark, n))
        most = None if until is None or mask is None else needed_items(experiment, benchmark, mask, until)
        answers = [
            answers_of(experiment, of_one, items, None if one is None else most)
            for one, of_one in zip(wanted, parts, strict=True)
        ]
        answers = [*answers, None]
        divergences = _parts_divergences(experiment, *parts, n=n) if answers[0] and answers[1] else None
        return cls(items, answers[0], answers[1], benchmark, divergences)

    @classmethod
    def of_pair(
        cls,
        a: Experiment,
        b: Experiment,
        benchmark: Benchmark,
        n: int,
        mask: MaskSpec | None,
        until: float | None = None,
    ) -> Samples | None:
        """The stored answers of two models in one state: A's as base, B's as ablated.

        None if neither is stored. Slow for many items.

        Args:
            b: the second one, with the same prompts.
            mask: what is ablated of both; None for the intact models.

        Raises:
            CorruptEntry: one of them is damaged.
            ValueError: they were asked other items; k asks for too many weights, or n for too many items.
            OSError: the cache cannot be read, or the table of items not written.
        """
        found = [cls.open(one, benchmark, n, mask, until) for one in (a, b)]
        answers = [
            None if one is None else one.base_answers if mask is None else one.ablated_answers
            for one in found
        ]
        items = [one.items for one in found if one is not None]
        if answers == [None, None]:
            return None
        if not items[0].ids.equals(items[-1].ids):
            raise ValueError(f"The two models have other items of '{benchmark.id}'.")
        return cls(items[0], answers[0], answers[1], benchmark)

    @classmethod
    def unanswered(cls, experiment: Experiment, benchmark: Benchmark, n: int) -> Samples:
        """The items alone, to which the answers of a running run are added.

        Raises:
            ValueError: the benchmark has fewer than n items.
            OSError: the table of items cannot be read or written.
        """
        return cls(ItemTable(ensure_items(experiment, benchmark, n)), None, None, benchmark)

    def with_live(self, outcomes: Sequence[ItemOutcome], of: Literal["base", "ablated"]) -> Samples:
        """The same items with all outcomes of a running run so far, after those of its stored parts.

        Raises:
            ValueError: an outcome is about another item.
        """
        stored = self.base_answers if of == "base" else self.ablated_answers
        answers = live_answers(tuple(outcomes), self.n)
        if stored is not None and stored.n_known < self.n:
            answers = continued(stored, answers)
        if of == "base":
            return Samples(self.items, answers, self.ablated_answers, self.benchmark)
        return Samples(self.items, self.base_answers, answers, self.benchmark)

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.items)

    @property
    def tags(self) -> dict[str, int]:
        """Number of items of each family, by name."""
        return self.items.families

    @cached_property
    def flips(self) -> NDArray[np.int8]:
        """(N,) indices into `FLIPS`."""
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
        """Number of items that pass each filter."""
        by_flip = np.bincount(self.flips, minlength=len(FLIPS)).tolist()
        return {name: sum(by_flip[FLIPS.index(flip)] for flip in flips) for name, flips in FILTERS.items()}

    @cached_property
    def mcnemar_p(self) -> float | None:
        """Exact McNemar test of the flips, two-sided, over items with both answers; None without any.

        None too for an order drawn by seed: the test does not allow for stopping when it is known.
        """
        if self.base_answers is None or self.ablated_answers is None:
            return None
        if self.benchmark is not None and is_drawn(self.benchmark):
            return None
        both = self.base_answers.known & self.ablated_answers.known
        if not both.any():
            return None
        return float(
            mcnemar_exact(self.base_answers.correct[both], self.ablated_answers.correct[None, both])[0]
        )

    def select(self, filter: Filter, tag: str | None = None, search: str = "") -> NDArray[np.int64]:  # noqa: A002
        """The ascending indices of the items that pass.

        Args:
            filter: by flip.
            tag: the family; None for all.
            search: text in prompt, options or id, ignoring case; empty for all.

        Raises:
            ValueError: the filter or the tag is unknown.
        """
        passing = FILTERS[one_of(filter, FILTERS, "filter")]  # type: ignore[index]
        chosen = np.array([flip in passing for flip in FLIPS])[self.flips]
        if tag is not None:
            chosen &= self.items.of_family(tag)
        if search:
            chosen &= self.items.matches(search)
        return np.flatnonzero(chosen)

    def rows(self, indices: NDArray[np.int64]) -> list[SampleRow]:
        """The rows of a list for some items, in their order: meant for one screenful."""
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
        """Everything about one item.

        Raises:
            IndexError: the index is out of range.
        """
        if not 0 <= index < self.n:
            raise IndexError(f"There is no item {index}: the benchmark's items are 0 to {self.n - 1}.")
        item = self.items.item(index)
        shots = 0 if self.benchmark is None else shots_of(self.benchmark)
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
            shots=shots,
            start=start_of(item["beginning"], item["prompt"]) if shots else 0,
        )

    def write(
        self,
        path: Path,
        indices: NDArray[np.int64],
        format: ExportFormat,  # noqa: A002
        about: Mapping[str, str | float | None] | None = None,
        control: Answers | None = None,
    ) -> None:
        """Writes some items with all answers, in the benchmark's order; whole or not at all.

        The columns are those of `about`, `index` (from 0), `flip`, those of the items, and those of the
        answers as `base_…`, `ablated_…` and `control_…` where there are any. The table is never in memory as
        a whole.

        Args:
            about: what all rows are about, such as the model and the mask, by column name.
            control: the answers under the random control.

        Raises:
            OSError: the file cannot be written.
        """
        table = self._table(indices, about or {}, control)
        if format == "jsonl":
            write_atomically(path, lambda temporary: table.sink_ndjson(temporary))
        elif format == "parquet":
            write_atomically(path, lambda temporary: table.sink_parquet(temporary))
        else:
            flat = table.with_columns(pl.selectors.list().cast(pl.List(pl.String)).list.join(JOINT))
            write_atomically(path, lambda temporary: flat.sink_csv(temporary))

    def _table(
        self,
        indices: NDArray[np.int64],
        about: Mapping[str, str | float | None],
        control: Answers | None,
    ) -> pl.LazyFrame:
        chosen = np.zeros(self.n, bool)
        chosen[indices] = True
        flips = pl.Series(FLIPS, dtype=pl.String).gather(self.flips.astype(np.uint32))
        parts = [
            pl.LazyFrame({"chosen": chosen, "index": np.arange(self.n), "flip": flips}),
            self.items.lazy.drop("beginning"),
        ]
        models = (("base", self.base_answers), ("ablated", self.ablated_answers), ("control", control))
        for name, answers in models:
            if answers is not None:
                parts.append(answers.rows().select(pl.all().name.prefix(f"{name}_")))
        found = pl.concat(parts, how="horizontal").filter("chosen").drop("chosen")
        return found.select(*(pl.lit(value).alias(name) for name, value in about.items()), pl.all())


def stored_divergences(
    experiment: Experiment, base: OutcomesRequest, ablated: OutcomesRequest
) -> pl.DataFrame | None:
    """The divergences of a base and an ablated run, by the schema in `cache.tables`.

    None if they are not stored, as for multiple choice.

    Raises:
        CorruptEntry: they are damaged.
    """
    return experiment.store.divergences.load(divergences_request(base, ablated)[0])


def _parts_divergences(
    experiment: Experiment,
    base: Sequence[OutcomesRequest],
    ablated: Sequence[OutcomesRequest],
    *,
    n: int,
) -> pl.DataFrame | None:
    """The divergences of the runs of both models on the first items, null for the rest of n.

    None if some are not stored, as for multiple choice.

    Raises:
        CorruptEntry: they are damaged.
    """
    if base[0].benchmark.kind == "multiple_choice":
        return None
    found = [stored_divergences(experiment, *pair) for pair in zip(base, ablated, strict=False)]
    known = [frame for frame in found if frame is not None]
    if not known or len(known) < len(found):
        return None
    together = pl.concat(known)
    return pl.concat([together, together.clear(n - len(together))])


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
        cut=row["cut"] or 0,
    )
