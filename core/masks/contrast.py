"""What is special to an ability: its share of importance less the mean of the others' shares, or the largest.

All abilities' shares are added up once, always in the same order, and each contrast subtracts its own again:
the contrasts of m abilities read each ability once for the sum and once for its own, whether or not all are
in memory together, and are the same to the bit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from core.masks.choices import SHARED_ABILITIES, Selection
from core.masks.ranking import Scores, part_of, size_of, whole

CHUNK = 1 << 18
"""Scores that are handled at once."""

SHARED_TIMES = 16.0
"""How many times the mean share makes a weight important to an ability, where it is left out if most have it
so. In SmolLM2 that is an ability's top 0.1 %."""

BEYOND = 2.0
"""Stands for a share of others where a weight is left out: any difference to it is below any other."""


class Shares(ABC):
    """An aggregate of the shares of importance of all abilities, which are added one after the other."""

    totals: dict[str, float]
    """Sums of importance over all matrices, of the abilities added so far, in order."""
    what: ClassVar[str]
    """The aggregate, in a word."""

    @property
    @abstractmethod
    def kept(self) -> tuple[Tensor, ...]:
        """(size,) for each matrix, one tensor of the aggregate."""

    def add(self, ability: str, scores: Sequence[Scores], total: float | None = None) -> None:
        """Adds an ability's shares. The aggregate is unusable if this is interrupted.

        Args:
            ability: its id.
            scores: its importance, one for each matrix.
            total: its sum, where these are not all matrices; see `total_of`.

        Raises:
            ValueError: it was added before, the sizes differ, or its importance is 0 everywhere.
        """
        if ability in self.totals:
            raise ValueError(f"The shares of {ability} are in the {self.what} already: add each once.")
        _require_same_sizes(scores, self.kept)
        self.totals[ability] = total = total_of(scores, ability) if total is None else total
        for index, one in enumerate(scores):
            for first, last in _spans(size_of(one)):
                self._take(index, first, last, _share(one, total, first, last))

    @abstractmethod
    def _take(self, index: int, first: int, last: int, share: Tensor) -> None:
        """Adds (last - first,) float64 shares of the ability that came last."""

    @abstractmethod
    def rivals(self, ability: str, index: int, first: int, last: int, share: Tensor) -> Tensor:
        """(last - first,) float64: the other abilities' shares, to compare an ability's own with.

        Args:
            ability: its id.
            index: of the matrix.
            first: the first score.
            last: the last score, excluded.
            share: (last - first,) float64, its own.
        """


@dataclass(frozen=True, eq=False)
class ShareSums(Shares):
    """The sum over abilities of their shares of importance."""

    values: tuple[Tensor, ...]
    """(size,) float64 for each matrix, zeros at first."""
    totals: dict[str, float] = field(default_factory=dict)
    what = "sum"

    @property
    def kept(self) -> tuple[Tensor, ...]:
        """The sums."""
        return self.values

    def _take(self, index: int, first: int, last: int, share: Tensor) -> None:
        self.values[index][first:last] += share

    def rivals(self, ability: str, index: int, first: int, last: int, share: Tensor) -> Tensor:
        """The mean share of the other abilities."""
        return (self.values[index][first:last] - share) / (len(self.totals) - 1)


@dataclass(frozen=True, eq=False)
class ShareMaxima(Shares):
    """The two largest shares of importance of each weight, and whose the largest is."""

    largest: tuple[Tensor, ...]
    """(size,) float32 for each matrix, zeros at first."""
    second: tuple[Tensor, ...]
    """(size,) float32 for each matrix, zeros at first."""
    whose: tuple[Tensor, ...]
    """(size,) uint8 for each matrix: the number of the ability in `totals`, from 1; 0 while all are 0."""
    owners: tuple[Tensor, ...] = ()
    """(size,) uint8 for each matrix, zeros at first: to how many abilities a weight is important; empty where
    nothing is left out for being shared."""
    important: float = 1.0
    """The share above which it is."""
    totals: dict[str, float] = field(default_factory=dict)
    what = "maxima"

    @property
    def kept(self) -> tuple[Tensor, ...]:
        """The largest shares."""
        return self.largest

    def _take(self, index: int, first: int, last: int, share: Tensor) -> None:
        share = share.float()
        largest, second = self.largest[index][first:last], self.second[index][first:last]
        is_new = share > largest
        second.copy_(torch.where(is_new, largest, torch.maximum(second, share)))
        largest.copy_(torch.maximum(largest, share))
        self.whose[index][first:last].masked_fill_(is_new, len(self.totals))
        if self.owners:
            self.owners[index][first:last] += share > self.important

    def rivals(self, ability: str, index: int, first: int, last: int, share: Tensor) -> Tensor:
        """The largest share of the other abilities; more than any share where most own the weight."""
        number = list(self.totals).index(ability) + 1
        is_own = self.whose[index][first:last] == number
        found = torch.where(is_own, self.second[index][first:last], self.largest[index][first:last])
        if self.owners:
            found = found.masked_fill(self.owners[index][first:last] >= SHARED_ABILITIES, BEYOND)
        return found.double()


def no_shares(
    selection: Selection, zeros: Callable[[torch.dtype], tuple[Tensor, ...]], candidates: int
) -> Shares:
    """The aggregate that a selection compares with, of no ability yet.

    Args:
        selection: one of `CONTRASTS`.
        zeros: makes (size,) zeros for each matrix, of a dtype.
        candidates: how many scores all matrices have, those that are elsewhere included.
    """
    if selection == "contrast":
        return ShareSums(zeros(torch.float64))
    owners = zeros(torch.uint8) if selection == "max_minus_shared" else ()
    important = SHARED_TIMES / candidates
    return ShareMaxima(zeros(torch.float32), zeros(torch.float32), zeros(torch.uint8), owners, important)


@dataclass(frozen=True, eq=False)
class ContrastScores:
    """The contrast of one matrix, computed as it is read."""

    own: Scores
    ability: str
    others: Shares
    """The aggregate over all abilities, its own included."""
    index: int
    """The number of the matrix."""

    @property
    def size(self) -> int:
        """Number of scores."""
        return size_of(self.own)

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float32, any sign; computed in float64."""
        share = _share(self.own, self.others.totals[self.ability], first, last)
        return (share - self.others.rivals(self.ability, self.index, first, last, share)).float()


def contrast_scores(own: Sequence[Scores], ability: str, others: Shares) -> list[ContrastScores]:
    """Own importance as a share of its sum, minus what the aggregate makes of the others' shares.

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
    return [ContrastScores(one, ability, others, index) for index, one in enumerate(own)]


def total_of(scores: Sequence[Scores], whose: str) -> float:
    """The sum over all matrices, each at once: the last digits depend on the pieces.

    Raises:
        ValueError: it is 0 or not finite.
    """
    return checked_total(sums_of(scores), whose)


def sums_of(scores: Sequence[Scores]) -> list[float]:
    """The sum over each matrix."""
    return [float(whole(one).sum(dtype=torch.float64)) for one in scores]


def checked_total(sums: Sequence[float], whose: str) -> float:
    """The sum of the sums over all matrices, in their order.

    Raises:
        ValueError: it is 0 or not finite.
    """
    total = sum(sums)
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
