"""What is special to an ability rather than shared by all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from core.selection.scores import Scores, part_of, size_of, whole

CHUNK = 1 << 18
"""Scores whose shares are added to a mean at once."""


class MeanShares(Protocol):
    """The mean over the other abilities of their importance as a share of its sum, of one matrix."""

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float64: the means from a row-major place to before another."""


@dataclass(frozen=True, eq=False)
class ComputedMean:
    """The mean of importances that are all kept, computed as it is read."""

    others: tuple[Scores, ...]
    totals: tuple[float, ...]
    """Of each, the sum over all matrices."""

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float64."""
        mean = torch.zeros(last - first, dtype=torch.float64)
        for other, total in zip(self.others, self.totals, strict=True):
            mean += _share(other, total * len(self.others), first, last)
        return mean


@dataclass(frozen=True, eq=False)
class StoredMean:
    """The mean of importances that are there one after the other; the same to the bit."""

    values: Tensor
    """(size,) float64, zeros at first."""

    def add(self, other: Scores, total: float, others: int) -> None:
        """Adds one of so many other abilities, whose importance sums to a total over all matrices."""
        for first in range(0, len(self.values), CHUNK):
            part = self.values[first : first + CHUNK]
            part += _share(other, total * others, first, first + len(part))

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float64."""
        return self.values[first:last]


@dataclass(frozen=True, eq=False)
class ContrastScores:
    """The contrast of one matrix, computed as it is read."""

    own: Scores
    total: float
    """The sum of the own scores over all matrices."""
    mean: MeanShares

    @property
    def size(self) -> int:
        """Number of scores."""
        return size_of(self.own)

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float32, any sign; computed in float64."""
        return (_share(self.own, self.total, first, last) - self.mean.part(first, last)).float()


def contrast_scores(own: Sequence[Scores], others: Sequence[Sequence[Scores]]) -> list[ContrastScores]:
    """Own importance as a share of its sum, minus the mean of the others' shares.

    Args:
        own: the ability's importance, one for each candidate matrix.
        others: the same of at least one other ability.

    Raises:
        ValueError: there is no other ability, the sizes differ, or an importance is 0 everywhere.
    """
    if not others:
        raise ValueError("There is no other ability to contrast with: score at least two.")
    totals = tuple(total_of(other, f"other {number}") for number, other in enumerate(others))
    by_matrix = list(zip(own, *others, strict=True))
    for scores, *rivals in by_matrix:
        _require_same_size(scores, rivals)
    return contrast_with(own, [ComputedMean(tuple(rivals), totals) for _, *rivals in by_matrix])


def contrast_with(own: Sequence[Scores], means: Sequence[MeanShares]) -> list[ContrastScores]:
    """The same, given the other abilities' mean for each matrix.

    Raises:
        ValueError: the importance is 0 everywhere.
    """
    total = total_of(own, "own")
    return [ContrastScores(scores, total, mean) for scores, mean in zip(own, means, strict=True)]


def total_of(scores: Sequence[Scores], whose: str) -> float:
    """The sum over all matrices; a whole matrix at once, since the last digits depend on the pieces.

    Raises:
        ValueError: it is 0 or not finite.
    """
    total = sum(float(whole(one).sum(dtype=torch.float64)) for one in scores)
    if not 0 < total < float("inf"):
        raise ValueError(f"The {whose} importance sums to {total}: score it again on other items.")
    return total


def _share(scores: Scores, total: float, first: int, last: int) -> Tensor:
    return part_of(scores, first, last).double() / total


def _require_same_size(scores: Scores, rivals: Sequence[Scores]) -> None:
    for rival in rivals:
        if size_of(rival) != size_of(scores):
            raise ValueError(
                f"Importance of {size_of(scores):,} and of {size_of(rival):,} weights: use one model."
            )
