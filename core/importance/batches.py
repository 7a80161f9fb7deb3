"""Batches of whole items: right-padded, bucketed by length, each from one half of the items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.importance.losses import LossItem

PADDING = 0
"""The token that fills rows up; attention is causal and no loss reads it, so any would do."""


@dataclass(frozen=True)
class Batch:
    """Rows that go through the model together; the rows of an item follow each other."""

    items: tuple[LossItem, ...]
    half: int
    """0: items at even places of the list; 1: at odd places."""

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
        """For each counted token: row, place that predicts it, id (int64), and factor (float32)."""
        rows = [row for item in self.items for row in item.rows]
        counted = [
            (number, place) for number, row in enumerate(rows) for place in range(row.first, len(row.tokens))
        ]
        numbers, places = torch.tensor(counted).unbind(1)
        ids = torch.tensor([rows[number].tokens[place] for number, place in counted])
        factors = torch.tensor([rows[number].factor for number, _ in counted])
        return numbers, places - 1, ids, factors


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
