"""How the ablated answers of a benchmark fail: one item, and all of them together. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.diagnosis.choices import ChoiceDiagnosis, diagnose_choice
from core.analysis.diagnosis.failure_modes import PRIORITY, FailureMode, Share, Tag, mode_of, shares
from core.analysis.samples.answers import Answers
from core.analysis.samples.choice_sums import (
    SEVERAL_RIGHT,
    ChoiceSums,
    choice_sums,
    model_choices,
    option_facts,
)
from core.analysis.samples.items import ItemTable
from core.analysis.samples.records import Answer, Sample
from core.analysis.samples.samples import Samples
from core.analysis.samples.written import (
    ANSWER_COLUMNS,
    ITEM_COLUMNS,
    answer_tags,
    base_modes,
    run_tags,
)
from core.benchmarks.benchmark import Benchmark
from core.run.divergences import divergence_of
from core.run.text_events import TokenDivergence

TEXTS_AT_ONCE = 4096
"""Items whose texts are in memory together."""


@dataclass(frozen=True)
class ItemFailure:
    """How one ablated answer differs from the base answer. May quote models: to be shown as text."""

    tags: tuple[Tag, ...]
    """For a written answer, the main tag first."""
    choice: ChoiceDiagnosis | None
    """For multiple choice with one right option."""
    divergence: TokenDivergence | None
    """For a written answer, where it is stored and there is one."""


@dataclass(frozen=True, eq=False)
class Failures:
    """How the ablated answers of a benchmark differ from the base answers."""

    n: int
    """Items with both answers."""
    main: NDArray[np.int8]
    """(N,) index of the main tag in `PRIORITY`; -1 without one, with an unknown answer, and for multiple
    choice."""
    shares: tuple[Share, ...]
    """The failure modes of written answers, whose counts add up to n; empty for multiple choice."""
    choices: ChoiceSums | None
    """How multiple-choice answers changed; None for written answers."""


def item_failure(samples: Samples, sample: Sample, base_name: str = "base") -> ItemFailure | None:
    """How the ablated answer to one of the samples fails; None unless both answers are known.

    Written answers are unknown until their run is stored. `base_name` is what sentences call the other model.
    """
    benchmark, base, ablated = samples.benchmark, sample.base, sample.ablated
    if benchmark is None or base is None or ablated is None:
        return None
    if benchmark.kind == "multiple_choice":
        return ItemFailure((), _choice(benchmark, sample, base, ablated), None)
    divergence = None if samples.divergences is None else samples.divergences.row(sample.index, named=True)
    # Their fields are named as the columns of the tables.
    rows = vars(sample), vars(base), vars(ablated), divergence
    tags = answer_tags(benchmark.source.answer_format, *rows, base_name)
    return (
        None if tags is None else ItemFailure(tags, None, divergence_of(divergence) if divergence else None)
    )


def failures(samples: Samples) -> Failures | None:
    """How all ablated answers fail; None if there is no item with both answers.

    Reads every text: not for a screen's event loop.
    """
    benchmark, base, ablated = samples.benchmark, samples.base_answers, samples.ablated_answers
    if benchmark is None or base is None or ablated is None:
        return None
    if benchmark.kind == "multiple_choice":
        return _of_choices(samples.items, benchmark, base, ablated)
    form = benchmark.source.answer_format
    tags: list[tuple[Tag, ...] | None] = []
    of_base: Counter[FailureMode] = Counter()
    for start in range(0, samples.n, TEXTS_AT_ONCE):
        items = _part(samples.items.lazy, ITEM_COLUMNS, start)
        before, after = (_part(answers.rows(), ANSWER_COLUMNS, start) for answers in (base, ablated))
        divergences = None if samples.divergences is None else samples.divergences.slice(start, TEXTS_AT_ONCE)
        tags += run_tags(form, items, before, after, divergences)
        of_base += base_modes(form, items, before)
    return _of_tags(tags, of_base)


def _of_choices(items: ItemTable, benchmark: Benchmark, base: Answers, ablated: Answers) -> Failures | None:
    known = base.known & ablated.known
    if not known.any():
        return None
    facts = option_facts(items.lazy, benchmark.metrics[0])
    columns = ("prediction", "correct", "loglikelihoods")
    models = [model_choices(facts, one.rows().select(columns).collect(), known) for one in (base, ablated)]
    sums = choice_sums(facts, *models)
    return Failures(sums.n, np.full(len(items), -1, np.int8), (), sums)


def _of_tags(tags: Sequence[tuple[Tag, ...] | None], of_base: Mapping[FailureMode, int]) -> Failures | None:
    known = [of_item for of_item in tags if of_item is not None]
    if not known:
        return None
    # `diagnose` puts the main tag first.
    main = [PRIORITY.index(of_item[0].name) if of_item else -1 for of_item in tags]
    return Failures(len(known), np.array(main, np.int8), shares(map(mode_of, known), of_base), None)


def _part(lazy: pl.LazyFrame, columns: Sequence[str], start: int) -> pl.DataFrame:
    """The columns of the next `TEXTS_AT_ONCE` items."""
    return lazy.slice(start, TEXTS_AT_ONCE).select(columns).collect()


def _choice(benchmark: Benchmark, sample: Sample, base: Answer, ablated: Answer) -> ChoiceDiagnosis | None:
    """The diagnosis of an item with one right option and two options or more."""
    values = base.loglikelihoods, ablated.loglikelihoods
    if benchmark.metrics[0] == SEVERAL_RIGHT or sample.gold is None or not (values[0] and values[1]):
        return None
    return diagnose_choice(sample.gold, values[0], values[1]) if len(values[0]) > 1 else None
