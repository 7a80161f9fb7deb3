"""Sums the gradients of all candidate weights over items, in float32."""

from __future__ import annotations

import torch
from torch import Tensor

from core.choices import Form
from core.importance.batches import Batch
from core.weights import Matrix, WeightSpace


class GradientSums:
    """One float32 accumulator for each candidate matrix and half of the items, on the matrix's device."""

    def __init__(self, space: WeightSpace, form: Form) -> None:
        self.halves = tuple([_zeros(space, matrix) for matrix in space.matrices] for _ in range(2))
        self._form = form
        self._half = 0
        self._ranges: list[tuple[int, int]] = []
        self._outputs: list[tuple[Matrix, Tensor]] = []
        self._gradients: list[tuple[Matrix, Tensor]] = []

    def start(self, batch: Batch) -> None:
        """Makes ready for the forward pass of a batch."""
        self._half, self._ranges = batch.half, batch.row_ranges()
        self._outputs, self._gradients = [], []

    def watch_output(self, matrix: Matrix, output: Tensor) -> None:
        """Remembers whether a matrix's output is finite."""
        self._outputs.append((matrix, _probe(output)))

    def add(self, matrix: Matrix, gradient: Tensor, inputs: Tensor) -> None:
        """Adds a batch's gradient of a matrix: the sum over tokens of output gradient times input.

        Args:
            matrix: the matrix.
            gradient: (B, T, rows) gradient of its output.
            inputs: (B, T, columns) its input.
        """
        self._gradients.append((matrix, _probe(gradient)))
        sums = self.halves[self._half][matrix.index]
        gradient, inputs = gradient.float(), inputs.float()
        if self._form == "sum":
            sums.addmm_(gradient.flatten(0, 1).T, inputs.flatten(0, 1))
            return
        for first, last in self._ranges:
            sums += (gradient[first:last].flatten(0, 1).T @ inputs[first:last].flatten(0, 1)).abs_()

    def not_finite(self) -> tuple[Matrix, str] | None:
        """The matrix where the batch first left the finite numbers, and in which pass; None if nowhere."""
        # Read only now: reading in the hooks would make a GPU wait at every matrix.
        for matrix, probe in self._outputs:
            if not probe.isfinite():
                return matrix, "output"
        for matrix, probe in self._gradients:
            if not probe.isfinite():
                return matrix, "gradient"
        return None


def _zeros(space: WeightSpace, matrix: Matrix) -> Tensor:
    return torch.zeros(matrix.rows, matrix.columns, dtype=torch.float32, device=space.device(matrix))


def _probe(values: Tensor) -> Tensor:
    """A sum, which is finite only if all values are: one pass, where isfinite needs three."""
    return values.sum(dtype=torch.float32)
