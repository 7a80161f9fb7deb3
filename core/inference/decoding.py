"""Sequences that a model goes on with, each by a token at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import Cache, DynamicCache, PreTrainedModel

from core.inference.prefix_groups import LOOKS
from core.inference.shared_prefix import Prefix, additive_mask, attending_to, cache_argument
from core.inference.slots import place_rows, slots_like

READ_AT_ONCE_ON_CPU = 1024
"""Tokens of prompts that are read in one forward pass: what is larger leaves a CPU's caches."""

READ_AT_ONCE_ON_GPU = 8192
"""The same on a GPU. A prompt longer than that is read alone."""


class Decoding:
    """The rows of a batch with their keys and values. A row that has ended leaves, and costs nothing more."""

    def __init__(
        self,
        model: PreTrainedModel,
        sequences: Sequence[Sequence[int]],
        room: int,
        prefix: Prefix | None = None,
    ) -> None:
        """Nothing is computed yet.

        Args:
            model: in eval mode.
            sequences: token ids, at least one each, without the prefix; the longest first.
            room: new tokens of a row at most.
            prefix: what comes before all of them.
        """
        self._model = model
        self._sequences = sequences
        self._prefix = prefix
        self._width = max(map(len, sequences))
        self._room = room
        self._cache: Cache | None = None
        lengths = torch.tensor([[len(sequence)] for sequence in sequences])
        padding = torch.arange(self._width + room) < self._width - lengths
        self._mask = additive_mask(~padding, model.dtype).to(model.device)[:, None, None]
        self._positions = (lengths - 1 + (prefix.length if prefix else 0)).to(model.device)
        self._tokens: Tensor | None = None

    @torch.inference_mode()
    def next_logits(self) -> Tensor:
        """(B, V) float32: the logits of the token after each row."""
        if self._cache is None or self._tokens is None:
            return self._read()
        seen = self._mask[..., : self._width]
        return self._forward(self._tokens, self._cache, seen, self._positions)

    def advance(self, tokens: Tensor, kept: Sequence[int]) -> None:
        """Goes on with some of the rows, each with the token after it.

        Args:
            tokens: (B,) int64, of all rows.
            kept: which rows stay, in ascending order.
        """
        if len(kept) < len(tokens) and self._cache is not None:
            rows = torch.tensor(kept, dtype=torch.int64, device=tokens.device)
            tokens, self._mask, self._positions = tokens[rows], self._mask[rows], self._positions[rows]
            self._cache.batch_select_indices(rows)
        self._tokens, self._positions = tokens[:, None], self._positions + 1
        self._width += 1

    def _read(self) -> Tensor:
        """Reads the sequences, so many at once as is fast, and keeps what comes of it."""
        logits = []
        first = 0
        while first < len(self._sequences):
            rows = slice(first, min(first + self._at_once(first), len(self._sequences)))
            # Not of the model's config: a cache that keeps all, whatever the model's attention window.
            read = DynamicCache()
            logits.append(self._read_rows(self._sequences[rows], read))
            if self._cache is None:
                slots = self._width + self._room
                self._cache = slots_like(read, len(self._sequences), slots, self._width)
            place_rows(self._cache, rows, read)
            first = rows.stop
        return torch.cat(logits)

    def _at_once(self, first: int) -> int:
        """How many sequences to read at once, from one on that is the longest of them."""
        length = len(self._sequences[first])
        most = READ_AT_ONCE_ON_CPU if self._model.device.type == "cpu" else READ_AT_ONCE_ON_GPU
        if self._prefix:
            most = min(most, LOOKS // (self._prefix.length + length))
        return max(most // length, 1)

    def _read_rows(self, sequences: Sequence[Sequence[int]], read: Cache) -> Tensor:
        ids, is_real = _left_padded(sequences, self._model.device)
        before = self._prefix.length if self._prefix else 0
        positions = (is_real.cumsum(dim=1) - 1).clamp(min=0) + before
        if self._prefix is None:
            return self._forward(ids, read, None if is_real.all() else is_real, positions)
        causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool, device=ids.device).tril()
        mask = additive_mask(causal & is_real[:, None, None], self._model.dtype)
        return self._forward(ids, read, mask, positions)

    def _forward(self, ids: Tensor, cache: Cache, mask: Tensor | None, positions: Tensor) -> Tensor:
        """(B, V) float32: the logits after the last of the ids, which the cache takes up."""
        arguments: dict[str, Any] = {cache_argument(self._model): cache}
        with attending_to(self._model, self._prefix):
            output = self._model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                use_cache=True,
                logits_to_keep=1,
                **arguments,
            )
        logits: Tensor = output.logits[:, -1].float()
        return logits


def _left_padded(sequences: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """(B, T) int64 token ids, padded on the left, and the same as bool with True for a token."""
    width = max(map(len, sequences))
    ids = torch.tensor([[*[0] * (width - len(sequence)), *sequence] for sequence in sequences])
    lengths = torch.tensor([[len(sequence)] for sequence in sequences])
    return ids.to(device), (torch.arange(width) >= width - lengths).to(device)
