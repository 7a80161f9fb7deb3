"""Applying and restoring a mask against the bare writes of the same weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.ablation import Ablator
from core.masks import Mask
from core.selection import random_addresses
from core.weights import WeightSpace
from tests.performance.comparison import Comparison, time_both

K = 0.01
CYCLES = 20


def compare_ablation(model: PreTrainedModel) -> Comparison:
    """`apply` and `restore` of 1 %, drawn at random, against `index_fill_` and `index_copy_`.

    The plain side has its indices and the saved weights given; ours finds them in each cycle.
    """
    space = WeightSpace(model)
    mask = Mask(random_addresses(space.size, space.number_of_weights(K, "all"), seed=0))
    ablator = Ablator(space)
    places = mask.by_matrix(space)
    flat = [model.get_parameter(matrix.name).data.view(-1) for matrix, _ in places]
    before = [weights.clone() for weights in flat]
    saved = [weights[local] for weights, (_, local) in zip(flat, places, strict=True)]
    indices = [local for _, local in places]

    def ours() -> None:
        ablator.apply(mask)
        ablator.restore()

    times = time_both(ours, lambda: _plain_cycle(flat, indices, saved), CYCLES)
    with ablator.applied(mask):
        is_zero = all(not weights[local].any() for weights, local in zip(flat, indices, strict=True))
    is_restored = all(
        torch.equal(a.view(torch.int32), b.view(torch.int32)) for a, b in zip(flat, before, strict=True)
    )
    return Comparison(
        "apply + restore, 1 % of the weights",
        "index_fill_ + index_copy_",
        *times,
        checks={"zero while applied": is_zero, "the same bits afterwards": is_restored},
        facts={"weights": len(mask), "parameters": space.total_parameters},
    )


def _plain_cycle(flat: Sequence[Tensor], indices: Sequence[Tensor], saved: Sequence[Tensor]) -> None:
    for weights, local in zip(flat, indices, strict=True):
        weights.index_fill_(0, local, 0.0)
    for weights, local, values in zip(flat, indices, saved, strict=True):
        weights.index_copy_(0, local, values)
