"""The random control: n weights drawn uniformly, or as many in each matrix as a mask has there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from core.subsets import random_subset
from core.weights import Matrix


def random_addresses(total: int, n: int, seed: int) -> Tensor:
    """(n,) int64 ascending: a uniformly random subset of 0 … total - 1, the same for the same seed.

    Raises:
        ValueError: n is negative or more than total.
    """
    return torch.from_numpy(random_subset(total, n, np.random.default_rng(seed)))


def random_like(matrices: Sequence[Matrix], counts: Sequence[int], seed: int) -> Tensor:
    """(sum of counts,) int64 ascending flat addresses: in each matrix as many as its count, uniformly.

    Raises:
        ValueError: a count is negative or more than its matrix has weights.
    """
    rng = np.random.default_rng(seed)
    pairs = zip(matrices, counts, strict=True)
    parts = [matrix.offset + random_subset(matrix.size, count, rng) for matrix, count in pairs]
    return torch.from_numpy(np.concatenate([np.empty(0, np.int64), *parts]))
