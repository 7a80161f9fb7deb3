"""What an ablation does to multiple-choice answers: margins, and a preference for a position. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_uppercase
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray


class ChoiceDiagnosis(NamedTuple):
    """The choices of both models on one item, and their margins."""

    gold: int
    """Index of the right option."""
    base_prediction: int
    """Index of the base model's most likely option; the first of equals."""
    prediction: int
    """The same for the ablated model."""
    base_margin: float
    """The base model's log-likelihood of the right option minus that of the best other one, in nats."""
    margin: float
    """The same for the ablated model."""

    @property
    def winner(self) -> int | None:
        """The distractor that the ablated model prefers to the right option; None if it prefers none."""
        return None if self.prediction == self.gold else self.prediction

    @property
    def is_flip(self) -> bool:
        """Whether the two models chose different options."""
        return self.base_prediction != self.prediction


def diagnose_choice(gold: int, base: Sequence[float], ablated: Sequence[float]) -> ChoiceDiagnosis:
    """Compares the log-likelihoods that two models gave to the options of one item.

    Args:
        gold: index of the right option.
        base: one log-likelihood for each option, by the base model, in nats.
        ablated: the same by the ablated model.

    Raises:
        ValueError: there are fewer than two options, their numbers differ, a value is not finite, or gold is
            not one of them.
    """
    if len(base) != len(ablated) or len(base) < 2 or not 0 <= gold < len(base):
        raise ValueError(
            f"An item has {len(base)} and {len(ablated)} log-likelihoods and the right option {gold}: give "
            "one for each of two or more options, and the index of one of them."
        )
    if not all(map(math.isfinite, (*base, *ablated))):
        raise ValueError("A log-likelihood is not finite: run the benchmark again in bfloat16 or float32.")
    return ChoiceDiagnosis(gold, _best(base), _best(ablated), _margin(gold, base), _margin(gold, ablated))


