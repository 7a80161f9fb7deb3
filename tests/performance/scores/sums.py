"""Sums over items of gradient times weight, and of its absolute value, in one pass."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.importance.backward import backward
from core.importance.hooks import GradientSums, frozen, hooked
from core.importance.losses import Batch
from core.models.matrices import Matrix
from core.models.weight_space import WeightSpace

Map = list[Tensor]
"""(rows, columns) float32 for each matrix of the MLPs, in the order of the weight space."""


class BothSums(GradientSums):
    """Sums the gradients of items and their absolute values, where the program does one of the two."""

    def __init__(self, space: WeightSpace) -> None:
        """Adds nothing yet."""
        self.signed = {m: torch.zeros(m.rows, m.columns) for m in space.candidates("mlp")}
        self.absolute = {m: torch.zeros(m.rows, m.columns) for m in self.signed}
        super().__init__(self.signed, "sum-abs")

    def add(self, matrix: Matrix, gradient: Tensor, inputs: Tensor) -> None:
        """Adds a batch's gradients of a matrix, item by item."""
        gradient, inputs = (one.reshape(len(self._lengths), -1, one.shape[-1]) for one in (gradient, inputs))
        for row, length in enumerate(self._lengths):
            product = gradient[row, :length].float().T @ inputs[row, :length].float()
            self.signed[matrix] += product
            self.absolute[matrix] += product.abs_()


def sums_of(model: PreTrainedModel, space: WeightSpace, batches: Sequence[Batch]) -> tuple[Map, Map]:
    """The sums of |gradient x weight| and of gradient x weight, for each matrix of the MLPs."""
    sums = BothSums(space)
    with frozen(model, model.get_input_embeddings()), hooked(space, sums.signed, sums):
        for batch in batches:
            sums.start(batch.lengths)
            backward(model, batch)
    weights = [space.read(matrix).detach().float() for matrix in sums.signed]
    absolute = [one.mul_(w.abs()) for one, w in zip(sums.absolute.values(), weights, strict=True)]
    signed = [one.mul_(w) for one, w in zip(sums.signed.values(), weights, strict=True)]
    return absolute, signed
