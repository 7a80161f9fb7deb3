"""Random controls: n weights drawn uniformly, or as many in each matrix as are asked for. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.masks.choices import Scope
from core.masks.layout import Addresses, Layout, shares_of_matrices
from core.masks.mask import Mask
from core.models.matrices import Variant


def random_mask(layout: Layout, variant: Variant, n: int, seed: int, scope: Scope = "global") -> Mask:
    """A uniformly random mask of n of a variant's candidates, the same for the same seed.

    Args:
        layout: the candidate matrices.
        variant: from which of them.
        n: number of weights.
        seed: of the draw.
        scope: `per-matrix`: of each matrix its share, and uniformly within it.

    Raises:
        ValueError: n is negative or more than the candidates.
    """
    sizes = layout.sizes[layout.candidates(variant)].tolist()
    if scope == "per-matrix":
        return random_mask_like(layout, variant, shares_of_matrices(sizes, n), seed)
    return Mask(layout.addresses(variant, random_subset(sum(sizes), n, seed)))


def random_mask_like(layout: Layout, variant: Variant, counts: Sequence[int], seed: int) -> Mask:
    """A random mask with so many weights of each of a variant's candidate matrices.

    Args:
        layout: the candidate matrices.
        variant: from which of them.
        counts: for each of these.
        seed: the same seed gives the same mask.

    Raises:
        ValueError: a count is negative or more than its matrix has weights.
    """
    rng = np.random.default_rng(seed)
    parts = [
        layout.starts[index] + random_subset(layout.matrices[index].size, count, rng)
        for index, count in zip(layout.candidates(variant), counts, strict=True)
    ]
    return Mask(np.concatenate([np.empty(0, np.int64), *parts]))


def random_subset(total: int, n: int, seed: int | np.random.Generator) -> Addresses:
    """(n,) ascending: a random subset of 0 … total - 1, too large a range to be listed.

    Memory grows with n and not, as with `Generator.choice`, with the total. All subsets of n are equally
    likely.

    Raises:
        ValueError: n is negative or more than total.
    """
    if not 0 <= n <= total:
        raise ValueError(f"{n:,} of {total:,} weights cannot be drawn: choose a smaller k.")
    rng = np.random.default_rng(seed)
    if n > total // 2:
        return np.delete(np.arange(total), random_subset(total, total - n, rng))
    drawn = np.empty(0, np.int64)
    while len(drawn) < n:
        more = rng.integers(total, size=n - len(drawn))
        drawn = np.sort(np.concatenate([drawn, more]))
        drawn = drawn[np.diff(drawn, prepend=-1) > 0]
    return drawn
