"""What is special to an ability: its share of importance less the mean of the others' shares, or the largest.

All abilities' shares are added up once, always in the same order, and each contrast takes its own away
again: so the contrasts of m abilities cost one reading of each for the sum and one for its own, whether they
all find room at once or come one after the other, and are the same to the bit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from core.masks.ranking import Scores, part_of, size_of, whole

CHUNK = 1 << 18
"""Scores whose shares are added at once."""


class Shares(ABC):
    """What is kept of the shares of importance of all abilities, taken in one after the other."""

    totals: dict[str, float]
    """The sums over all matrices, by ability: of those that are in, in the order in which they came."""
    what: ClassVar[str]
    """What is kept, in a word."""

    @property
    @abstractmethod
    def kept(self) -> tuple[Tensor, ...]:
        """(size,) for each matrix, one of what is kept."""

    def add(self, ability: str, scores: Sequence[Scores]) -> None:
        """Takes an ability's shares in. If it is interrupted, what is kept is of no use any more.

        Args:
            ability: whose.
            scores: its importance, one for each matrix.

        Raises:
            ValueError: it is among them already, the sizes differ, or its importance is 0 everywhere.
        """
        if ability in self.totals:
            raise ValueError(f"The shares of {ability} are in the {self.what} already: add each once.")
        _require_same_sizes(scores, self.kept)
        self.totals[ability] = total = total_of(scores, ability)
        for place, one in enumerate(scores):
            for first, last in _spans(size_of(one)):
                self._take(place, first, last, _share(one, total, first, last))

    @abstractmethod
    def _take(self, place: int, first: int, last: int, share: Tensor) -> None:
        """Takes (last - first,) float64 shares in, of the ability that came last."""

    @abstractmethod
    def rivals(self, ability: str, place: int, first: int, last: int, share: Tensor) -> Tensor:
        """(last - first,) float64: with what an ability's shares are compared, made of the others' alone.

        Args:
            ability: whose shares are not among the others.
            place: of the matrix.
            first: of its scores.
            last: of its scores, excluded.
            share: (last - first,) float64, its own.
        """


@dataclass(frozen=True, eq=False)
class ShareSums(Shares):
    """The sum over abilities of their importance as a share of its sum."""

    values: tuple[Tensor, ...]
    """(size,) float64 for each matrix, zeros at first."""
    totals: dict[str, float] = field(default_factory=dict)
    what = "sum"

    @property
    def kept(self) -> tuple[Tensor, ...]:
        """The sums."""
        return self.values

    def _take(self, place: int, first: int, last: int, share: Tensor) -> None:
        self.values[place][first:last] += share

    def rivals(self, ability: str, place: int, first: int, last: int, share: Tensor) -> Tensor:
        """The mean share of the other abilities."""
        return (self.values[place][first:last] - share) / (len(self.totals) - 1)


@dataclass(frozen=True, eq=False)
class ShareMaxima(Shares):
    """For each weight the two largest shares of importance among abilities, and whose the largest is."""

    largest: tuple[Tensor, ...]
    """(size,) float32 for each matrix, zeros at first."""
    second: tuple[Tensor, ...]
    """(size,) float32 for each matrix, zeros at first."""
    whose: tuple[Tensor, ...]
    """(size,) uint8 for each matrix: the place of the ability in `totals`, from 1; 0 as long as all are 0."""
    totals: dict[str, float] = field(default_factory=dict)
    what = "maxima"

    @property
    def kept(self) -> tuple[Tensor, ...]:
        """The largest shares."""
        return self.largest

    def _take(self, place: int, first: int, last: int, share: Tensor) -> None:
        share = share.float()
        largest, second = self.largest[place][first:last], self.second[place][first:last]
        is_new = share > largest
        second.copy_(torch.where(is_new, largest, torch.maximum(second, share)))
        largest.copy_(torch.maximum(largest, share))
        self.whose[place][first:last].masked_fill_(is_new, len(self.totals))

    def rivals(self, ability: str, place: int, first: int, last: int, share: Tensor) -> Tensor:
        """The largest share of the other abilities."""
        number = list(self.totals).index(ability) + 1
        is_own = self.whose[place][first:last] == number
        return torch.where(is_own, self.second[place][first:last], self.largest[place][first:last]).double()


@dataclass(frozen=True, eq=False)
class ContrastScores:
    """The contrast of one matrix, computed as it is read."""

    own: Scores
    ability: str
    others: Shares
    """Of all abilities, its own included."""
    place: int
    """Of the matrix among those of the others."""

    @property
    def size(self) -> int:
        """Number of scores."""
        return size_of(self.own)

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float32, any sign; computed in float64."""
        share = _share(self.own, self.others.totals[self.ability], first, last)
        return (share - self.others.rivals(self.ability, self.place, first, last, share)).float()


def contrast_scores(own: Sequence[Scores], ability: str, others: Shares) -> list[ContrastScores]:
    """Own importance as a share of its sum, minus the mean of the others' shares, or the largest of them.

    Args:
        own: the ability's importance, one for each candidate matrix.
        ability: whose it is.
        others: the shares of all abilities, its own included.

    Raises:
        ValueError: the ability or any other is not among them, or the sizes differ.
    """
    if ability not in others.totals:
        raise ValueError(f"The shares of {ability} are not in the sum: add them first.")
    if len(others.totals) < 2:
        raise ValueError("There is no other ability to contrast with: score at least two.")
    _require_same_sizes(own, others.kept)
    return [ContrastScores(one, ability, others, place) for place, one in enumerate(own)]


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
