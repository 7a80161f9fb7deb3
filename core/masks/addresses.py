"""Between positions in a row of matrices (a variant's candidates) and flat addresses of the weight space."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.models.matrices import Matrix


def to_addresses(matrices: Sequence[Matrix], positions: Tensor) -> Tensor:
    """(n,) int64 flat addresses of the weights at positions of the matrices' concatenation, in their order.

    Raises:
        ValueError: a position lies outside the matrices.
    """
    starts, offsets = _starts(matrices), _offsets(matrices)
    if len(positions) and not 0 <= int(positions.min()) <= int(positions.max()) < int(starts[-1]):
        raise ValueError(f"A position lies outside the {int(starts[-1]):,} candidates: rank them again.")
    which = torch.searchsorted(starts, positions, right=True) - 1
    return positions - starts[which] + offsets[which]


def to_positions(matrices: Sequence[Matrix], addresses: Tensor) -> Tensor:
    """(n,) int64 positions in the matrices' concatenation of the weights at flat addresses, in their order.

    Raises:
        ValueError: an address lies in none of the matrices.
    """
    starts, offsets = _starts(matrices), _offsets(matrices)
    which = torch.searchsorted(offsets, addresses, right=True) - 1
    local = addresses - offsets[which.clamp(min=0)]
    outside = (which < 0) | (local >= starts.diff()[which.clamp(min=0)])
    if outside.any():
        stray = int(addresses[outside][0])
        raise ValueError(f"Address {stray} is not among the candidates: use a mask of the same variant.")
    return starts[which] + local


def _starts(matrices: Sequence[Matrix]) -> Tensor:
    """(matrices + 1,) int64 where each matrix begins in the concatenation, and where the last ends."""
    return torch.tensor([0, *(matrix.size for matrix in matrices)]).cumsum(0)


def _offsets(matrices: Sequence[Matrix]) -> Tensor:
    return torch.tensor([matrix.offset for matrix in matrices])
