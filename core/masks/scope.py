"""The same share of every matrix: how many weights each gives to the first n, and in which order. No torch.

A weight's place is its fractional rank, (rank + 0.5) / size, with rank from 0 within its own matrix; ties go
to the earlier matrix. The first n of this order are exactly n, those of a smaller n are among them, and each
matrix gives its share rounded to a whole number at one common threshold (Webster's rule).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.float64]
"""Fractional ranks, from 0 to 1. Rounded: matrices of up to 2 ** 26 weights never tie by rounding, and larger
ones do so everywhere alike."""


def shares_of_matrices(sizes: Sequence[int], n: int) -> list[int]:
    """How many of the first n each matrix gives.

    Args:
        sizes: weights of each matrix.
        n: from 0 to the sum of the sizes.

    Raises:
        ValueError: n is out of range.
    """
    total = sum(sizes)
    if not 0 <= n <= total:
        raise ValueError(f"{n:,} of {total:,} weights cannot be taken: choose a smaller k.")
    # A count before a threshold is off by half a weight a matrix, and by one more where places tie by
    # rounding: what lies within two a matrix is counted, all before that is taken.
    margin = 2 * len(sizes)
    low, high = (_before(sizes, max(0, min(total, n + off)), total) for off in (-margin, margin))
    between = [_places(size, *span) for size, *span in zip(sizes, low, high, strict=True)]
    owners = np.repeat(np.arange(len(sizes)), [len(places) for places in between])
    first = np.argsort(np.concatenate([np.empty(0), *between]), kind="stable")[: n - sum(low)]
    more = np.bincount(owners[first], minlength=len(sizes)).tolist()
    return [taken + extra for taken, extra in zip(low, more, strict=True)]


def order_of_shares(sizes: Sequence[int], counts: Sequence[int]) -> NDArray[np.int64]:
    """(sum of counts,) which weight comes when, as places in a row of the matrices' own first ones.

    Args:
        sizes: weights of each matrix.
        counts: how many each gives, as `shares_of_matrices` says.
    """
    own = [_places(*one) for one in zip(sizes, repeat(0), counts, strict=False)]
    return np.argsort(np.concatenate([np.empty(0), *own]), kind="stable")


def _before(sizes: Sequence[int], n: int, total: int) -> list[int]:
    """How many of each matrix have a place below n / total; in whole numbers, and so exact."""
    return [(2 * n * size + total - 1) // (2 * total) for size in sizes]


def _places(size: int, first: int, last: int) -> Places:
    return (np.arange(first, last) + 0.5) / size
