"""How multiple-choice items go through a model: all options of an item in one row, many items in a batch.

A row holds the context and then every option but its last token. The context's last position predicts the
first token of every option; the rest of an option sees the context and itself only, at positions that go on
from the context. A batch whose options are single tokens needs nothing but the contexts.

Items whose contexts begin alike (the worked examples of a benchmark, a passage) are batches of their own:
the shared prefix is read once, and their rows hold what comes after it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from core.inference.batching import cheapest_batches, pass_cost
from core.inference.encoding import EncodedChoice, TokenIds, cut_context
from core.inference.shared_prefix import LOOKS, group_by_prefix

BatchSize = int | Literal["auto"]

TOKENS_ON_CPU = 1024
"""Padded tokens of a batch of size `auto` on a CPU: larger ones leave its caches and take twice as long."""

TOKENS_ON_GPU = 8192
"""The same on a GPU. An item longer than that is a batch of its own."""

HEAD_POSITIONS = 512
"""Positions whose logits are in memory at once: 512 rows of 128,000 words are 0.26 GB in float32."""


@dataclass(frozen=True)
class Predictions:
    """The tokens that a batch has to predict."""

    table: Tensor
    """(N, 4) int64, on the CPU: the position (of B * T) that predicts a token, its id, its option and its
    index in the option."""
    longest: int
    """Tokens of the longest option."""

    def part(self, positions: tuple[int, int], options: tuple[int, int]) -> Predictions:
        """Those in a range of positions; positions and options are numbered anew from its first."""
        chosen = (self.table[:, 0] >= positions[0]) & (self.table[:, 0] < positions[1])
        shift = torch.tensor([positions[0], 0, options[0], 0])
        return Predictions(self.table[chosen] - shift, self.longest)


@dataclass(frozen=True)
class HeadPart:
    """Positions that the language-model head is applied to at once, and the tokens they have to predict."""

    positions: Tensor
    """(P,) int64: indices of hidden states in the flattened batch (B * T)."""
    predictors: Tensor
    """(N,) int64: for each token to predict, which of the P."""
    targets: Tensor
    """(N,) int64: the token ids to predict."""
    cells: Tensor
    """(N,) int64: index of each token's log-likelihood in the flattened table of the batch."""


def head_parts(predictions: Predictions, device: torch.device | str) -> tuple[HeadPart, ...]:
    """The predictions by position, at most HEAD_POSITIONS positions at once."""
    positions, predictors = torch.unique(predictions.table[:, 0], return_inverse=True)
    cells = predictions.table[:, 2] * predictions.longest + predictions.table[:, 3]
    parts = []
    for start in range(0, len(positions), HEAD_POSITIONS):
        chosen = (predictors >= start) & (predictors < start + HEAD_POSITIONS)
        part = HeadPart(
            positions=positions[start : start + HEAD_POSITIONS].to(device),
            predictors=(predictors[chosen] - start).to(device),
            targets=predictions.table[chosen, 1].to(device),
            cells=cells[chosen].to(device),
        )
        parts.append(part)
    return tuple(parts)


@dataclass(frozen=True)
class Batch:
    """Items that go through the model together."""

    items: tuple[int, ...]
    """Indices of the items in the plan."""
    option_counts: tuple[int, ...]
    """Number of options of each of these items."""
    prefix: TokenIds
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
    """The same by position, in parts that go through the language-model head at once."""

    @property
    def tokens(self) -> int:
        """The size of the batch in memory: its tokens, and for each row those of the prefix."""
        return len(self.items) * (len(self.prefix) + self.input_ids.shape[1])

    @property
    def table_shape(self) -> tuple[int, int]:
        """Shape of its table of log-likelihoods: options, and tokens of the longest."""
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


def _row_length(item: EncodedChoice) -> int:
    """Tokens of the item's row."""
    return len(item.context_ids) + sum(len(ids) - 1 for ids in item.continuation_ids)


def _grouped(
    items: Sequence[tuple[int, EncodedChoice]], prefix: TokenIds, batch_size: BatchSize, device: str
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
    """The tensors of some items of one kind, the first one the longest."""
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
    """Every counted token of every option, in a batch of rows of this width."""
    found: list[tuple[int, int, int, int]] = []
    option_row = 0
    for row, item in enumerate(items):
        last = row * width + len(item.context_ids) - 1
        start = last + 1  # of the option in the row
        for option, first in zip(item.continuation_ids, item.first_scored, strict=True):
            for i, target in enumerate(option[first:], start=first):
                found.append((start + i - 1 if i else last, target, option_row, i))
            start += len(option) - 1
            option_row += 1
    return Predictions(torch.tensor(found), max(len(ids) for item in items for ids in item.continuation_ids))
