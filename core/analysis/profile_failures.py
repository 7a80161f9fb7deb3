"""How the ablated answers of a profile fail: written ones by tags, choices by margins. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from core.analysis.comparisons import RUN, run_names
from core.analysis.diagnosis.failure_modes import FailureMode, Share, Tag, mode_of, shares
from core.analysis.samples.choice_sums import (
    ChoiceSums,
    ModelChoices,
    OptionFacts,
    choice_sums,
    model_choices,
    option_facts,
    pooled,
)
from core.analysis.samples.written import ITEM_COLUMNS, base_modes, run_tags, stored_divergences
from core.benchmarks.drawn import is_drawn, parts_of
from core.run.experiment import Experiment, OutcomesRequest
from core.run.items import ensure_items
from core.run.plan import Plan
from core.run.specs import MaskSpec

Frames = Mapping[MaskSpec | None, Sequence[pl.DataFrame]]
"""The outcomes of each mask on each benchmark of the plan; None is the intact model."""

SHARES_SCHEMA = pl.Schema(
    {
        **RUN,
        "tag": pl.String(),
        "direction": pl.String(),
        "count": pl.Int64(),
        "n": pl.Int64(),
        "share": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "base_share": pl.Float64(),
    }
)
TAGS_SCHEMA = pl.Schema(
    {
        **RUN,
        "item_id": pl.String(),
        "tag": pl.String(),
        "evidence": pl.String(),
        "start": pl.Int32(),
        "end": pl.Int32(),
        "excess": pl.Float64(),
        "is_main": pl.Boolean(),
    }
)
CHOICES_SCHEMA = pl.Schema(
    {
        **RUN,
        "n": pl.Int64(),
        "broken": pl.Int64(),
        "base_margin": pl.Float64(),
        "margin": pl.Float64(),
    }
)


@dataclass(frozen=True)
class MaskSums:
    """How the answers under one mask fail, over all benchmarks of a kind."""

    mask: MaskSpec
    modes: Counter[FailureMode]
    """How many written answers fail in each mode; empty without a written benchmark."""
    base_modes: Counter[FailureMode]
    """How many base answers do beside the right answers; empty where none is known in words."""
    n_choices: int
    """Items of all multiple-choice benchmarks."""
    margins: tuple[float, float] | None
    """Their mean margin, base and ablated, in nats; None without any."""
    preferences: tuple[str, ...]
    """A sentence for each position or length that is preferred. May quote data."""

    @property
    def shares(self) -> tuple[Share, ...]:
        """Shares of the failure modes, the most frequent first; empty without written answers."""
        return shares(self.modes, self.base_modes) if self.modes else ()


@dataclass(frozen=True, eq=False)
class ProfileFailures:
    """How the answers under every mask of a profile fail."""

    sums: tuple[MaskSums, ...]
    """In the order of the plan's masks."""
    written: tuple[str, ...]
    """Ids of the benchmarks with written answers."""
    choice: tuple[str, ...]
    """Ids of the multiple-choice benchmarks."""
    shares: pl.DataFrame
    """`SHARES_SCHEMA`: one row for each mask, written benchmark, main tag and direction."""
    tags: pl.DataFrame
    """`TAGS_SCHEMA`: one row for each tag of each written answer."""
    choices: pl.DataFrame
    """`CHOICES_SCHEMA`: one row for each mask and multiple-choice benchmark; margins are means in nats."""


def profile_failures(plan: Plan, experiment: Experiment, frames: Frames) -> ProfileFailures:
    """The diagnosis of all ablated answers. Every text is read once.

    Raises:
        CorruptEntry: stored divergences are damaged.
        OSError: the table of a benchmark's items cannot be read or written.
    """
    written = [index for index, one in enumerate(plan.benchmarks) if one.kind == "generation"]
    choice = [index for index, one in enumerate(plan.benchmarks) if one.kind == "multiple_choice"]
    texts = {index: _Texts.of(plan, experiment, frames, index) for index in written if plan.masks()}
    options = {index: _Options.of(plan, experiment, frames, index) for index in choice if plan.masks()}
    tables = _Tables([], [], [])
    sums = []
    for mask in plan.masks():
        modes, of_base = _count_modes(tables, mask, frames, experiment, texts)
        sums.append(MaskSums(mask, modes, of_base, *_compare_choices(tables, mask, frames, options)))
    ids = [benchmark.id for benchmark in plan.benchmarks]
    return ProfileFailures(
        tuple(sums),
        tuple(ids[index] for index in written),
        tuple(ids[index] for index in choice),
        *tables.frames(),
    )


@dataclass(frozen=True)
class _Tables:
    """The rows of the three tables."""

    shares: list[tuple[Any, ...]]
    tags: list[tuple[Any, ...]]
    choices: list[tuple[Any, ...]]

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """The finished tables."""
        return (
            pl.DataFrame(self.shares, SHARES_SCHEMA, orient="row"),
            pl.DataFrame(self.tags, TAGS_SCHEMA, orient="row"),
            pl.DataFrame(self.choices, CHOICES_SCHEMA, orient="row"),
        )


