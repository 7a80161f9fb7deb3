"""How the weights of one matrix are stored: reading them dense, scaling some, restoring the same bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from core.models.matrix import Matrix

CHUNK = 1 << 14
"""Weights that are saved and then zeroed together on a CPU: what is written is still in its cache from being
read."""

BITS: dict[int, torch.dtype] = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""By bytes: NumPy knows no bfloat16, and as whole numbers all bits stay what they are."""


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
            if not factor:
                saved = _zero(flat, positions)
                return Patch(self._matrix, positions, saved, torch.count_nonzero(saved))
            saved = flat.index_select(0, positions)
            scaled = saved * factor
            write_at(flat, positions, scaled)
        return Patch(self._matrix, positions, saved, torch.count_nonzero(scaled != saved))

    def restore(self, patch: Patch) -> None:
        """Writes the saved bits back; NaN and -0 too."""
        write_at(self._flat(), patch.positions, patch.saved)

    def _flat(self) -> Tensor:
        # `view` and not `reshape`, which may copy: the zeros would then land in the copy.
        return self._parameter.data.view(-1)


def write_at(flat: Tensor, positions: Tensor, values: Tensor) -> None:
    """Writes elements, bit for bit.

    On a CPU by NumPy, which takes two thirds of the time of `index_copy_`.

    Args:
        flat: (size,) a parameter's data, without gradient.
        positions: (n,) int64 on its device.
        values: (n,) or () of its dtype, on its device.
    """
    if flat.device.type != "cpu":
        flat.index_copy_(0, positions, values.expand(len(positions)))
        return
    bits = BITS[flat.element_size()]
    flat.view(bits).numpy()[positions.numpy()] = values.view(bits).numpy()


def _zero(flat: Tensor, positions: Tensor) -> Tensor:
    """(n,) the elements at the positions as they were, after they became +0; also NaN, infinity and -0."""
    saved, zero = flat.new_empty(len(positions)), flat.new_zeros(())
    chunk = CHUNK if flat.device.type == "cpu" else max(1, len(positions))
    for some, into in zip(torch.split(positions, chunk), torch.split(saved, chunk), strict=True):
        torch.index_select(flat, 0, some, out=into)
        write_at(flat, some, zero)
    return saved
