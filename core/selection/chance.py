"""The random control: n weights drawn uniformly, or as many in each matrix as a mask has there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.weights import Matrix


def random_addresses(total: int, n: int, seed: int) -> Tensor:
    """(n,) int64 ascending: a uniformly random subset of 0 … total - 1, the same for the same seed.

    Raises:
        ValueError: n is negative or more than total.
    """
    return torch.from_numpy(_subset(total, n, np.random.default_rng(seed)))


def random_like(matrices: Sequence[Matrix], counts: Sequence[int], seed: int) -> Tensor:
    """(sum of counts,) int64 ascending flat addresses: in each matrix as many as its count, uniformly.

    Raises:
        ValueError: a count is negative or more than its matrix has weights.
    """
    rng = np.random.default_rng(seed)
    pairs = zip(matrices, counts, strict=True)
    parts = [matrix.offset + _subset(matrix.size, count, rng) for matrix, count in pairs]
    return torch.from_numpy(np.concatenate([np.empty(0, np.int64), *parts]))


def _subset(total: int, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Ascending; memory grows with n and not, as with `Generator.choice`, with the total.

    No number is treated otherwise than another, so every subset of n is equally likely.
    """
    if not 0 <= n <= total:
        raise ValueError(f"{n:,} of {total:,} weights cannot be drawn: choose a smaller k.")
    if n > total // 2:
        return np.delete(np.arange(total), _subset(total, total - n, rng))
    drawn = np.empty(0, np.int64)
    while len(drawn) < n:
        more = rng.integers(total, size=n - len(drawn))
        drawn = np.sort(np.concatenate([drawn, more]))
        drawn = drawn[np.diff(drawn, prepend=-1) > 0]
    return drawn
