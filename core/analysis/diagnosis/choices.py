"""What an ablation did to multiple-choice answers: margins, and preferences for a position or a length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any, NamedTuple

import numpy as np
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
    """The right option's value minus the best other one's."""
    return values[gold] - max(value for index, value in enumerate(values) if index != gold)


SHUFFLES = 9999
"""Permutations of the test: its p is 0.0001 at least."""

DRAWS = 1_000_000
"""Permutations at once, to bound the memory where options are many."""

LEAST_SHIFT = 0.1
"""Share of the answers that has to move to other positions, or step in mean rank of length …"""

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


class LengthPreference(NamedTuple):
    """How the lengths of the chosen options shifted."""

    n: int
    """Items whose options are not all of one length."""
    base_rank: float
    """Mean rank of length of the base model's choices: 0 shortest, 1 longest."""
    rank: float
    """The same of the ablated model's."""
    p_value: float
    """Two-sided, of the paired difference, by the normal approximation."""

    @property
    def holds(self) -> bool:
        """Whether the ablated model prefers a length."""
        return abs(self.rank - self.base_rank) >= LEAST_SHIFT and self.p_value < MOST_P

    def sentence(self, other: str = "base") -> str:
        """The preference in one sentence, for the profile's folder, beside the other model's."""
        which = "longer" if self.rank > self.base_rank else "shorter"
        ranks = f"mean rank of length {self.rank:.2f}, {other} {self.base_rank:.2f}"
        return f"Prefers {which} options ({ranks}, n {self.n}, p {self.p_value:.2g})."


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
        seed: random seed of the permutations.

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


def length_ranks(lengths: NDArray[np.float64], chosen: NDArray[Any]) -> NDArray[np.float64]:
    """(N,) the rank of each chosen option's length in its item: 0 shortest, 1 longest, equal ones the mean.

    NaN where all options of an item have one length.

    Args:
        lengths: (N, W) of each option, in characters; NaN where an item has fewer options than W.
        chosen: (N,) integers, indices of the chosen options.
    """
    own = np.take_along_axis(lengths, chosen[:, None].astype(np.int64), axis=1)
    shorter, equal = (lengths < own).sum(axis=1), (lengths == own).sum(axis=1) - 1
    others = (~np.isnan(lengths)).sum(axis=1) - 1
    ranks = (shorter + equal / 2) / np.maximum(others, 1)
    return np.where(equal == others, np.nan, ranks)


def length_preference(base_ranks: NDArray[np.float64], ranks: NDArray[np.float64]) -> LengthPreference | None:
    """Whether the ablated model prefers longer or shorter options than the base model; None if none differ.

    Args:
        base_ranks: (N,) `length_ranks` of the base model's choices.
        ranks: (N,) the same for the ablated model.
    """
    differ = ~np.isnan(base_ranks)
    n = int(differ.sum())
    if not n:
        return None
    difference = (ranks - base_ranks)[differ]
    spread = math.sqrt(float(np.sum(difference**2)))
    # Under chance each difference could as well have the other sign: their sum has this spread.
    p_value = math.erfc(abs(float(difference.sum())) / spread / math.sqrt(2)) if spread else 1.0
    return LengthPreference(n, float(base_ranks[differ].mean()), float(ranks[differ].mean()), p_value)


def _chance_of_shift(moves: NDArray[np.int64], observed: int, seed: int) -> float:
    """The share of the permutations that shift as many items as were observed."""
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