def _best(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def _margin(gold: int, values: Sequence[float]) -> float:
    return values[gold] - max(value for index, value in enumerate(values) if index != gold)


SHUFFLES = 9999
"""Permutations of the test: its p is 0.0001 at least."""

DRAWS = 1_000_000
"""Permutations at once, to bound the memory where options are many."""

LEAST_SHIFT = 0.1
"""Share of the answers that has to move to other positions …"""

MOST_P = 0.01
"""… with a p below this, for a preference to be stated."""


class PositionPreference(NamedTuple):
    """How the chosen positions shifted."""

    n: int
    """Items."""
    base_shares: tuple[float, ...]
    """The share of the base model's answers at each position."""
    shares: tuple[float, ...]
    """The same for the ablated model."""
    shift: float
    """Total variation distance, 0 to 1: the net share of answers that moved to positions that gained."""
    p_value: float
    """Chance of as large a shift, if it were random which model chose which of an item's two positions."""

    @property
    def holds(self) -> bool:
        """Whether the ablated model prefers a position."""
        return self.shift >= LEAST_SHIFT and self.p_value < MOST_P

    def sentence(self, names: Sequence[str] = (), other: str = "base") -> str:
        """The preference in one sentence, for the profile's folder.

        Args:
            names: what each position is called, quotation marks included; empty: letters from A on.
            other: what the model is called that it is compared with.
        """
        gain = [after - before for after, before in zip(self.shares, self.base_shares, strict=True)]
        index = gain.index(max(gain))
        after, before = 100 * self.shares[index], 100 * self.base_shares[index]
        shares = f"{after:.0f} % of its answers, {before:.0f} % of {other}'s"
        name = names[index] if names else letter_of(index)
        return f"Prefers option {name}: {shares} (n {self.n}, p {self.p_value:.2g})."


def letter_of(index: int) -> str:
    """The letter of an option: A for 0; from the 27th on its number, from 1."""
    return ascii_uppercase[index] if index < len(ascii_uppercase) else str(index + 1)


def moves_of(base: NDArray[Any], ablated: NDArray[Any], width: int) -> NDArray[np.int64]:
    """(width, width) how many items went from one position to another; on the diagonal those that stayed.

    Args:
        base: (N,) integers, the positions that the base model chose, from 0 to width - 1.
        ablated: (N,) integers, the ablated model's.
        width: how many positions there are.
    """
    pairs = base.astype(np.int64) * width + ablated
    return np.bincount(pairs, minlength=width * width).reshape(width, width)


def position_preference(moves: NDArray[np.int64], seed: int = 0) -> PositionPreference:
    """Whether the ablated model prefers positions that the base model does not.

    A permutation test for pairs: under chance, each item's two predictions could have come from either model.

    Args:
        moves: (W, W) from `moves_of`; those of several runs may be added up.

    Raises:
        ValueError: there are no items.
    """
    n = int(moves.sum())
    if not n:
        raise ValueError("There are no items: a preference needs some.")
    observed = int(np.clip((moves - moves.T).sum(axis=0), 0, None).sum())
    base, ablated = moves.sum(axis=1) / n, moves.sum(axis=0) / n
    p_value = _chance_of_shift(moves, observed, seed)
    return PositionPreference(n, tuple(base.tolist()), tuple(ablated.tolist()), observed / n, p_value)


def _chance_of_shift(moves: NDArray[np.int64], observed: int, seed: int) -> float:
    # Only how many items moved between two positions matters: a million items cost no more than a hundred.
    first, second = np.nonzero(np.triu(moves + moves.T, 1))
    if not len(first):
        return 1.0
    movers = (moves + moves.T)[first, second]
    ends = np.zeros((len(movers), len(moves)))
    ends[np.arange(len(movers)), second] = 1.0
    ends[np.arange(len(movers)), first] = -1.0
    rng = np.random.default_rng(seed)
    reached, left = 0, SHUFFLES
    while left:
        some = min(left, 1 + DRAWS // len(movers))
        net = 2 * rng.binomial(movers, 0.5, (some, len(movers))) - movers
        gains = net.astype(np.float64) @ ends
        reached += int(np.sum(np.clip(gains, 0, None).sum(axis=1) >= observed))
        left -= some
    return (1 + reached) / (1 + SHUFFLES)


MARKS = ("{}. {}", "{}) {}", "{}: {}")
"""How prompts list options and their letters."""

SEVERAL_RIGHT = "mc2"
"""The metric of items with several right options: they have no margin."""


@dataclass(frozen=True, eq=False)
class OptionFacts:
    """Facts about the options of a benchmark's N items."""

    width: int
    """W: the options of an item, at most."""
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

    def preferences(self, other: str = "base") -> tuple[str, ...]:
        """A sentence for the position that is preferred, if one is, beside the other model's."""
        position = self.position
        return (position.sentence(self.names, other),) if position and position.holds else ()


def option_facts(items: pl.LazyFrame, metric: str) -> OptionFacts:
    """The facts of a table of items (the items schema of `cache.tables`), of which few columns are read."""
    first_prompt = items.select("prompt").head(1).collect().item()
    columns = items.select("options", "gold").collect()
    width = int(columns["options"].list.len().max() or 0)  # type: ignore[arg-type]
    gold = columns["gold"].fill_null(-1).cast(pl.Int64).to_numpy()
    if metric == SEVERAL_RIGHT:
        gold = np.full(len(gold), -1)
    return OptionFacts(width, gold, _names(columns["options"], first_prompt, width))


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
    )


def choice_sums(facts: OptionFacts, base: ModelChoices, ablated: ModelChoices) -> ChoiceSums:
    """Compares the choices of two models on the same items."""
    broken = base.correct & ~ablated.correct
    return ChoiceSums(
        base_margins=base.margins,
        margins=ablated.margins,
        broken=int(broken.sum()),
        names=facts.names,
        moves=moves_of(base.chosen, ablated.chosen, facts.width),
        winners=np.bincount(ablated.chosen[broken], minlength=facts.width),
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
    first: list[str] = options[0].to_list()
    if len(options) > 1 and options.n_unique() == 1:
        return tuple(f"“{option}”" for option in first)
    letters = tuple(letter_of(index) for index in range(width))
    pairs = list(zip(letters, first, strict=False))
    listed = any(all(mark.format(*pair) in first_prompt for pair in pairs) for mark in MARKS)
    return letters if listed else ()
