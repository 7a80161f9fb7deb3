"""The random control: n weights drawn uniformly, or as many in each matrix as a mask has there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from core.masks.subsets import random_subset, random_subset_of_each
from core.models.matrices import Matrix


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
    starts, sizes = [matrix.offset for matrix in matrices], [matrix.size for matrix in matrices]
    return torch.from_numpy(random_subset_of_each(starts, sizes, counts, seed))
