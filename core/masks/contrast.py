"""What is special to an ability: its share of importance less the largest of the others'.

All abilities' shares are taken in once, always in the same order: the contrasts of m abilities read each
ability once for that and once for its own, whether or not all are in memory together, and are the same to the
bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from core.masks.choices import SHARED_ABILITIES
from core.masks.ranking import Scores, part_of, size_of, whole

CHUNK = 1 << 18
"""Scores that are handled at once."""

SHARED_TIMES = 16.0
"""How many times the mean share makes a weight important to an ability, where it is left out if most have it
so. In SmolLM2 that is an ability's top 0.1 %."""

BEYOND = 2.0
"""Stands for a share of others where a weight is left out: any difference to it is below any other."""


@dataclass(frozen=True, eq=False)
class Shares:
    """The two largest shares of importance of each weight, whose the largest is, and how many have it."""

    largest: tuple[Tensor, ...]
    """(size,) float32 for each matrix."""
    second: tuple[Tensor, ...]
    """(size,) float32 for each matrix."""
    whose: tuple[Tensor, ...]
    """(size,) uint8 for each matrix: the number of the ability in `totals`, from 1; 0 while all are 0."""
    owners: tuple[Tensor, ...]
    """(size,) uint8 for each matrix: to how many abilities a weight is important."""
    important: float
    """The share above which it is."""
    totals: dict[str, float] = field(default_factory=dict)
    """Sums of importance over all matrices, of the abilities added so far, in order."""

    @classmethod
    def none(cls, zeros: Callable[[torch.dtype], tuple[Tensor, ...]]) -> Shares:
        """Those of no ability yet; `zeros` makes (size,) zeros for each matrix, of a dtype."""
        largest = zeros(torch.float32)
        important = SHARED_TIMES / sum(map(len, largest))
        return cls(largest, zeros(torch.float32), zeros(torch.uint8), zeros(torch.uint8), important)

    def add(self, ability: str, scores: Sequence[Scores]) -> None:
        """Takes in an ability's importance, one for each matrix. Unusable if this is interrupted.

        Raises:
            ValueError: it was added before, the sizes differ, or its importance is 0 everywhere.
        """
        if ability in self.totals:
            raise ValueError(f"The shares of {ability} are in already: add each once.")
        _require_same_sizes(scores, self.largest)
        # Each matrix at once: the last digits depend on the pieces.
        total = sum(float(whole(one).sum(dtype=torch.float64)) for one in scores)
        if not 0 < total < float("inf"):
            raise ValueError(f"The importance of {ability} sums to {total}: score it again on other items.")
        self.totals[ability] = total
        for index, one in enumerate(scores):
            for first in range(0, size_of(one), CHUNK):
                last = min(first + CHUNK, size_of(one))
                self._take(index, first, last, (part_of(one, first, last).double() / total).float())

    def _take(self, index: int, first: int, last: int, share: Tensor) -> None:
        largest, second = self.largest[index][first:last], self.second[index][first:last]
        is_new = share > largest
        second.copy_(torch.where(is_new, largest, torch.maximum(second, share)))
        largest.copy_(torch.maximum(largest, share))
        self.whose[index][first:last].masked_fill_(is_new, len(self.totals))
        self.owners[index][first:last] += share > self.important

    def of_others(self, ability: str, index: int, first: int, last: int) -> Tensor:
        """(last - first,) float64: the largest share of the others; above any share where most have it."""
        number = list(self.totals).index(ability) + 1
        is_own = self.whose[index][first:last] == number
        found = torch.where(is_own, self.second[index][first:last], self.largest[index][first:last])
        return found.masked_fill(self.owners[index][first:last] >= SHARED_ABILITIES, BEYOND).double()


@dataclass(frozen=True, eq=False)
class ContrastScores:
    """The contrast of one matrix, computed as it is read."""

    own: Scores
    ability: str
    shares: Shares
    """The shares of every ability's importance, this one's among them."""
    index: int
    """The number of the matrix."""

    @property
    def size(self) -> int:
        """Number of scores."""
        return size_of(self.own)

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float32, any sign; computed in float64."""
        share = part_of(self.own, first, last).double() / self.shares.totals[self.ability]
        return (share - self.shares.of_others(self.ability, self.index, first, last)).float()


def contrast_scores(own: Sequence[Scores], ability: str, shares: Shares) -> list[ContrastScores]:
    """Own importance as a share of its sum, minus the largest of the others' shares.

    Args:
        own: the ability's importance, one for each candidate matrix.
        ability: whose it is.
        shares: those of every ability's importance, this one's among them.

    Raises:
        ValueError: the ability or any other is not among them, or the sizes differ.
    """
    if ability not in shares.totals:
        raise ValueError(f"The shares of {ability} are not in: add them first.")
    if len(shares.totals) < 2:
        raise ValueError("There is no other ability to contrast with: score at least two.")
    _require_same_sizes(own, shares.largest)
    return [ContrastScores(one, ability, shares, index) for index, one in enumerate(own)]


def _require_same_sizes(scores: Sequence[Scores], values: Sequence[Tensor]) -> None:
    sizes, others = [size_of(one) for one in scores], [len(one) for one in values]
    if sizes != others:
        raise ValueError(f"Importance of {sum(sizes):,} and of {sum(others):,} weights: use one model.")
