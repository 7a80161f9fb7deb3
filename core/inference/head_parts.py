"""Which positions of a batch the language-model head is applied to, and which tokens these predict."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

HEAD_POSITIONS = 512
"""Positions whose logits are in memory at once: 512 rows of 128,000 words are 0.26 GB in float32."""


@dataclass(frozen=True)
class Predictions:
    """The tokens that a batch has to predict."""

    table: Tensor
    """(N, 4) int64, on the CPU: the position (of B * T) that predicts a token, its id, its option and its
    place in the option."""
    longest: int
    """Tokens of the longest option."""

    def part(self, positions: tuple[int, int], options: tuple[int, int]) -> Predictions:
        """Those from a range of positions, both numbered from its first; the options are theirs."""
        chosen = (self.table[:, 0] >= positions[0]) & (self.table[:, 0] < positions[1])
        shift = torch.tensor([positions[0], 0, options[0], 0])
        return Predictions(self.table[chosen] - shift, self.longest)


@dataclass(frozen=True)
class HeadPart:
    """Positions that the language-model head is applied to at once, and the tokens they have to predict."""

    positions: Tensor
    """(P,) int64: which hidden states, in the flattened batch (B * T)."""
    predictors: Tensor
    """(N,) int64: for each token to predict, which of the P."""
    targets: Tensor
    """(N,) int64: the token ids to predict."""
    cells: Tensor
    """(N,) int64: where each token's log-likelihood goes in the flattened table of the batch."""


def head_parts(predictions: Predictions, device: torch.device | str) -> tuple[HeadPart, ...]:
    """The predictions by position, at most HEAD_POSITIONS of these at once."""
    positions, predictors = torch.unique(predictions.table[:, 0], return_inverse=True)
    cells = predictions.table[:, 2] * predictions.longest + predictions.table[:, 3]
    parts = []
    for start in range(0, len(positions), HEAD_POSITIONS):
        chosen = (predictors >= start) & (predictors < start + HEAD_POSITIONS)
        part = HeadPart(
            positions=positions[start : start + HEAD_POSITIONS].to(device),
            predictors=(predictors[chosen] - start).to(device),
            targets=predictions.table[chosen, 1].to(device),
            cells=cells[chosen].to(device),
        )
        parts.append(part)
    return tuple(parts)
