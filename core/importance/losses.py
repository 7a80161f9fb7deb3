"""A loss as sequences with a factor for each: every loss here is a weighted sum of token log-likelihoods."""

from __future__ import annotations

from dataclasses import dataclass

from core.importance.scoring_rule import Loss
from core.inference.encoding import EncodedChoice, cut_context


@dataclass(frozen=True)
class Row:
    """One sequence of a loss."""

    tokens: tuple[int, ...]
    first: int
    """Place of the first token whose log-likelihood counts; at least 1."""
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
        rows = _margin_rows(fitting)
    return LossItem(item.item_id, tuple(rows), fitting is not item)


def _margin_rows(item: EncodedChoice) -> list[Row]:
    others = len(item.continuation_ids) - 1
    if not others:
        raise ValueError(f"Item {item.item_id} has one option, but the loss 'margin' compares options.")
    return [
        _continuation_row(item.context_ids, ids, -1.0 if place == item.answer_index else 1.0 / others)
        for place, ids in enumerate(item.continuation_ids)
    ]


def _continuation_row(context: tuple[int, ...], continuation: tuple[int, ...], factor: float) -> Row:
    """The row that adds factor times the continuation's mean log-likelihood."""
    return Row(context + continuation, len(context), factor / len(continuation))
