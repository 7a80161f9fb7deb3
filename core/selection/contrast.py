"""What is special to an ability rather than shared by all."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def contrast_scores(own: Sequence[Tensor], others: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """Own importance as a share of its sum, minus the mean of the others' shares; float32, any sign.

    Args:
        own: the ability's importance, a tensor for each candidate matrix.
        others: the same of at least one other ability.

    Raises:
        ValueError: there is no other ability, the shapes differ, or an importance is 0 everywhere.
    """
    if not others:
        raise ValueError("There is no other ability to contrast with: score at least two.")
    own_total = _total(own, "own")
    totals = [_total(other, f"other {number}") for number, other in enumerate(others)]
    contrasts: list[Tensor] = []
    for scores, *rivals in zip(own, *others, strict=True):
        mean = torch.zeros_like(scores, dtype=torch.float64)
        for rival, total in zip(rivals, totals, strict=True):
            if rival.shape != scores.shape:
                raise ValueError(f"Importance of shapes {scores.shape} and {rival.shape}: use one model.")
            mean += rival.double() / (total * len(others))
        contrasts.append((scores.double() / own_total - mean).float())
    return contrasts


def _total(scores: Sequence[Tensor], whose: str) -> float:
    total = sum(float(tensor.sum(dtype=torch.float64)) for tensor in scores)
    if not 0 < total < float("inf"):
        raise ValueError(f"The {whose} importance sums to {total}: score it again on other items.")
    return total
