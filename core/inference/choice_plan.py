"""How multiple-choice items go through a model: all options of an item in one row, many items in a batch.

A row holds the context and then every option but its last token. The context's last position predicts the
first token of every option; the rest of an option sees the context and itself only, at positions that go on
from the context. A batch whose options are single tokens needs nothing but the contexts.

Items whose contexts begin alike (the worked examples of a benchmark, a passage) are batches of their own:
what they share is read once, and their rows hold what comes after it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from core.inference.batching import cheapest_batches, pass_cost
from core.inference.encoding import EncodedChoice, cut_context
from core.inference.head_parts import HeadPart, Predictions, head_parts
from core.inference.prefix_groups import LOOKS, group_by_prefix

BatchSize = int | Literal["auto"]

TOKENS_ON_CPU = 1024
"""Padded tokens of a batch of size `auto` on a CPU: larger ones leave its caches and take twice as long."""

TOKENS_ON_GPU = 8192
"""The same on a GPU. An item longer than that is a batch of its own."""


@dataclass(frozen=True)
class Batch:
    """Items that go through the model together."""

    items: tuple[int, ...]
    """Which items of the plan."""
    option_counts: tuple[int, ...]
    """Options of each of these items."""
    prefix: tuple[int, ...]
    """What all contexts of the batch begin with, and its rows do not; may be empty."""
    input_ids: Tensor
    """(B, T) int64, padded on the right."""
    position_ids: Tensor | None
    """(B, T) int64; None when every option is a single token and there is no prefix."""
    segments: Tensor | None
    """(B, T) int64: 0 the context, j the j-th option, -1 padding; None as position_ids."""
    predictions: Predictions
    """The tokens to predict."""
    parts: tuple[HeadPart, ...]
    """The same by position, so many at once as go through the language-model head."""

    @property
    def tokens(self) -> int:
        """The size of the batch in memory: its tokens, and for each row those of the prefix."""
        return len(self.items) * (len(self.prefix) + self.input_ids.shape[1])

    @property
    def table_shape(self) -> tuple[int, int]:
        """Options of the batch, and tokens of the longest: its table of log-likelihoods."""
        return sum(self.option_counts), self.predictions.longest

    def halves(self) -> tuple[Batch, Batch]:
        """The batch as two, of rows as wide as before."""
        middle = len(self.items) // 2
        return self._rows(0, middle), self._rows(middle, len(self.items))

    def _rows(self, first: int, end: int) -> Batch:
        rows = slice(first, end)
        option, options = sum(self.option_counts[:first]), sum(self.option_counts[rows])
        width = self.input_ids.shape[1]
        predictions = self.predictions.part((first * width, end * width), (option, option + options))
        return replace(
            self,
            items=self.items[rows],
            option_counts=self.option_counts[rows],
            input_ids=self.input_ids[rows],
            position_ids=None if self.position_ids is None else self.position_ids[rows],
            segments=None if self.segments is None else self.segments[rows],
            predictions=predictions,
            parts=head_parts(predictions, self.input_ids.device),
        )


@dataclass
class ChoicePlan:
    """How a list of items goes through a model: made once, used for the intact and every ablated model."""

    batches: tuple[Batch, ...]
    truncated: int
    """Items whose context was cut from the left."""

    def halve(self, place: int) -> None:
        """Halves a batch that did not fit in memory, and until they are smaller all after it of its size.

        The plan stays so: the next model goes through it in the same batches.

        Raises:
            ValueError: it is a single item.
        """
        failed = self.batches[place]
        if len(failed.items) == 1:
            raise ValueError(
                f"An item of {failed.tokens:,} tokens does not fit in memory beside the model: load "
                "the model in bfloat16 or 4-bit, or on a device with more memory."
            )
        later: list[Batch] = []
        waiting = list(reversed(self.batches[place:]))
        while waiting:
            batch = waiting.pop()
            if batch.tokens >= failed.tokens and len(batch.items) > 1:
                waiting += reversed(batch.halves())
            else:
                later.append(batch)
        self.batches = (*self.batches[:place], *later)


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
    kind = torch.device(device).type
    batches: list[Batch] = []
    # A context's last token stays in the row, because it predicts the first tokens of the options.
    for group in group_by_prefix([item.context_ids[:-1] for item in cut], 2 * pass_cost(kind)):
        prefix = cut[group.members[0]].context_ids[: group.length]
        rows = [(i, _without_prefix(cut[i], group.length)) for i in group.members]
        parts = _grouped(rows, prefix, batch_size, kind)
        batches += [_make_batch(part, prefix, device, pad_id) for part in parts]
    return ChoicePlan(tuple(batches), truncated)


def _without_prefix(item: EncodedChoice, length: int) -> EncodedChoice:
    return replace(item, context_ids=item.context_ids[length:]) if length else item


def _is_plain(item: EncodedChoice) -> bool:
    """Whether all options are single tokens."""
    return all(len(ids) == 1 for ids in item.continuation_ids)


def _row_length(item: EncodedChoice) -> int:
    """Tokens of the item's row."""
    return len(item.context_ids) + sum(len(ids) - 1 for ids in item.continuation_ids)


