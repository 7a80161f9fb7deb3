"""Forward and backward of a batch: the gradient of the sum of its items' losses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.importance.losses import Batch
from core.inference.choice_plan import head_logits, head_parts

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def last_hidden(model: PreTrainedModel, batch: Batch) -> Tensor:
    """(B * T, H) last hidden states."""
    rows = batch.rows().to(model.get_input_embeddings().weight.device)
    # An added mask is made once; of a bool mask every layer would make and keep one of its own.
    return rows.hidden_states(model, added_mask=True)


def losses(model: PreTrainedModel, batch: Batch, hidden: Tensor) -> Iterator[Tensor]:
    """Parts of the sum of the items' losses, (), of (B * T, H) last hidden states.

    The head is computed for the positions that predict a counted token, some at once.
    """
    predictions, factors = batch.predictions(), batch.factors()
    for part in head_parts(predictions, hidden.device):
        loglikelihoods = head_logits(model, hidden[part.positions]).log_softmax(dim=1)
        found = loglikelihoods[part.predictors, part.targets]
        yield (found * factors[part.cells.cpu() // predictions.longest].to(found.device)).sum()


def backward(model: PreTrainedModel, batch: Batch) -> None:
    """Brings the gradient of the sum of the items' losses to whatever requires one."""
    with torch.enable_grad():
        hidden = last_hidden(model, batch)
        last = hidden.detach().requires_grad_(True)
        for loss in losses(model, batch, last):
            torch.autograd.backward(loss)  # so that the logits of one part are in memory at once
    torch.autograd.backward(hidden, last.grad)
