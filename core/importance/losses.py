"""A loss as a row of tokens with factors, and batches of rows, each from one half of the items.

Every loss here is a weighted sum of token log-likelihoods. An item is one row, packed as in evaluation: its
context once, and behind it the options that the loss reads.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.importance.memory import CPU_BATCH_TOKENS
from core.importance.scoring_rule import Loss
from core.inference.batching import cheapest_batches, pass_cost
from core.inference.choice_plan import PackedRows, Predictions, pack_rows, predictions_of, row_length
from core.inference.encoding import EncodedChoice, cut_context

PADDING = 0
"""The token that rows are padded with; nothing attends to it and no loss reads it, so any would do."""


@dataclass(frozen=True)
class LossItem:
    """The loss of one item: the sum over options of factor times the log-likelihoods of their tokens."""

    read: EncodedChoice
    """Its context, maybe cut, and the options that the loss reads."""
    factors: tuple[float, ...]
    """For each of these options, what each log-likelihood is multiplied by."""
    is_cut: bool
    """Whether its context lost tokens on the left."""

    @property
    def length(self) -> int:
        """Tokens of its row."""
        return row_length(self.read)


def loss_item(item: EncodedChoice, loss: Loss, max_length: int) -> LossItem:
    """The options and factors whose weighted log-likelihoods add up to the item's loss.

    `full`: the mean negative log-likelihood of all tokens of context and right continuation but the first;
    `margin`: minus the right continuation's mean log-likelihood plus the mean of the others'.
    The context is cut as in evaluation (`cut_context`), the same for every loss.

    Raises:
        ValueError: the item has no token to score, no other option to compare with, or does not fit.
    """
    if not item.context_ids or not all(item.continuation_ids):
        raise ValueError(f"Item {item.item_id} has an empty context or option: give it a token.")
    fitting = cut_context(item, max_length)
    is_cut = fitting is not item
    options, answer = fitting.continuation_ids, fitting.answer_index
    if loss == "full":
        whole = fitting.context_ids + options[answer]
        all_tokens = replace(fitting, context_ids=whole[:1], continuation_ids=(whole[1:],), answer_index=0)
        return LossItem(all_tokens, (-1.0 / (len(whole) - 1),), is_cut)
    if len(options) == 1:
        raise ValueError(f"Item {item.item_id} has one option, but the loss 'margin' compares options.")
    others = len(options) - 1
    factors = ((-1.0 if i == answer else 1.0 / others) / len(ids) for i, ids in enumerate(options))
    return LossItem(fitting, tuple(factors), is_cut)


@dataclass(frozen=True)
class Batch:
    """Items that go through the model together, a row each."""

    items: tuple[LossItem, ...]
    half: int
    """0: items at even indices of the list; 1: at odd indices."""

    @property
    def lengths(self) -> list[int]:
        """Tokens of each row."""
        return [item.length for item in self.items]

    def rows(self) -> PackedRows:
        """The rows, on the CPU; causal attention will do if no two options of an item have inputs."""
        read = [item.read for item in self.items]
        is_causal = all(sum(len(ids) > 1 for ids in one.continuation_ids) < 2 for one in read)
        return pack_rows(read, PADDING, is_causal=is_causal)

    def predictions(self) -> Predictions:
        """The tokens whose log-likelihoods count."""
        return predictions_of([item.read for item in self.items], max(self.lengths))

    def factors(self) -> Tensor:
        """(options,) float32: the factors of the items' options."""
        return torch.tensor([factor for item in self.items for factor in item.factors])


def plan_batches(items: Sequence[LossItem], batch_size: int, device: str) -> list[Batch]:
    """Batches that are quickest on a kind of device, the longest items first.

    They have at most batch_size rows, and on a CPU at most CPU_BATCH_TOKENS padded tokens or a single row.
    """
    batches: list[Batch] = []
    for half in (0, 1):
        ordered = sorted(items[half::2], key=lambda item: -item.length)
        lengths = [item.length for item in ordered]
        most = CPU_BATCH_TOKENS if device == "cpu" else batch_size * max(lengths, default=0)
        waiting = iter(ordered)
        for rows in cheapest_batches(lengths, most, pass_cost(device), batch_size):
            batches.append(Batch(tuple(itertools.islice(waiting, rows)), half))
    return batches