def _grouped(
    items: Sequence[tuple[int, EncodedChoice]], prefix: tuple[int, ...], batch_size: BatchSize, device: str
) -> list[list[tuple[int, EncodedChoice]]]:
    """The items in batches, the longest first; without a prefix, plain ones and others never share one."""

    def kind(numbered: tuple[int, EncodedChoice]) -> bool:
        return not prefix and _is_plain(numbered[1])

    groups: list[list[tuple[int, EncodedChoice]]] = []
    ordered = sorted(items, key=lambda numbered: (kind(numbered), -_row_length(numbered[1]), numbered[0]))
    for _, same_kind in itertools.groupby(ordered, key=kind):
        rows = list(same_kind)
        sizes = _batch_sizes([_row_length(item) for _, item in rows], len(prefix), batch_size, device)
        waiting = iter(rows)
        groups += [list(itertools.islice(waiting, size)) for size in sizes]
    return groups


def _batch_sizes(lengths: Sequence[int], prefix: int, batch_size: BatchSize, device: str) -> list[int]:
    """Rows of each batch that takes rows of these lengths, the longest first, in their order."""
    if batch_size != "auto":
        full, rest = divmod(len(lengths), batch_size)
        return [batch_size] * full + [rest] * bool(rest)
    most = TOKENS_ON_CPU if device == "cpu" else TOKENS_ON_GPU
    if prefix:
        most = min(most, LOOKS // (prefix + lengths[0]))
    return cheapest_batches(lengths, most, pass_cost(device))


def _make_batch(
    group: Sequence[tuple[int, EncodedChoice]],
    prefix: tuple[int, ...],
    device: torch.device | str,
    pad_id: int,
) -> Batch:
    """The tensors of some items that are of one kind, the first one the longest."""
    numbers, items = zip(*group, strict=True)
    width = _row_length(items[0])
    ids = torch.full((len(items), width), pad_id)
    positions = torch.zeros((len(items), width), dtype=torch.int64)
    segments = torch.full((len(items), width), -1)
    for row, item in enumerate(items):
        length = _row_length(item)
        ids[row, :length], positions[row, :length], segments[row, :length] = torch.tensor(_row_of(item))
    is_causal = not prefix and _is_plain(items[0])
    predictions = _predictions(items, width)
    return Batch(
        items=numbers,
        option_counts=tuple(len(item.continuation_ids) for item in items),
        prefix=prefix,
        input_ids=ids.to(device),
        position_ids=None if is_causal else (positions + len(prefix)).to(device),
        segments=None if is_causal else segments.to(device),
        predictions=predictions,
        parts=head_parts(predictions, device),
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


def _predictions(items: Sequence[EncodedChoice], width: int) -> Predictions:
    """Every token that counts of every option of a batch whose rows have a width."""
    found: list[tuple[int, int, int, int]] = []
    option_row = 0
    for row, item in enumerate(items):
        last = row * width + len(item.context_ids) - 1
        place = last + 1
        for option, first in zip(item.continuation_ids, item.first_scored, strict=True):
            for i, target in enumerate(option[first:], start=first):
                found.append((place + i - 1 if i else last, target, option_row, i))
            place += len(option) - 1
            option_row += 1
    return Predictions(torch.tensor(found), max(len(ids) for item in items for ids in item.continuation_ids))
