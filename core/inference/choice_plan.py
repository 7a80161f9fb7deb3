"""How multiple-choice items go through a model: all options of an item in one row, many items in a batch.

A batch whose options are single tokens needs nothing but the contexts.

Items whose contexts begin alike (the worked examples of a benchmark, a passage) are batches of their own:
the shared prefix is read once, and their rows hold what comes after it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch

from core.inference.batching import cheapest_batches, pass_cost
from core.inference.encoding import EncodedChoice, TokenIds, cut_context
from core.inference.head import HeadPart, Predictions, head_parts
from core.inference.packed_rows import PackedRows, pack_rows, predictions_of, row_length
from core.inference.shared_prefix import LOOKS, group_by_prefix

BatchSize = int | Literal["auto"]

TOKENS_ON_CPU = 1024
"""Padded tokens of a batch of size `auto` on a CPU: larger ones leave its caches and take twice as long."""

TOKENS_ON_GPU = 8192
"""The same on a GPU. An item longer than that is a batch of its own."""


@dataclass(frozen=True)
class Batch:
    """Items that go through the model together."""

    items: tuple[int, ...]
    """Indices of the items in the plan."""
    option_counts: tuple[int, ...]
    """Number of options of each of these items."""
    prefix: TokenIds
    """What all contexts of the batch begin with, and its rows do not; may be empty."""
    rows: PackedRows
    """Causal when every option is a single token and there is no prefix."""
    predictions: Predictions
    """The tokens to predict."""
    parts: tuple[HeadPart, ...]
    """The same by position, in parts that go through the language-model head at once."""

    @property
    def tokens(self) -> int:
        """The size of the batch in memory: its tokens, and for each row those of the prefix."""
        return len(self.items) * (len(self.prefix) + self.rows.width)

    @property
    def table_shape(self) -> tuple[int, int]:
        """Shape of its table of log-likelihoods: options, and tokens of the longest."""
        return sum(self.option_counts), self.predictions.longest

    def halves(self) -> tuple[Batch, Batch]:
        """The batch as two, of rows as wide as before."""
        middle = len(self.items) // 2
        return self._part(0, middle), self._part(middle, len(self.items))

    def _part(self, first: int, end: int) -> Batch:
        part = slice(first, end)
        option, options = sum(self.option_counts[:first]), sum(self.option_counts[part])
        width = self.rows.width
        predictions = self.predictions.part((first * width, end * width), (option, option + options))
        return replace(
            self,
            items=self.items[part],
            option_counts=self.option_counts[part],
            rows=self.rows.part(first, end),
            predictions=predictions,
            parts=head_parts(predictions, self.rows.input_ids.device),
        )


@dataclass
class ChoicePlan:
    """How a list of items goes through a model: made once, used for the intact and every ablated model."""

    batches: tuple[Batch, ...]
    truncated: int
    """Number of items whose context was cut from the left."""

    def halve(self, index: int) -> None:
        """Halves a batch that did not fit in memory, and all later ones of its size, until they are smaller.

        The plan stays so: the next model goes through it in the same batches.

        Raises:
            ValueError: it is a single item.
        """
        failed = self.batches[index]
        if len(failed.items) == 1:
            raise ValueError(
                f"An item of {failed.tokens:,} tokens does not fit in memory beside the model: load "
                "the model in bfloat16 or 4-bit, or on a device with more memory."
            )
        later: list[Batch] = []
        waiting = list(reversed(self.batches[index:]))
        while waiting:
            batch = waiting.pop()
            if batch.tokens >= failed.tokens and len(batch.items) > 1:
                waiting += reversed(batch.halves())
            else:
                later.append(batch)
        self.batches = (*self.batches[:index], *later)


def plan_choices(
    encoded: Sequence[EncodedChoice],
    device: torch.device | str,
    batch_size: BatchSize,
    pad_id: int,
    max_length: int,
) -> ChoicePlan:
    """The plan of a list of items: items of similar length together, the longest first.

    Args:
        encoded: the items.
        device: the model's.
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
        rows = [(i, replace(cut[i], context_ids=cut[i].context_ids[group.length :])) for i in group.members]
        parts = _grouped(rows, prefix, batch_size, kind)
        batches += [_make_batch(part, prefix, device, pad_id) for part in parts]
    return ChoicePlan(tuple(batches), truncated)


def _is_plain(item: EncodedChoice) -> bool:
    """Whether all options are single tokens."""
    return all(len(ids) == 1 for ids in item.continuation_ids)


def _grouped(
    items: Sequence[tuple[int, EncodedChoice]], prefix: TokenIds, batch_size: BatchSize, device: str
) -> list[list[tuple[int, EncodedChoice]]]:
    """The items in batches, the longest first; without a prefix, plain ones and others never share one."""

    def kind(numbered: tuple[int, EncodedChoice]) -> bool:
        return not prefix and _is_plain(numbered[1])

    groups: list[list[tuple[int, EncodedChoice]]] = []
    ordered = sorted(items, key=lambda numbered: (kind(numbered), -row_length(numbered[1]), numbered[0]))
    for _, same_kind in itertools.groupby(ordered, key=kind):
        rows = list(same_kind)
        sizes = _batch_sizes([row_length(item) for _, item in rows], len(prefix), batch_size, device)
        waiting = iter(rows)
        groups += [list(itertools.islice(waiting, size)) for size in sizes]
    return groups


def _batch_sizes(lengths: Sequence[int], prefix: int, batch_size: BatchSize, device: str) -> list[int]:
    """Number of rows of each batch, for rows of these lengths in order, the longest first."""
    if batch_size != "auto":
        full, rest = divmod(len(lengths), batch_size)
        return [batch_size] * full + [rest] * bool(rest)
    most = TOKENS_ON_CPU if device == "cpu" else TOKENS_ON_GPU
    if prefix:
        most = min(most, LOOKS // (prefix + lengths[0]))
    return cheapest_batches(lengths, most, pass_cost(device))


def _make_batch(
    group: Sequence[tuple[int, EncodedChoice]], prefix: TokenIds, device: torch.device | str, pad_id: int
) -> Batch:
    """The tensors of some items of one kind."""
    numbers, items = zip(*group, strict=True)
    is_causal = not prefix and _is_plain(items[0])
    rows = pack_rows(items, pad_id, is_causal=is_causal, prefix=len(prefix)).to(device)
    found = predictions_of(items, rows.width)
    return Batch(
        items=numbers,
        option_counts=tuple(len(item.continuation_ids) for item in items),
        prefix=prefix,
        rows=rows,
        predictions=found,
        parts=head_parts(found, device),
    )
