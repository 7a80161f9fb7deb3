"""What an ablation does to the multiple-choice answers of whole benchmarks, in arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.diagnosis.choices import (
    LengthPreference,
    PositionPreference,
    length_preference,
    length_ranks,
    letter_of,
    moves_of,
    position_preference,
)

MARKS = ("{}. {}", "{}) {}", "{}: {}")
"""How prompts list options and their letters."""

SEVERAL_RIGHT = "mc2"
"""The metric of items with several right options: they have no margin."""


@dataclass(frozen=True, eq=False)
class OptionFacts:
    """Facts about the options of a benchmark's N items, W options at most."""

    lengths: NDArray[np.float64]
    """(N, W) characters of each option; NaN where an item has fewer than W."""
    gold: NDArray[np.int64]
    """(N,) index of the right option; -1 unless there is exactly one."""
    names: tuple[str, ...]
    """Names of the W positions, where the model knows an order: the options' text in quotation marks where
    all items have the same options; letters where the prompt lists them. Else empty. May quote data."""


@dataclass(frozen=True, eq=False)
class ModelChoices:
    """How one model chose on N items."""

    chosen: NDArray[np.int64]
    """(N,) indices."""
    correct: NDArray[np.bool_]
    """(N,)"""
    margins: NDArray[np.float64]
    """(N,) log-likelihood of the right option minus that of the best other one; NaN where undefined."""
    ranks: NDArray[np.float64]
    """(N,) from `length_ranks`."""


@dataclass(frozen=True, eq=False)
class ChoiceSums:
    """How base and ablated model chose on N items, of one benchmark or of several."""

    base_margins: NDArray[np.float64]
    """(N,) the base model's, as in `ModelChoices`."""
    margins: NDArray[np.float64]
    """(N,) the same for the ablated model."""
    broken: int
    """Items that base has right and the ablated model wrong."""
    names: tuple[str, ...]
    """As in `OptionFacts`."""
    moves: NDArray[np.int64]
    """(W, W) from `moves_of`."""
    winners: NDArray[np.int64]
    """(W,) how often each position won among the broken items."""
    base_ranks: NDArray[np.float64]
    """(N,) from `length_ranks`."""
    ranks: NDArray[np.float64]
    """(N,) the same for the ablated model."""

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.margins)

    @cached_property
    def mean_margins(self) -> tuple[float, float] | None:
        """The base and the ablated model's mean margin over the items that have both; None without any."""
        both = np.isfinite(self.base_margins) & np.isfinite(self.margins)
        if not both.any():
            return None
        return float(self.base_margins[both].mean()), float(self.margins[both].mean())

    @cached_property
    def position(self) -> PositionPreference | None:
        """Whether it prefers a position; None where the model knows no order."""
        return position_preference(self.moves) if self.names and self.n else None

    @cached_property
    def length(self) -> LengthPreference | None:
        """Whether it prefers a length; None where all options of an item are of one length."""
        return length_preference(self.base_ranks, self.ranks)

    def preferences(self, other: str = "base") -> tuple[str, ...]:
        """A sentence for each preference that holds, beside the other model's."""
        position = self.position.sentence(self.names, other) if self.position and self.position.holds else ""
        length = self.length.sentence(other) if self.length and self.length.holds else ""
        return tuple(filter(None, (position, length)))


def option_facts(items: pl.LazyFrame, metric: str) -> OptionFacts:
    """The facts of a table of items (the items schema of `cache.tables`), of which few columns are read.

    Args:
        items: those of a multiple-choice benchmark.
        metric: the benchmark's first metric.
    """
    first_prompt = items.select("prompt").head(1).collect().item()
    columns = items.select("options", "gold").collect()
    lengths = padded(columns["options"].list.eval(pl.element().str.len_chars()))
    gold = columns["gold"].fill_null(-1).cast(pl.Int64).to_numpy()
    if metric == SEVERAL_RIGHT:
        gold = np.full(len(gold), -1)
    return OptionFacts(lengths, gold, _names(columns["options"], first_prompt, lengths.shape[1]))


