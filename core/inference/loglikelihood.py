"""Log-likelihoods of the options of multiple-choice items."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.inference.choice_plan import Batch, ChoicePlan


@dataclass(frozen=True)
class BatchScores:
    """The log-likelihoods of one batch."""

    items: tuple[int, ...]
    """Which items of the plan."""
    loglikelihoods: tuple[tuple[float, ...], ...]
    """For each item and option: the sum over the option's tokens, in nats."""


def loglikelihoods(
    model: PreTrainedModel, plan: ChoicePlan, cancelled: Callable[[], bool] | None = None
) -> Iterator[BatchScores]:
    """The log-likelihoods of a plan's items, a batch at a time; ends early, between batches, when cancelled.

    Raises:
        ValueError: a log-likelihood is not finite.
    """
    for batch in plan.batches:
        if cancelled is not None and cancelled():
            return
        flat = _option_sums(model, batch)
        if not math.isfinite(sum(flat)):
            raise ValueError(
                f"The model gives log-likelihoods that are not finite in {model.dtype}: load it in bfloat16 "
                "or float32."
            )
        values = iter(flat)
        by_item = (tuple(itertools.islice(values, count)) for count in batch.option_counts)
        yield BatchScores(batch.items, tuple(by_item))


@torch.inference_mode()
def _option_sums(model: PreTrainedModel, batch: Batch) -> list[float]:
    """The log-likelihood of every option of a batch, computed in float32 from the logits on."""
    hidden = model.base_model(
        input_ids=batch.input_ids,
        attention_mask=None if batch.segments is None else _attention(batch.segments),
        position_ids=batch.position_ids,
        use_cache=False,
    ).last_hidden_state.flatten(0, 1)
    head = model.get_output_embeddings()
    # A table and a sum, not index_add_: the order in which a GPU adds would differ from run to run.
    table = torch.zeros(sum(batch.option_counts), batch.longest_option, device=hidden.device)
    for part in batch.parts:
        logits = head(hidden[part.positions]).float()
        found = logits[part.predictors, part.targets] - logits.logsumexp(dim=1)[part.predictors]
        table.view(-1)[part.cells] = found
    sums: list[float] = table.sum(dim=1).tolist()
    return sums


def _attention(segments: Tensor) -> Tensor:
    """(B, 1, T, T) bool, True where a query may look: earlier places of the context or of its own segment."""
    query, key = segments[:, None, :, None], segments[:, None, None, :]
    return ((key == 0) | (key == query)).tril()
