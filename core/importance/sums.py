"""Sums the gradients of some candidate matrices over items, in float32."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from core.importance.batches import Batch
from core.importance.offload import Offload
from core.importance.scoring_rule import Reduction
from core.models.matrices import Matrix


class GradientSums:
    """Adds up what the taps hand over, into one accumulator for each tapped matrix."""

    def __init__(
        self, accumulators: Mapping[Matrix, Tensor], reduction: Reduction, offload: Offload | None = None
    ) -> None:
        """Adds nothing yet.

        Args:
            accumulators: (rows, columns) float32 each, on the matrix's device; with staging in main memory.
            reduction: whether items may cancel.
            offload: what brings each batch's gradient of a matrix to its accumulator.
        """
        self._accumulators = accumulators
        self._reduction = reduction
        self._offload = offload
        self._ranges: list[tuple[int, int]] = []
        self._rows = 0
        self._outputs: list[tuple[Matrix, Tensor]] = []
        self._gradients: list[tuple[Matrix, Tensor]] = []

    def start(self, batch: Batch) -> None:
        """Makes ready for the forward pass of a batch."""
        self._ranges = batch.row_ranges()
        self._rows = self._ranges[-1][1]
        self._outputs, self._gradients = [], []

    def watch_output(self, matrix: Matrix, output: Tensor) -> None:
        """Remembers whether a matrix's output is finite."""
        self._outputs.append((matrix, _probe(output)))

    def add(self, matrix: Matrix, gradient: Tensor, inputs: Tensor) -> None:
        """Adds a batch's gradient of a matrix: the sum over tokens of output gradient times input.

        Args:
            matrix: the matrix.
            gradient: (B, T, rows) gradient of its output, or (B * T, rows) as OPT's MLPs have it.
            inputs: its input in the same form, with its columns.
        """
        gradient, inputs = (one.reshape(self._rows, -1, one.shape[-1]) for one in (gradient, inputs))
        self._gradients.append((matrix, _probe(gradient)))
        accumulator = self._accumulators[matrix]
        if self._offload is None:
            self._add_into(accumulator, gradient, inputs)
            return
        of_batch = torch.zeros(matrix.rows, matrix.columns, device=gradient.device)
        self._add_into(of_batch, gradient, inputs)
        self._offload.send(of_batch, accumulator.add_)

    def _add_into(self, sums: Tensor, gradient: Tensor, inputs: Tensor) -> None:
        if not _multiplies_halves(gradient, inputs):
            gradient, inputs = gradient.float(), inputs.float()
        if self._reduction == "abs-sum":
            _add_product(sums, gradient.flatten(0, 1), inputs.flatten(0, 1))
            return
        for first, last in self._ranges:
            of_item = gradient[first:last].flatten(0, 1), inputs[first:last].flatten(0, 1)
            sums += _product(*of_item).abs_()

    def finish(self) -> None:
        """Returns when everything is in the accumulators."""
        if self._offload is not None:
            self._offload.finish()

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


def _multiplies_halves(gradient: Tensor, inputs: Tensor) -> bool:
    """Whether the device multiplies 16-bit numbers as exactly as float32 ones, and many times as fast."""
    return gradient.is_cuda and gradient.dtype == inputs.dtype and gradient.element_size() == 2


def _add_product(sums: Tensor, gradient: Tensor, inputs: Tensor) -> None:
    """Adds what `_product` gives."""
    if gradient.dtype == torch.float32:
        sums.addmm_(gradient.T, inputs)
    else:
        sums += _product(gradient, inputs)


def _product(gradient: Tensor, inputs: Tensor) -> Tensor:
    """(tokens, rows), (tokens, columns) -> (rows, columns) in float32, where 16-bit products are exact."""
    if gradient.dtype == torch.float32:
        return gradient.T @ inputs
    return torch.mm(gradient.T, inputs, torch.float32)


def _probe(values: Tensor) -> Tensor:
    """A sum, which is finite only if all values are: one pass, where isfinite needs three."""
    return values.sum(dtype=torch.float32)