def model_choices(
    facts: OptionFacts, outcomes: pl.DataFrame, known: NDArray[np.bool_] | None = None
) -> ModelChoices:
    """How one model chose.

    Args:
        facts: facts about the N items.
        outcomes: N rows with `prediction`, `correct` and `loglikelihoods` of `cache.outcomes.SCHEMA`.
        known: (N,) which items count; None: all.
    """
    kept = slice(None) if known is None else known
    chosen = outcomes["prediction"].fill_null(0).cast(pl.Int64).to_numpy()[kept]
    return ModelChoices(
        chosen=chosen,
        correct=outcomes["correct"].fill_null(False).to_numpy()[kept],
        margins=margins_of(padded(outcomes["loglikelihoods"])[kept], facts.gold[kept]),
        ranks=length_ranks(facts.lengths[kept], chosen),
    )


def choice_sums(facts: OptionFacts, base: ModelChoices, ablated: ModelChoices) -> ChoiceSums:
    """Compares the choices of two models on the same items."""
    broken = base.correct & ~ablated.correct
    return ChoiceSums(
        base_margins=base.margins,
        margins=ablated.margins,
        broken=int(broken.sum()),
        names=facts.names,
        moves=moves_of(base.chosen, ablated.chosen, facts.lengths.shape[1]),
        winners=np.bincount(ablated.chosen[broken], minlength=facts.lengths.shape[1]),
        base_ranks=base.ranks,
        ranks=ablated.ranks,
    )


def pooled(parts: Sequence[ChoiceSums]) -> ChoiceSums:
    """One or more benchmarks together. Positions are counted if all that are named have the same names."""
    longest = max((part.names for part in parts), key=len)
    named = [part for part in parts if part.names]
    alike = all(part.names == longest[: len(part.names)] for part in named)
    width = len(longest) if alike else 0
    moves, winners = np.zeros((width, width), np.int64), np.zeros(width, np.int64)
    for part in named if alike else ():
        moves[: len(part.names), : len(part.names)] += part.moves
        winners[: len(part.names)] += part.winners
    return ChoiceSums(
        base_margins=np.concatenate([part.base_margins for part in parts]),
        margins=np.concatenate([part.margins for part in parts]),
        broken=int(winners.sum()) if width else sum(part.broken for part in parts),
        names=longest if alike else (),
        moves=moves,
        winners=winners,
        base_ranks=np.concatenate([part.base_ranks for part in parts]),
        ranks=np.concatenate([part.ranks for part in parts]),
    )


def margins_of(values: NDArray[np.float64], gold: NDArray[np.int64]) -> NDArray[np.float64]:
    """(N,) the right option's value minus the best other one's; NaN where one of the two is missing.

    Args:
        values: (N, W) log-likelihoods, NaN where an item has fewer than W options.
        gold: (N,) index of the right option; -1 for none.
    """
    is_gold = np.arange(values.shape[1]) == gold[:, None]
    own = np.where(is_gold, values, -np.inf).max(axis=1)
    best = np.where(is_gold | np.isnan(values), -np.inf, values).max(axis=1)
    margins = np.full(len(values), np.nan)
    np.subtract(own, best, out=margins, where=np.isfinite(own) & np.isfinite(best))
    return margins


def padded(column: pl.Series) -> NDArray[np.float64]:
    """(N, W) a column of lists of numbers, padded with NaN to the longest."""
    lengths = column.list.len()
    counts = (lengths.fill_null(0) if lengths.null_count() else lengths).to_numpy()
    # An empty or missing list would become a null of its own.
    full = column if counts.all() else column.filter(pl.Series(counts > 0))
    matrix = np.full((len(column), int(counts.max(initial=1))), np.nan)
    matrix[np.arange(matrix.shape[1]) < counts[:, None]] = full.explode().to_numpy()
    return matrix


def _names(options: pl.Series, first_prompt: str, width: int) -> tuple[str, ...]:
    """The names of the positions, where the model knows an order."""
    first: list[str] = options[0].to_list()
    if len(options) > 1 and options.n_unique() == 1:
        return tuple(f"“{option}”" for option in first)
    letters = tuple(letter_of(index) for index in range(width))
    pairs = list(zip(letters, first, strict=False))
    listed = any(all(mark.format(*pair) in first_prompt for pair in pairs) for mark in MARKS)
    return letters if listed else ()
