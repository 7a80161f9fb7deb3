"""Log-likelihoods of the options of multiple-choice items, or of each token of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.inference.choice_plan import Batch, ChoicePlan
from core.inference.head import head_logits
from core.inference.memory import is_out_of_memory, release_memory
from core.inference.shared_prefix import Prefix, additive_mask, attending_to, read_prefix


@dataclass(frozen=True)
class BatchScores:
    """The log-likelihoods of one batch."""

    items: tuple[int, ...]
    """Which items of the plan."""
    loglikelihoods: tuple[tuple[float, ...], ...]
    """For each item and option: the sum over the option's tokens, in nats."""


@dataclass(frozen=True)
class BatchTokenScores:
    """The log-likelihoods of the tokens of one batch."""

    items: tuple[int, ...]
    """Which items of the plan."""
    loglikelihoods: tuple[tuple[tuple[float, ...], ...], ...]
    """For each item, option and token of it that counts, in nats; as the model gives them, so maybe not
    finite."""


def loglikelihoods(
    model: PreTrainedModel, plan: ChoicePlan, cancelled: Callable[[], bool] | None = None
) -> Iterator[BatchScores]:
    """The log-likelihoods of a plan's items, a batch at a time; ends early, between batches, when cancelled.

    A batch that does not fit in memory is halved, in the plan itself.

    Raises:
        ValueError: a log-likelihood is not finite, or an item alone does not fit in memory.
    """
    for batch, table in _tables(model, plan, cancelled):
        # A table and a sum, not index_add_: the order in which a GPU adds would differ from run to run.
        sums: list[float] = table.sum(dim=1).tolist()
        yield BatchScores(batch.items, _by_item(batch, sums, model))


def token_loglikelihoods(
    model: PreTrainedModel, plan: ChoicePlan, cancelled: Callable[[], bool] | None = None
) -> Iterator[BatchTokenScores]:
    """The same for each token of the options, as `loglikelihoods` computes it.

    Raises:
        ValueError: an item alone does not fit in memory.
    """
    for batch, table in _tables(model, plan, cancelled):
        _, _, options, places = batch.predictions.table.unbind(dim=1)  # option by option, token by token
        values = iter(table.cpu()[options, places].tolist())
        counts = options.bincount(minlength=len(table)).tolist()
        tokens = (tuple(itertools.islice(values, count)) for count in counts)
        by_item = tuple(tuple(itertools.islice(tokens, count)) for count in batch.option_counts)
        yield BatchTokenScores(batch.items, by_item)


def _tables(
    model: PreTrainedModel, plan: ChoicePlan, cancelled: Callable[[], bool] | None
) -> Iterator[tuple[Batch, Tensor]]:
    """Every batch of a plan, halved until it fits in memory, with its table of log-likelihoods."""
    place = 0
    prefix: Prefix | None = None
    while place < len(plan.batches):
        if cancelled is not None and cancelled():
            return
        batch = plan.batches[place]
        if place == 0 or batch.prefix != plan.batches[place - 1].prefix:
            prefix = None
        try:
            if batch.prefix and prefix is None:
                prefix = read_prefix(model, batch.prefix)
            table = _token_table(model, batch, prefix)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            table = None
        if table is None:  # after the except clause: until its end the error keeps the tensors alive
            prefix = None
            plan.halve(place)
            release_memory(model.device)
            continue
        yield batch, table
        place += 1


def _by_item(batch: Batch, flat: list[float], model: PreTrainedModel) -> tuple[tuple[float, ...], ...]:
    if not math.isfinite(sum(flat)):
        raise ValueError(
            f"The model gives log-likelihoods that are not finite in {model.dtype}: load it in bfloat16 "
            "or float32."
        )
    values = iter(flat)
    return tuple(tuple(itertools.islice(values, count)) for count in batch.option_counts)


@torch.inference_mode()
def _token_table(model: PreTrainedModel, batch: Batch, prefix: Prefix | None) -> Tensor:
    """(options, longest) the log-likelihood of every token, 0 where there is none.

    It is computed in float32 from the logits on.
    """
    with attending_to(model, prefix):
        hidden = model.base_model(
            input_ids=batch.input_ids,
            attention_mask=_mask(batch, model),
            position_ids=batch.position_ids,
            use_cache=False,
        ).last_hidden_state.flatten(0, 1)
    table = torch.zeros(batch.table_shape, device=hidden.device)
    for part in batch.parts:
        logits = head_logits(model, hidden[part.positions])
        found = logits[part.predictors, part.targets] - logits.logsumexp(dim=1)[part.predictors]
        table.view(-1)[part.cells] = found
    return table


def _mask(batch: Batch, model: PreTrainedModel) -> Tensor | None:
    if batch.segments is None:
        return None
    may_look = _attention(batch.segments)
    # Only torch's own attention takes a bool mask for what it says; others add masks to the scores.
    is_added = batch.prefix or model.config._attn_implementation != "sdpa"
    return additive_mask(may_look, model.dtype) if is_added else may_look


def _attention(segments: Tensor) -> Tensor:
    """(B, 1, T, T) bool, True where a query may look: earlier places of the context or of its own segment."""
    query, key = segments[:, None, :, None], segments[:, None, None, :]
    return ((key == 0) | (key == query)).tril()
