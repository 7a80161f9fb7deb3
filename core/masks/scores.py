"""What is ranked: a tensor, or scores that are computed as they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from torch import Tensor


class ComputedScores(Protocol):
    """The scores of one matrix that lie nowhere: each part is computed when it is asked for."""

    @property
    def size(self) -> int:
        """Number of scores."""

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float32: the scores from a row-major place to before another."""


Scores = Tensor | ComputedScores
"""The scores of one matrix."""


def size_of(scores: Scores) -> int:
    """Number of scores."""
    return scores.numel() if isinstance(scores, Tensor) else scores.size


def part_of(scores: Scores, first: int, last: int) -> Tensor:
    """(last - first,) the scores from a row-major place to before another."""
    return scores.detach().reshape(-1)[first:last] if isinstance(scores, Tensor) else scores.part(first, last)


def parts_of(scores: Scores, length: int) -> Iterator[Tensor]:
    """The scores in row-major order, at most so many at once."""
    flat = scores.detach().reshape(-1) if isinstance(scores, Tensor) else scores
    size = size_of(flat)
    for first in range(0, size, length):
        yield part_of(flat, first, min(first + length, size))


def whole(scores: Scores) -> Tensor:
    """(size,) all scores of the matrix."""
    return part_of(scores, 0, size_of(scores))
