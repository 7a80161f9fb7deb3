"""Uniformly random subsets of a range too large to be listed. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def random_subset(total: int, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(n,) ascending: a random subset of 0 … total - 1.

    Memory grows with n and not, as with `Generator.choice`, with the total. No number is treated otherwise
    than another, so every subset of n is equally likely.

    Raises:
        ValueError: n is negative or more than total.
    """
    if not 0 <= n <= total:
        raise ValueError(f"{n:,} of {total:,} weights cannot be drawn: choose a smaller k.")
    if n > total // 2:
        return np.delete(np.arange(total), random_subset(total, total - n, rng))
    drawn = np.empty(0, np.int64)
    while len(drawn) < n:
        more = rng.integers(total, size=n - len(drawn))
        drawn = np.sort(np.concatenate([drawn, more]))
        drawn = drawn[np.diff(drawn, prepend=-1) > 0]
    return drawn


def random_subset_of_each(
    starts: Sequence[int], sizes: Sequence[int], counts: Sequence[int], seed: int
) -> NDArray[np.int64]:
    """(sum of counts,) ascending: of each of some ranges a random subset, the same for the same seed.

    Args:
        starts: the first number of each range, ascending.
        sizes: how many numbers each range has.
        counts: how many of each are drawn.
        seed: of all that is drawn.

    Raises:
        ValueError: a count is negative or more than its range has.
    """
    rng = np.random.default_rng(seed)
    ranges = zip(starts, sizes, counts, strict=True)
    parts = [start + random_subset(size, count, rng) for start, size, count in ranges]
    return np.concatenate([np.empty(0, np.int64), *parts])
