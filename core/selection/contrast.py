"""What is special to an ability rather than shared by all: its share of importance less the others' mean.

All abilities' shares are added up once, always in the same order, and each contrast takes its own away
again: so the contrasts of m abilities cost one reading of each for the sum and one for its own, whether they
all find room at once or come one after the other, and are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from core.selection.scores import Scores, part_of, size_of, whole

CHUNK = 1 << 18
"""Scores whose shares are added at once."""


@dataclass(frozen=True, eq=False)
class ShareSums:
    """The sum over abilities of their importance as a share of its sum."""

    values: tuple[Tensor, ...]
    """(size,) float64 for each matrix, zeros at first."""
    totals: dict[str, float] = field(default_factory=dict)
    """The sums over all matrices, by ability: of those that are added, in the order in which they were."""

    def add(self, ability: str, scores: Sequence[Scores]) -> None:
        """Adds an ability's shares. If it is interrupted, the sums are of no use any more.

        Args:
            ability: whose.
            scores: its importance, one for each matrix.

        Raises:
            ValueError: it is among them already, the sizes differ, or its importance is 0 everywhere.
        """
        if ability in self.totals:
            raise ValueError(f"The shares of {ability} are in the sum already: add each once.")
        _require_same_sizes(scores, self.values)
        total = total_of(scores, ability)
        for values, one in zip(self.values, scores, strict=True):
            for first, last in _spans(len(values)):
                values[first:last] += _share(one, total, first, last)
        self.totals[ability] = total


@dataclass(frozen=True, eq=False)
class ContrastScores:
    """The contrast of one matrix, computed as it is read."""

    own: Scores
    total: float
    """The sum of the own scores over all matrices."""
    sums: Tensor
    """(size,) float64: the sum of all abilities' shares, its own included."""
    others: int
    """How many other abilities are in the sum."""

    @property
    def size(self) -> int:
        """Number of scores."""
        return size_of(self.own)

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float32, any sign; computed in float64."""
        share = _share(self.own, self.total, first, last)
        return (share - (self.sums[first:last] - share) / self.others).float()


def contrast_scores(own: Sequence[Scores], ability: str, sums: ShareSums) -> list[ContrastScores]:
    """Own importance as a share of its sum, minus the mean of the others' shares.

    Args:
        own: the ability's importance, one for each candidate matrix.
        ability: whose it is.
        sums: of the shares of all abilities, its own included.

    Raises:
        ValueError: the ability or any other is not in the sums, or the sizes differ.
    """
    if ability not in sums.totals:
        raise ValueError(f"The shares of {ability} are not in the sum: add them first.")
    if len(sums.totals) < 2:
        raise ValueError("There is no other ability to contrast with: score at least two.")
    _require_same_sizes(own, sums.values)
    total, others = sums.totals[ability], len(sums.totals) - 1
    return [ContrastScores(one, total, of, others) for one, of in zip(own, sums.values, strict=True)]


def total_of(scores: Sequence[Scores], whose: str) -> float:
    """The sum over all matrices; a whole matrix at once, since the last digits depend on the pieces.

    Raises:
        ValueError: it is 0 or not finite.
    """
    total = sum(float(whole(one).sum(dtype=torch.float64)) for one in scores)
    if not 0 < total < float("inf"):
        raise ValueError(f"The importance of {whose} sums to {total}: score it again on other items.")
    return total


def _share(scores: Scores, total: float, first: int, last: int) -> Tensor:
    return part_of(scores, first, last).double() / total


def _spans(size: int) -> Iterator[tuple[int, int]]:
    for first in range(0, size, CHUNK):
        yield first, min(first + CHUNK, size)


def _require_same_sizes(scores: Sequence[Scores], values: Sequence[Tensor]) -> None:
    sizes, others = [size_of(one) for one in scores], [len(one) for one in values]
    if sizes != others:
        raise ValueError(f"Importance of {sum(sizes):,} and of {sum(others):,} weights: use one model.")
