"""Sums over items of gradient times weight, and of its absolute value, in one pass."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.importance.gradients import Batch, GradientSums, backward, frozen, hooked
from core.models.matrices import Matrix
from core.models.weight_space import WeightSpace

Map = list[Tensor]
"""(rows, columns) float32 for each matrix of the MLPs, in the order of the weight space."""


class ThreeSums(GradientSums):
    """Sums gradient times weight of items, its absolute values, and what items lose where a weight goes."""

    def __init__(self, space: WeightSpace) -> None:
        """Adds nothing yet."""
        self.signed = {m: torch.zeros(m.rows, m.columns) for m in space.candidates("mlp")}
        self.absolute = {m: torch.zeros(m.rows, m.columns) for m in self.signed}
        self.lost = {m: torch.zeros(m.rows, m.columns) for m in self.signed}
        self._weights = {m: space.read(m).detach().float() for m in self.signed}
        super().__init__(space, self.signed, "abs-sum")

    def add(self, matrix: Matrix, gradient: Tensor, inputs: Tensor) -> None:
        """Adds a batch's gradients of a matrix, item by item."""
        gradient, inputs = (one.reshape(len(self._lengths), -1, one.shape[-1]) for one in (gradient, inputs))
        for row, length in enumerate(self._lengths):
            product = gradient[row, :length].float().T @ inputs[row, :length].float()
            product *= self._weights[matrix]
            self.signed[matrix] += product
            self.lost[matrix] -= product.clamp(max=0)
            self.absolute[matrix] += product.abs_()


def sums_of(model: PreTrainedModel, space: WeightSpace, batches: Sequence[Batch]) -> tuple[Map, Map, Map]:
    """Sums over items, for each matrix of the MLPs.

    They are of |gradient x weight|, of gradient x weight, and of what each item loses, to first order, where
    a weight goes: -(gradient x weight), 0 where it gains.
    """
    sums = ThreeSums(space)
    with frozen(model, model.get_input_embeddings()), hooked(space, sums.signed, sums):
        for batch in batches:
            sums.start(batch.lengths)
            backward(model, batch)
    return list(sums.absolute.values()), list(sums.signed.values()), list(sums.lost.values())