@dataclass(frozen=True, eq=False)
class _Texts:
    """Items and base answers of a benchmark with written answers."""

    request: OutcomesRequest
    """The intact model's."""
    items: pl.DataFrame
    base: pl.DataFrame
    base_modes: Counter[FailureMode]
    """How the base answers end up beside the right ones."""

    @classmethod
    def of(cls, plan: Plan, experiment: Experiment, frames: Frames, index: int) -> _Texts:
        """Reads one benchmark of the plan."""
        benchmark = plan.benchmarks[index]
        n = plan.items_of(benchmark)
        items = pl.read_parquet(ensure_items(experiment, benchmark, n), columns=list(ITEM_COLUMNS))
        base = frames[None][index]
        modes = base_modes(benchmark.source.answer_format, items, base)
        return cls(experiment.request(None, benchmark, n), items, base, modes)

    def tags(self, experiment: Experiment, mask: MaskSpec, ablated: pl.DataFrame) -> list[tuple[Tag, ...]]:
        """The tags of the answers under a mask, of all items or the first."""
        benchmark, n = self.request.benchmark, len(ablated)
        form = benchmark.source.answer_format
        divergences = _divergences(experiment, self.request, mask, n)
        items, base = self.items.head(n), self.base.head(n)
        return [tags or () for tags in run_tags(form, items, base, ablated, divergences)]


def _divergences(
    experiment: Experiment, base: OutcomesRequest, mask: MaskSpec, n: int
) -> pl.DataFrame | None:
    """The stored divergences of a mask's first n items; None unless there are those of all."""
    if not is_drawn(base.benchmark):
        return stored_divergences(experiment, base, experiment.request(mask, base.benchmark, base.n))
    found, left = list[pl.DataFrame](), n
    for part in parts_of(base.benchmark):
        if left <= 0:
            break
        runs = (experiment.request(one, part, part.n_items) for one in (None, mask))
        frame = stored_divergences(experiment, *runs)
        if frame is None:
            return None
        found.append(frame)
        left -= len(frame)
    return pl.concat(found)


@dataclass(frozen=True, eq=False)
class _Options:
    """Items and base answers of a multiple-choice benchmark."""

    id: str
    facts: OptionFacts
    frame: pl.DataFrame
    """The intact model's outcomes."""
    base: ModelChoices
    """How it chose."""

    @classmethod
    def of(cls, plan: Plan, experiment: Experiment, frames: Frames, index: int) -> _Options:
        """Reads one benchmark of the plan."""
        benchmark = plan.benchmarks[index]
        path = ensure_items(experiment, benchmark, plan.items_of(benchmark))
        facts = option_facts(pl.scan_parquet(path), benchmark.metrics[0])
        return cls(benchmark.id, facts, frames[None][index], model_choices(facts, frames[None][index]))

    def first(self, n: int) -> tuple[OptionFacts, ModelChoices]:
        """Facts and base answers of the first n items."""
        facts = OptionFacts(self.facts.lengths[:n], self.facts.gold[:n], self.facts.names)
        return facts, model_choices(facts, self.frame.head(n))


def _count_modes(
    tables: _Tables, mask: MaskSpec, frames: Frames, experiment: Experiment, texts: Mapping[int, _Texts]
) -> tuple[Counter[FailureMode], Counter[FailureMode]]:
    """How many written answers fail in each mode, ablated and base; rows are added to the tables."""
    modes: Counter[FailureMode] = Counter()
    of_base: Counter[FailureMode] = Counter()
    for index, of_all in texts.items():
        ablated = frames[mask][index]
        tags = of_all.tags(experiment, mask, ablated)
        names = (*run_names(mask), of_all.request.benchmark.id)
        found = Counter(map(mode_of, tags))
        tables.shares.extend((*names, *_share_row(share)) for share in shares(found, of_all.base_modes))
        tables.tags.extend((*names, *row) for row in _tag_rows(ablated["item_id"], tags))
        modes += found
        of_base += of_all.base_modes
    return modes, of_base


def _compare_choices(
    tables: _Tables, mask: MaskSpec, frames: Frames, options: Mapping[int, _Options]
) -> tuple[int, tuple[float, float] | None, tuple[str, ...]]:
    """Items, mean margins and preferences over all multiple-choice benchmarks; rows are added to a table."""
    parts: list[ChoiceSums] = []
    for index, of_all in options.items():
        sums = _sums(of_all, frames[mask][index])
        means = sums.mean_margins or (None, None)
        tables.choices.append((*run_names(mask), of_all.id, sums.n, sums.broken, *means))
        parts.append(sums)
    if not parts:
        return 0, None, ()
    whole = pooled(parts)
    return whole.n, whole.mean_margins, whole.preferences()


def _sums(of_all: _Options, ablated: pl.DataFrame) -> ChoiceSums:
    """How one mask chose, on all items or the first."""
    n = len(ablated)
    facts, base = (of_all.facts, of_all.base) if n == len(of_all.facts.gold) else of_all.first(n)
    return choice_sums(facts, base, model_choices(facts, ablated))


def _share_row(share: Share) -> tuple[str | None, str, int, int, float, float, float, float | None]:
    part = share.share
    return share.name, share.direction, share.count, part.n, part.score, part.low, part.high, share.base


def _tag_rows(ids: pl.Series, tags: Sequence[Sequence[Tag]]) -> Iterator[tuple[Any, ...]]:
    """A row for each tag of each item; the first of an item is its main tag."""
    for item_id, of_item in zip(ids, tags, strict=True):
        for number, tag in enumerate(of_item):
            yield item_id, tag.name, tag.evidence, tag.start, tag.end, tag.excess, number == 0
