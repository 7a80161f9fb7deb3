"""Where the candidate matrices lie in the flat addresses, and how many weights each gives to a mask.

With the scope `per-matrix` every matrix gives the same share. The order is by fractional rank,
(rank + 0.5) / size, with rank from 0 within a weight's own matrix; ties go to the earlier matrix. The first n
of this order are exactly n, those of a smaller n are among them, and each matrix gives its share rounded to a
whole number at one common threshold (Webster's rule).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, repeat

import numpy as np
from numpy.typing import NDArray

from core.models.matrices import Matrix, Variant

Addresses = NDArray[np.int64]
"""(n,) flat addresses: they count the weights of all candidate matrices, one after the other, row by row."""


@dataclass(frozen=True)
class Layout:
    """The candidate matrices of a model, in the order of their addresses."""

    matrices: tuple[Matrix, ...]

    @cached_property
    def starts(self) -> Addresses:
        """(matrices + 1,) the address at which each matrix begins, and where the last ends."""
        return np.array([0, *accumulate(matrix.size for matrix in self.matrices)], np.int64)

    @property
    def sizes(self) -> Addresses:
        """(matrices,) weights of each matrix."""
        return np.diff(self.starts)

    def candidates(self, variant: Variant) -> list[int]:
        """The indices of the matrices that a variant takes weights from."""
        return [matrix.index for matrix in self.matrices if variant == "all" or matrix.is_mlp]

    def split(self, variant: Variant, positions: Addresses) -> tuple[Addresses, Addresses]:
        """The matrix of each candidate, by index, and its row-major position in it; (n,) both.

        Args:
            variant: whose candidates.
            positions: (n,) in the concatenation of the variant's candidate matrices, in any order.

        Raises:
            ValueError: a position lies outside the candidates.
        """
        indices = self.candidates(variant)
        sizes = self.sizes[indices]
        ends = np.cumsum(sizes)
        if len(positions) and not 0 <= int(positions.min()) <= int(positions.max()) < int(ends[-1]):
            raise ValueError(f"A position lies outside the {int(ends[-1]):,} candidates: rank them again.")
        which = np.searchsorted(ends, positions, side="right")
        return np.asarray(indices)[which], positions - (ends - sizes)[which]

    def addresses(self, variant: Variant, positions: Addresses) -> Addresses:
        """(n,) flat addresses of the candidates at some positions; arguments and errors as of `split`."""
        matrices, local = self.split(variant, positions)
        return self.starts[matrices] + local


def shares_of_matrices(sizes: Sequence[int], n: int) -> list[int]:
    """How many of the first n weights each matrix gives.

    Args:
        sizes: weights of each matrix.
        n: from 0 to the sum of the sizes.

    Raises:
        ValueError: n is out of range.
    """
    total = sum(sizes)
    if not 0 <= n <= total:
        raise ValueError(f"{n:,} of {total:,} weights cannot be taken: choose a smaller k.")
    # A count before a threshold is off by half a weight a matrix, and by one more where ranks tie by
    # rounding: what lies within two a matrix is counted, all before that is taken.
    margin = 2 * len(sizes)
    low, high = (_before(sizes, max(0, min(total, n + off)), total) for off in (-margin, margin))
    between = [_ranks(size, *span) for size, *span in zip(sizes, low, high, strict=True)]
    owners = np.repeat(np.arange(len(sizes)), [len(ranks) for ranks in between])
    first = np.argsort(np.concatenate([np.empty(0), *between]), kind="stable")[: n - sum(low)]
    more = np.bincount(owners[first], minlength=len(sizes)).tolist()
    return [taken + extra for taken, extra in zip(low, more, strict=True)]


def order_of_shares(sizes: Sequence[int], counts: Sequence[int]) -> NDArray[np.int64]:
    """(sum of counts,) the order of the weights: indices into the concatenation of each matrix's first ones.

    Args:
        sizes: weights of each matrix.
        counts: how many each gives, from `shares_of_matrices`.
    """
    own = [_ranks(*one) for one in zip(sizes, repeat(0), counts, strict=False)]
    return np.argsort(np.concatenate([np.empty(0), *own]), kind="stable")


def _before(sizes: Sequence[int], n: int, total: int) -> list[int]:
    """How many of each matrix have a fractional rank below n / total; in whole numbers, and so exact."""
    return [(2 * n * size + total - 1) // (2 * total) for size in sizes]


def _ranks(size: int, first: int, last: int) -> NDArray[np.float64]:
    """Fractional ranks, 0 to 1. Rounding makes no ties in matrices of up to 2 ** 26 weights."""
    return (np.arange(first, last) + 0.5) / size
