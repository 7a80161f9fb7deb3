"""A loss as token sequences with factors, and their batches: right-padded, each from one half of the items.

Every loss here is a weighted sum of token log-likelihoods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.importance.scoring_rule import Loss
from core.inference.encoding import EncodedChoice, TokenIds, cut_context

PADDING = 0
"""The token that rows are padded with; attention is causal and no loss reads it, so any would do."""


@dataclass(frozen=True)
class Row:
    """One sequence of a loss."""

    tokens: TokenIds
    first: int
    """Index of the first token whose log-likelihood counts; at least 1."""
    factor: float
    """What each counted log-likelihood is multiplied by."""


@dataclass(frozen=True)
class LossItem:
    """The loss of one item: the sum over its rows of factor times log-likelihoods."""

    item_id: str
    rows: tuple[Row, ...]
    is_cut: bool
    """Whether its context lost tokens on the left."""

    @property
    def length(self) -> int:
        """Tokens of its longest row."""
        return max(len(row.tokens) for row in self.rows)


def loss_item(item: EncodedChoice, loss: Loss, max_length: int) -> LossItem:
    """The rows whose weighted log-likelihoods add up to the item's loss.

    `answer`: mean negative log-likelihood of the right continuation's tokens; `full`: of all tokens but the
    first; `margin`: minus the right continuation's mean log-likelihood plus the mean of the others'.
    The context is cut as in evaluation (`cut_context`), the same for every row and loss.

    Raises:
        ValueError: the item has no token to score, no other option to compare with, or does not fit.
    """
    if not item.context_ids or not all(item.continuation_ids):
        raise ValueError(f"Item {item.item_id} has an empty context or option: give it a token.")
    fitting = cut_context(item, max_length)
    context, right = fitting.context_ids, fitting.continuation_ids[fitting.answer_index]
    if loss == "answer":
        rows = [_continuation_row(context, right, -1.0)]
    elif loss == "full":
        rows = [Row(context + right, 1, -1.0 / (len(context + right) - 1))]
    else:
        others = len(fitting.continuation_ids) - 1
        if not others:
            raise ValueError(f"Item {item.item_id} has one option, but the loss 'margin' compares options.")
        rows = [
            _continuation_row(context, ids, -1.0 if i == fitting.answer_index else 1.0 / others)
            for i, ids in enumerate(fitting.continuation_ids)
        ]
    return LossItem(item.item_id, tuple(rows), fitting is not item)


def _continuation_row(context: TokenIds, continuation: TokenIds, factor: float) -> Row:
    """The row that adds factor times the continuation's mean log-likelihood."""
    return Row(context + continuation, len(context), factor / len(continuation))


@dataclass(frozen=True)
class Batch:
    """Rows that go through the model together; the rows of an item follow each other."""

    items: tuple[LossItem, ...]
    half: int
    """0: items at even indices of the list; 1: at odd indices."""

    def row_ranges(self) -> list[tuple[int, int]]:
        """First and past-the-last row of each item."""
        ends = torch.tensor([len(item.rows) for item in self.items]).cumsum(0).tolist()
        return list(zip([0, *ends[:-1]], ends, strict=True))

    def input_ids(self) -> Tensor:
        """(B, T) int64; the last token of a row is only a target, so T is one less than the longest."""
        inputs = [row.tokens[:-1] for item in self.items for row in item.rows]
        width = max(map(len, inputs))
        return torch.tensor([[*tokens, *[PADDING] * (width - len(tokens))] for tokens in inputs])

    def targets(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """For each counted token: row, position that predicts it, id (int64), and factor (float32)."""
        rows = [row for item in self.items for row in item.rows]
        counted = [(number, i) for number, row in enumerate(rows) for i in range(row.first, len(row.tokens))]
        numbers, indices = torch.tensor(counted).unbind(1)
        ids = torch.tensor([rows[number].tokens[i] for number, i in counted])
        factors = torch.tensor([rows[number].factor for number, _ in counted])
        return numbers, indices - 1, ids, factors


def plan_batches(items: Sequence[LossItem], batch_size: int) -> list[Batch]:
    """Batches of at most batch_size rows (but always whole items), the longest items first."""
    batches: list[Batch] = []
    for half in (0, 1):
        group: list[LossItem] = []
        for item in sorted(items[half::2], key=lambda item: -item.length):
            if group and sum(len(member.rows) for member in [*group, item]) > batch_size:
                batches.append(Batch(tuple(group), half))
                group = []
            group.append(item)
        if group:
            batches.append(Batch(tuple(group), half))
    return batches
