"""How multiple-choice items go through a model: all options of an item in one row, many items in a batch.

A row holds the context and then every option but its last token. The context's last position predicts the
first token of every option; the rest of an option sees the context and itself only, at positions that go on
from the context. A batch whose options are single tokens needs nothing but the contexts.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from core.inference.encoding import EncodedChoice, cut_context

BatchSize = int | Literal["auto"]

TOKENS_ON_CPU = 1024
"""Padded tokens of a batch of size `auto` on a CPU: larger ones leave its caches and take twice as long."""

TOKENS_ON_GPU = 8192
"""The same on a GPU. An item longer than that is a batch of its own."""

HEAD_POSITIONS = 512
"""Positions whose logits are in memory at once: 512 rows of 128,000 words are 0.26 GB in float32."""


@dataclass(frozen=True)
class HeadPart:
    """Positions that the language-model head is applied to at once, and the tokens they have to predict."""

    positions: Tensor
    """(P,) int64: which hidden states, in the flattened batch (B * T)."""
    predictors: Tensor
    """(N,) int64: for each token to predict, which of the P."""
    targets: Tensor
    """(N,) int64: the token ids to predict."""
    cells: Tensor
    """(N,) int64: where each token's log-likelihood goes in the flattened table of the batch."""


@dataclass(frozen=True)
class Batch:
    """Items that go through the model together."""

    items: tuple[int, ...]
    """Which items of the plan."""
    option_counts: tuple[int, ...]
    """Options of each of these items."""
    longest_option: int
    """Tokens; the table of log-likelihoods is (options of the batch, longest_option)."""
    input_ids: Tensor
    """(B, T) int64, padded on the right."""
    position_ids: Tensor | None
    """(B, T) int64; None when every option is a single token."""
    segments: Tensor | None
    """(B, T) int64: 0 the context, j the j-th option, -1 padding; None as position_ids."""
    parts: tuple[HeadPart, ...]


@dataclass(frozen=True)
class ChoicePlan:
    """How a list of items goes through a model: made once, used for the intact and every ablated model."""

    batches: tuple[Batch, ...]
    truncated: int
    """Items whose context was cut from the left."""


def plan_choices(
    encoded: Sequence[EncodedChoice],
    device: torch.device | str,
    batch_size: BatchSize,
    pad_id: int,
    max_length: int,
) -> ChoicePlan:
    """The plan of a list of items: items of like length together, the longest first.

    Args:
        encoded: the items.
        device: where the model is.
        batch_size: items in a batch; `auto` fills a batch up to a number of tokens.
        pad_id: any valid token id; no result depends on it.
        max_length: tokens of a sequence at most; longer contexts are cut from the left and counted.

    Raises:
        ValueError: batch_size is below 1, or an option alone is longer than max_length.
    """
    if batch_size != "auto" and batch_size < 1:
        raise ValueError(f"The batch size is {batch_size}: give 'auto' or a number from 1 up.")
    cut = [cut_context(item, max_length) for item in encoded]
    truncated = sum(new is not old for new, old in zip(cut, encoded, strict=True))
    order = sorted(range(len(cut)), key=lambda i: (_is_plain(cut[i]), -_row_length(cut[i]), i))
    tokens = TOKENS_ON_CPU if torch.device(device).type == "cpu" else TOKENS_ON_GPU
    groups = _grouped([(i, cut[i]) for i in order], batch_size, tokens)
    return ChoicePlan(tuple(_make_batch(group, device, pad_id) for group in groups), truncated)


def _is_plain(item: EncodedChoice) -> bool:
    """Whether all options are single tokens."""
    return all(len(ids) == 1 for ids in item.continuation_ids)


def _row_length(item: EncodedChoice) -> int:
    """Tokens of the item's row."""
    return len(item.context_ids) + sum(len(ids) - 1 for ids in item.continuation_ids)


def _grouped(
    items: Sequence[tuple[int, EncodedChoice]], batch_size: BatchSize, tokens: int
) -> list[list[tuple[int, EncodedChoice]]]:
    """The items in batches, in the given order (longest first); plain ones and others never share one."""
    groups: list[list[tuple[int, EncodedChoice]]] = []
    for _, same_kind in itertools.groupby(items, key=lambda numbered: _is_plain(numbered[1])):
        waiting = list(same_kind)
        while waiting:
            auto = max(tokens // _row_length(waiting[0][1]), 1)
            size = auto if batch_size == "auto" else batch_size
            groups.append(waiting[:size])
            waiting = waiting[size:]
    return groups


def _make_batch(group: Sequence[tuple[int, EncodedChoice]], device: torch.device | str, pad_id: int) -> Batch:
    """The tensors of some items that are of one kind, the first one the longest."""
    numbers, items = zip(*group, strict=True)
    width = _row_length(items[0])
    ids = torch.full((len(items), width), pad_id)
    positions = torch.zeros((len(items), width), dtype=torch.int64)
    segments = torch.full((len(items), width), -1)
    for row, item in enumerate(items):
        length = _row_length(item)
        ids[row, :length], positions[row, :length], segments[row, :length] = torch.tensor(_row_of(item))
    longest_option = max(len(ids) for item in items for ids in item.continuation_ids)
    plain = _is_plain(items[0])
    return Batch(
        items=numbers,
        option_counts=tuple(len(item.continuation_ids) for item in items),
        longest_option=longest_option,
        input_ids=ids.to(device),
        position_ids=None if plain else positions.to(device),
        segments=None if plain else segments.to(device),
        parts=_head_parts(_predictions(items, width, longest_option), device),
    )


def _row_of(item: EncodedChoice) -> list[list[int]]:
    """Token ids, positions and segments of an item's row."""
    context = len(item.context_ids)
    ids, positions, segments = list(item.context_ids), list(range(context)), [0] * context
    for number, option in enumerate(item.continuation_ids, start=1):
        inputs = option[:-1]
        ids += inputs
        positions += range(context, context + len(inputs))
        segments += [number] * len(inputs)
    return [ids, positions, segments]


def _predictions(items: Sequence[EncodedChoice], width: int, longest_option: int) -> Tensor:
    """(N, 3) int64: for every token of every option, the position that predicts it, its id and its cell."""
    found: list[tuple[int, int, int]] = []
    option_row = 0
    for row, item in enumerate(items):
        last = row * width + len(item.context_ids) - 1
        place = last + 1
        for option in item.continuation_ids:
            found.append((last, option[0], option_row * longest_option))
            for i, target in enumerate(option[1:], start=1):
                found.append((place, target, option_row * longest_option + i))
                place += 1
            option_row += 1
    return torch.tensor(found)


def _head_parts(predictions: Tensor, device: torch.device | str) -> tuple[HeadPart, ...]:
    """The predictions by position, at most HEAD_POSITIONS of these at once."""
    positions, predictors = torch.unique(predictions[:, 0], return_inverse=True)
    parts = []
    for start in range(0, len(positions), HEAD_POSITIONS):
        chosen = (predictors >= start) & (predictors < start + HEAD_POSITIONS)
        part = HeadPart(
            positions=positions[start : start + HEAD_POSITIONS].to(device),
            predictors=(predictors[chosen] - start).to(device),
            targets=predictions[chosen, 1].to(device),
            cells=predictions[chosen, 2].to(device),
        )
        parts.append(part)
    return tuple(parts)
