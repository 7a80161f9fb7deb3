"""Log-likelihoods of the options of multiple-choice items, or of each token of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.inference.batching import is_out_of_memory, release_memory
from core.inference.choice_plan import Batch, ChoicePlan
from core.inference.encoding import EncodedChoice
from core.inference.head import head_logits
from core.inference.shared_prefix import Prefix, attending_to, read_prefix


@dataclass(frozen=True)
class BatchScores:
    """The log-likelihoods of one batch."""

    items: tuple[int, ...]
    """Indices of the items in the plan."""
    loglikelihoods: tuple[tuple[float, ...], ...]
    """For each item and option: the sum over the option's tokens, in nats."""


@dataclass(frozen=True)
class BatchTokenScores:
    """The log-likelihoods of the tokens of one batch."""

    items: tuple[int, ...]
    """Indices of the items in the plan."""
    loglikelihoods: tuple[tuple[tuple[float, ...], ...], ...]
    """For each item, option and counted token, in nats; as the model gives them, so maybe not finite."""


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
        if not math.isfinite(sum(sums)):
            raise ValueError(
                f"The model gives log-likelihoods that are not finite in {model.dtype}: load it in bfloat16 "
                "or float32."
            )
        values = iter(sums)
        by_item = tuple(tuple(itertools.islice(values, count)) for count in batch.option_counts)
        yield BatchScores(batch.items, by_item)


def token_loglikelihoods(
    model: PreTrainedModel, plan: ChoicePlan, cancelled: Callable[[], bool] | None = None
) -> Iterator[BatchTokenScores]:
    """The same for each token of the options, computed as in `loglikelihoods`.

    Raises:
        ValueError: an item alone does not fit in memory.
    """
    for batch, table in _tables(model, plan, cancelled):
        _, _, options, tokens = batch.predictions.table.unbind(dim=1)  # option by option, token by token
        values = iter(table.cpu()[options, tokens].tolist())
        counts = options.bincount(minlength=len(table)).tolist()
        by_option = (tuple(itertools.islice(values, count)) for count in counts)
        by_item = tuple(tuple(itertools.islice(by_option, count)) for count in batch.option_counts)
        yield BatchTokenScores(batch.items, by_item)


def _tables(
    model: PreTrainedModel, plan: ChoicePlan, cancelled: Callable[[], bool] | None
) -> Iterator[tuple[Batch, Tensor]]:
    """Every batch of a plan, halved until it fits in memory, with its table of log-likelihoods."""
    index = 0
    prefix: Prefix | None = None
    while index < len(plan.batches):
        if cancelled is not None and cancelled():
            return
        batch = plan.batches[index]
        if index == 0 or batch.prefix != plan.batches[index - 1].prefix:
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
            plan.halve(index)
            release_memory(model.device)
            continue
        yield batch, table
        index += 1


@torch.inference_mode()
def _token_table(model: PreTrainedModel, batch: Batch, prefix: Prefix | None) -> Tensor:
    """(options, longest) float32: the log-likelihood of every token, 0 where there is none."""
    with attending_to(model, prefix):
        hidden = batch.rows.hidden_states(model, added_mask=bool(batch.prefix))
    table = torch.zeros(batch.table_shape, device=hidden.device)
    for part in batch.parts:
        logits = head_logits(model, hidden[part.positions])
        found = logits[part.predictors, part.targets] - logits.logsumexp(dim=1)[part.predictors]
        table.view(-1)[part.cells] = found
    return table


@torch.inference_mode()
def greedy_options(model: PreTrainedModel, item: EncodedChoice, max_length: int) -> tuple[bool, ...]:
    """For each option of an item, whether greedy decoding would give it; a forward pass for each option.

    What is longer than max_length tokens is cut from the left.
    """
    found = []
    for option, first in zip(item.continuation_ids, item.first_scored, strict=True):
        whole = item.context_ids + option
        ids = torch.tensor([whole[-max_length - 1 :]], device=model.device)
        start = ids.shape[1] - len(option) + first
        logits = model(input_ids=ids[:, :-1], logits_to_keep=ids.shape[1] - start).logits[0]
        found.append(bool((logits.argmax(dim=-1) == ids[0, start:]).all()))
    return tuple(found)
