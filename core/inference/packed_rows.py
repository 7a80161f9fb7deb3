"""Multiple-choice items as rows of tokens: the context once, and behind it every option but its last token.

The context's last position predicts the first token of every option; the rest of an option sees the context
and itself only, at positions that go on from the context.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.inference.attention_masks import Masks, additive_mask, layer_masks
from core.inference.encoding import EncodedChoice
from core.inference.head import Predictions


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
