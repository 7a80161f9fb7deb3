"""Whether an ablated model has come to prefer a position or a length among the options of a benchmark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.diagnosis.choices import ChoiceDiagnosis

SHUFFLES = 9999
"""Of the permutation test: its p is 0.0001 at least."""

LEAST_SHIFT = 0.1
"""So much of its answers the ablated model has to move to other positions, or up the scale of lengths …"""

MOST_P = 0.01
"""… with a p below this, for the preference to be stated."""

LETTERS = "ABCDEFGH"


class PositionPreference(NamedTuple):
    """How the chosen positions shifted."""

    n: int
    """Items."""
    base_shares: tuple[float, ...]
    """The share of the base model's answers at each position."""
    shares: tuple[float, ...]
    """The share of the ablated model's."""
    shift: float
    """Total variation: the share of answers that moved to positions that gained, net; 0 to 1."""
    p_value: float
    """Of a shift as large, if it were chance which model chose which of the two positions of an item."""

    @property
    def holds(self) -> bool:
        """Whether the ablated model prefers a position: large enough, and hardly chance."""
        return self.shift >= LEAST_SHIFT and self.p_value < MOST_P

    def sentence(self) -> str:
        """The finding in one sentence."""
        numbers = f"n {self.n}, p {self.p_value:.2g}"
        if not self.holds:
            return f"Prefers no position more than base does (shift {100 * self.shift:.0f} %, {numbers})."
        gain = [after - before for after, before in zip(self.shares, self.base_shares, strict=True)]
        place = gain.index(max(gain))
        after, before = 100 * self.shares[place], 100 * self.base_shares[place]
        shares = f"{after:.0f} % of its answers, {before:.0f} % of base's"
        return f"Prefers option {LETTERS[place]}: {shares} ({numbers})."


class LengthPreference(NamedTuple):
    """How the lengths of the chosen options shifted."""

    n: int
    """Items whose options are not all of one length."""
    base_rank: float
    """Mean rank of the length of the base model's answers among their options: 0 shortest, 1 longest."""
    rank: float
    """The same of the ablated model's."""
    p_value: float
    """Two-sided, of the paired difference, by the normal approximation."""

    @property
    def holds(self) -> bool:
        """Whether the ablated model prefers a length: large enough, and hardly chance."""
        return abs(self.rank - self.base_rank) >= LEAST_SHIFT and self.p_value < MOST_P

    def sentence(self) -> str:
        """The finding in one sentence."""
        ranks = f"mean rank of length {self.rank:.2f}, base {self.base_rank:.2f}"
        numbers = f"{ranks}, n {self.n}, p {self.p_value:.2g}"
        if not self.holds:
            return f"Prefers no length more than base does ({numbers})."
        return f"Prefers {'longer' if self.rank > self.base_rank else 'shorter'} options ({numbers})."


def position_preference(items: Sequence[ChoiceDiagnosis], seed: int = 0) -> PositionPreference:
    """Whether the ablated model prefers positions that the base model does not.

    A permutation test for pairs: under chance, each item's two predictions could have come from either model.

    Args:
        items: of one run.
        seed: of the permutations.

    Raises:
        ValueError: there are no items.
    """
    if not items:
        raise ValueError("There are no items: a preference needs some.")
    width = 1 + max(max(item.base_prediction, item.prediction, item.gold) for item in items)
    moves = np.zeros((width, width), np.int64)
    np.add.at(moves, ([item.base_prediction for item in items], [item.prediction for item in items]), 1)
    n = len(items)
    observed = _shift(moves - moves.T)
    # Only how many items moved between two positions matters: a million items cost no more than a hundred.
    pairs = np.triu(moves + moves.T, 1)
    forth = np.random.default_rng(seed).binomial(pairs, 0.5, (SHUFFLES, width, width))
    net = np.triu(2 * forth - pairs, 1)
    reached = int(np.sum(_shift(net - net.swapaxes(1, 2)) >= observed))
    base, ablated = moves.sum(axis=1) / n, moves.sum(axis=0) / n
    p_value = (1 + reached) / (1 + SHUFFLES)
    return PositionPreference(n, tuple(base.tolist()), tuple(ablated.tolist()), float(observed) / n, p_value)


def length_preference(
    items: Sequence[ChoiceDiagnosis], lengths: Sequence[Sequence[int]]
) -> LengthPreference | None:
    """Whether the ablated model prefers longer or shorter options than the base model; None if none differ.

    Args:
        items: of one run.
        lengths: the lengths of each item's options, in characters.

    Raises:
        ValueError: there are not as many lengths as items.
    """
    ranks = [
        (_rank(of_item, item.base_prediction), _rank(of_item, item.prediction))
        for item, of_item in zip(items, lengths, strict=True)
        if len(set(of_item)) > 1
    ]
    if not ranks:
        return None
    pairs = np.array(ranks)
    difference = pairs[:, 1] - pairs[:, 0]
    n, spread = len(pairs), float(np.sqrt(np.sum(difference**2)))
    # Under chance each difference could as well have the other sign: their sum has this spread.
    p_value = math.erfc(abs(float(difference.sum())) / spread / math.sqrt(2)) if spread else 1.0
    base, ablated = pairs.mean(axis=0).tolist()
    return LengthPreference(n, base, ablated, p_value)


def _shift(net: NDArray[np.int64]) -> NDArray[np.int64]:
    """(..., k, k) net moves between positions -> (...) items that changed position, net."""
    gains: NDArray[np.int64] = net.sum(axis=-2)
    items: NDArray[np.int64] = np.clip(gains, 0, None).sum(axis=-1)
    return items


def _rank(lengths: Sequence[int], place: int) -> float:
    """The rank of one length among all, 0 shortest to 1 longest; equal ones share their mean rank."""
    shorter = sum(length < lengths[place] for length in lengths)
    equal = sum(length == lengths[place] for length in lengths) - 1
    return (shorter + equal / 2) / (len(lengths) - 1)
