"""How multiple-choice items go through a model: all options of an item in one row, many items in a batch.

A row has the context once, and behind it every option but its last token. The context's last position
predicts the first token of every option; the rest of an option sees the context and itself only, at positions
that go on from the context. A batch whose options are single tokens needs nothing but the contexts.

Items whose contexts begin alike (the worked examples of a benchmark, a passage) are batches of their own:
the shared prefix is read once, and their rows hold what comes after it. A long context is read like a prefix,
by itself. An item whose options are cut in different places is a batch of its own, with a row for each.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.inference.attention import LONGEST_REST, LOOKS, Masks, additive_mask, group_by_prefix, layer_masks
from core.inference.batching import HEAD_POSITIONS, cheapest_batches, pass_cost
from core.inference.encoding import EncodedChoice, TokenIds, cut_options, cuts_of

BatchSize = int | Literal["auto"]

Numbered = tuple[int, EncodedChoice]
"""An item, or some of its options, with its index."""

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
    """One for each item, or for each option of a single item; causal where that will do."""
    predictions: Predictions
    """The tokens to predict."""
    parts: tuple[HeadPart, ...]
    """The same by position, in parts that go through the language-model head at once."""

    @property
    def tokens(self) -> int:
        """The size of the batch in memory: its tokens, and for each row those of the prefix."""
        return len(self.rows.input_ids) * (len(self.prefix) + self.rows.width)

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
    cut: tuple[int, ...]
    """For each item, the number of tokens cut from the left of its context; the most of any option."""

    @property
    def truncated(self) -> int:
        """Number of items whose context was cut."""
        return sum(count > 0 for count in self.cut)

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
    cut = [cut_options(item, max_length) for item in encoded]
    kind = torch.device(device).type
    batches: list[Batch] = []
    for prefix, rows in _by_prefix([(i, some[0]) for i, some in enumerate(cut) if len(some) == 1], kind):
        parts = _grouped(rows, prefix, batch_size, kind)
        batches += [_make_batch(part, prefix, device, pad_id) for part in parts]
    apart = [[(i, row) for row in some] for i, some in enumerate(cut) if len(some) > 1]
    batches += [_make_batch(rows, (), device, pad_id) for rows in apart]
    return ChoicePlan(tuple(batches), tuple(max(cuts_of(item, max_length)) for item in encoded))


def _by_prefix(items: Sequence[Numbered], device: str) -> Iterator[tuple[TokenIds, list[Numbered]]]:
    """Prefixes to read by themselves, and the items that go on from each."""

    def without(item: EncodedChoice, length: int) -> EncodedChoice:
        return replace(item, context_ids=item.context_ids[length:])

    # A context's last token stays in the row, because it predicts the first tokens of the options.
    beginnings = [item.context_ids[:-1] for _, item in items]
    for group in group_by_prefix(beginnings, 2 * pass_cost(device)):
        members = [items[i] for i in group.members]
        if group.length:
            prefix = members[0][1].context_ids[: group.length]
            yield prefix, [(i, without(item, group.length)) for i, item in members]
            continue
        is_long = [row_length(item) > LONGEST_REST and not _is_causal(item) for _, item in members]
        for i, item in itertools.compress(members, is_long):
            yield item.context_ids[:-1], [(i, without(item, len(item.context_ids) - 1))]
        if not all(is_long):
            yield (), [member for member, apart in zip(members, is_long, strict=True) if not apart]


def _is_causal(item: EncodedChoice) -> bool:
    """Whether causal attention will do for its row: at most one option has inputs."""
    return sum(len(ids) > 1 for ids in item.continuation_ids) < 2


def _grouped(
    items: Sequence[Numbered], prefix: TokenIds, batch_size: BatchSize, device: str
) -> list[list[Numbered]]:
    """The items in batches, the longest first; without a prefix, causal ones and others never share one."""

    def kind(numbered: Numbered) -> bool:
        return not prefix and _is_causal(numbered[1])

    groups: list[list[Numbered]] = []
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
    group: Sequence[Numbered], prefix: TokenIds, device: torch.device | str, pad_id: int
) -> Batch:
    """The tensors of some items of one kind; an item in several rows is alone."""
    items = [item for _, item in group]
    options: Counter[int] = Counter()
    for number, item in group:
        options[number] += len(item.continuation_ids)
    is_causal = not prefix and all(map(_is_causal, items))
    rows = pack_rows(items, pad_id, is_causal=is_causal, prefix=len(prefix)).to(device)
    found = predictions_of(items, rows.width)
    return Batch(
        items=tuple(options),
        option_counts=tuple(options.values()),
        prefix=prefix,
        rows=rows,
        predictions=found,
        parts=head_parts(found, device),
    )


def row_length(item: EncodedChoice) -> int:
    """Tokens of the item's row."""
    return len(item.context_ids) + sum(len(ids) - 1 for ids in item.continuation_ids)


