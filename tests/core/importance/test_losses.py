"""Batches of items: whole, small, of one half each, and hardly padded."""

from __future__ import annotations

import random

import pytest

from core.importance.gradients import LossItem, loss_item, plan_batches
from core.importance.plan import CPU_BATCH_TOKENS, ItemsShape, batch_tokens
from core.inference.encoding import EncodedChoice


def encoded(n: int, longest: int) -> list[EncodedChoice]:
    rng = random.Random(0)
    return [
        EncodedChoice(str(i), (1,) * rng.randint(1, longest), ((1, 2), (3, 4, 5), (6,)), 0) for i in range(n)
    ]


def prepared(n: int, longest: int) -> list[LossItem]:
    return [loss_item(item, "margin", 4096) for item in encoded(n, longest)]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize(("n", "longest"), [(1, 10), (41, 100), (40, 1000)])
def test_batches_hold_each_item_once_and_stay_in_their_bounds(n: int, longest: int, device: str) -> None:
    items = prepared(n, longest)
    batches = plan_batches(items, 16, device)
    for half in (0, 1):
        found = [item for batch in batches if batch.half == half for item in batch.items]
        assert sorted(item.read.item_id for item in found) == sorted(map(str, range(half, n, 2)))
        assert [item.length for item in found] == sorted((item.length for item in found), reverse=True)
    planned = batch_tokens(ItemsShape.of(encoded(n, longest), "margin", 4096), 16, on_gpu=device != "cpu")
    for batch in batches:
        padded = len(batch.items) * max(batch.lengths)
        assert len(batch.items) <= 16
        assert padded <= planned
        assert device != "cpu" or padded <= CPU_BATCH_TOKENS or len(batch.items) == 1


def test_few_items_are_hardly_padded() -> None:
    items = prepared(40, 100)
    padded = sum(len(batch.items) * max(batch.lengths) for batch in plan_batches(items, 16, "cpu"))
    assert padded < 1.15 * sum(item.length for item in items)
