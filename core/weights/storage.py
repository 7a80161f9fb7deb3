"""How the weights of one matrix are stored: reading them dense, scaling some, restoring the same bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from core.weights.matrix import Matrix


@dataclass(frozen=True)
class Patch:
    """What restores a matrix after `Storage.scale`."""

    matrix: Matrix
    positions: Tensor
    """(n,) int64 places of the saved elements in the flat storage, on the weights' device. A place that is
    there twice has the same element twice."""
    saved: Tensor
    """(n,) the elements as they were, in the storage's own dtype; whole bytes of 4-bit weights."""
    changed: Tensor
    """() int64: how many of the weights are another number now."""


class Storage(Protocol):
    """The part of a matrix that depends on how its weights are stored."""

    def read(self) -> Tensor:
        """(rows, columns) the weights, dense; to be read only."""

    def scale(self, local: Tensor, factor: float) -> Patch:
        """What restores the weights, after those at the (n,) int64 row-major positions were multiplied.

        A factor of 0 makes them exactly +0, whatever they were. 4-bit weights take no other factor.
        """

    def restore(self, patch: Patch) -> None:
        """Writes the saved bits back."""


class DenseStorage:
    """A floating-point parameter, one element a weight."""

    def __init__(self, matrix: Matrix, parameter: Tensor) -> None:
        self._matrix = matrix
        self._parameter = parameter

    def read(self) -> Tensor:
        """(rows, columns) a detached view of the parameter, in its dtype."""
        return self._parameter.detach()

    def scale(self, local: Tensor, factor: float) -> Patch:
        """What restores the parameter, after the weights at the positions were multiplied in its dtype."""
        flat = self._flat()
        positions = local.to(flat.device)
        with torch.no_grad():
            saved = flat.index_select(0, positions)
            # Not saved * 0, which keeps NaN, infinity and the sign of -0.
            scaled = saved * factor if factor else torch.zeros_like(saved)
            flat.index_copy_(0, positions, scaled)
        return Patch(self._matrix, positions, saved, torch.count_nonzero(scaled != saved))

    def restore(self, patch: Patch) -> None:
        """Writes the saved bits back; NaN and -0 too."""
        with torch.no_grad():
            self._flat().index_copy_(0, patch.positions, patch.saved)

    def _flat(self) -> Tensor:
        # `view` and not `reshape`, which may copy: the zeros would then land in the copy.
        return self._parameter.data.view(-1)