@dataclass(frozen=True)
class PackedRows:
    """The rows of some items."""

    input_ids: Tensor
    """(B, T) int64, padded on the right."""
    position_ids: Tensor | None
    """(B, T) int64; None where every row is a sequence as any other."""
    segments: Tensor | None
    """(B, T) int64: 0 the context, j the j-th option, -1 padding; None as position_ids."""
    prefix: int = 0
    """Tokens that come before every row."""

    @property
    def width(self) -> int:
        """T."""
        return self.input_ids.shape[1]

    def part(self, first: int, end: int) -> PackedRows:
        """Some of the rows, as wide as before."""
        return self._mapped(lambda one: one[first:end])

    def to(self, device: torch.device | str) -> PackedRows:
        """The same on a device."""
        return self._mapped(lambda one: one.to(device))

    def _mapped(self, change: Callable[[Tensor], Tensor]) -> PackedRows:
        positions, segments = self.position_ids, self.segments
        return PackedRows(
            change(self.input_ids),
            None if positions is None else change(positions),
            None if segments is None else change(segments),
            self.prefix,
        )

    def attention_mask(self, model: PreTrainedModel, *, added: bool) -> Masks | None:
        """(B, 1, T, T): a query may look at earlier positions of the context or of its own segment.

        Narrower in layers with a sliding window that is shorter than the rows.

        Args:
            model: whose attention takes the mask.
            added: whether it has to be one that is added to the scores; else it is a bool mask if possible.
        """
        if self.segments is None or self.position_ids is None:
            return None
        query, key = self.segments[:, None, :, None], self.segments[:, None, None, :]
        may_look = ((key == 0) | (key == query)).tril()
        # Only torch's own attention takes a bool mask as such; others add masks to the scores.
        added = added or model.config._attn_implementation != "sdpa"
        mask = additive_mask(may_look, model.dtype) if added else may_look
        return layer_masks(model.config, mask, self.position_ids, self.position_ids, self.prefix)

    def hidden_states(self, model: PreTrainedModel, *, added_mask: bool) -> Tensor:
        """(B * T, H) last hidden states; of the mask as `attention_mask`."""
        hidden: Tensor = model.base_model(
            input_ids=self.input_ids,
            attention_mask=self.attention_mask(model, added=added_mask),
            position_ids=self.position_ids,
            use_cache=False,
        ).last_hidden_state
        return hidden.flatten(0, 1)


def pack_rows(items: Sequence[EncodedChoice], pad_id: int, *, is_causal: bool, prefix: int = 0) -> PackedRows:
    """The rows of some items, on the CPU.

    Args:
        items: at least one.
        pad_id: any valid token id.
        is_causal: whether causal attention will do: at most one option of each item has more than one token.
        prefix: tokens that come before every row.
    """
    shape = len(items), max(map(row_length, items))
    ids = torch.full(shape, pad_id)
    positions = torch.zeros(shape, dtype=torch.int64)
    segments = torch.full(shape, -1)
    for row, item in enumerate(items):
        length = row_length(item)
        ids[row, :length], positions[row, :length], segments[row, :length] = torch.tensor(_row_of(item))
    return PackedRows(ids, None, None) if is_causal else PackedRows(ids, positions + prefix, segments, prefix)


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


def predictions_of(items: Sequence[EncodedChoice], width: int) -> Predictions:
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


def head_logits(model: PreTrainedModel, hidden: Tensor) -> Tensor:
    """(P, V) float32 logits of (P, H) last hidden states, as the model's own forward computes them.

    Beside the head: Cohere's factor, Granite's divisor, and the softcap of Gemma 2 and others.
    """
    config = model.config
    logits: Tensor = model.get_output_embeddings()(hidden)
    if getattr(config, "logit_scale", None):
        logits = logits * config.logit_scale
    if getattr(config, "logits_scaling", None):
        logits = logits / config.logits_scaling
    if getattr(config, "final_logit_softcapping", None):
        logits = (logits / config.final_logit_softcapping).tanh() * config.final_logit_softcapping
    return logits.float()
