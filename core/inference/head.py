"""The tokens that a batch has to predict, and the language-model head at the positions that predict them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.inference.batching import HEAD_POSITIONS


@dataclass(frozen=True)
class Predictions:
    """The tokens that a batch has to predict."""

    table: Tensor
    """(N, 4) int64, on the CPU: the position (of B * T) that predicts a token, its id, its option and its
    index in the option."""
    longest: int
    """Tokens of the longest option."""

    def part(self, positions: tuple[int, int], options: tuple[int, int]) -> Predictions:
        """Those in a range of positions; positions and options are numbered anew from its first."""
        chosen = (self.table[:, 0] >= positions[0]) & (self.table[:, 0] < positions[1])
        shift = torch.tensor([positions[0], 0, options[0], 0])
        return Predictions(self.table[chosen] - shift, self.longest)


@dataclass(frozen=True)
class HeadPart:
    """Positions that the language-model head is applied to at once, and the tokens they have to predict."""

    positions: Tensor
    """(P,) int64: indices of hidden states in the flattened batch (B * T)."""
    predictors: Tensor
    """(N,) int64: for each token to predict, which of the P."""
    targets: Tensor
    """(N,) int64: the token ids to predict."""
    cells: Tensor
    """(N,) int64: index of each token's log-likelihood in the flattened table of the batch."""


def head_parts(predictions: Predictions, device: torch.device | str) -> tuple[HeadPart, ...]:
    """The predictions by position, at most HEAD_POSITIONS positions at once."""
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


def head_logits(model: PreTrainedModel, hidden: Tensor) -> Tensor:
    """(P, V) float32 logits of (P, H) last hidden states, as the model's own forward computes them.

    Beside the head: Cohere's factor, Granite's divisor, and the softcap of Gemma 2 and others.
    """
    config = model.config
    logits: Tensor = model.get_output_embeddings()(hidden)
    if getattr(config, "logit_scale", None):
        logits = logits * config.logit_scale
    if getattr(config, "logits_scaling", None):
        logits = logits / config.logits_scaling
    if getattr(config, "final_logit_softcapping", None):
        logits = (logits / config.final_logit_softcapping).tanh() * config.final_logit_softcapping
    return logits.float()
