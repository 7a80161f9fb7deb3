"""Continues sequences token by token: their keys and values, and the choice of the next token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import Cache, DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from core.inference.attention_masks import Masks, additive_mask, layer_masks
from core.inference.shared_prefix import LOOKS, Prefix, attending_to, cache_argument

READ_AT_ONCE_ON_CPU = 1024
"""Tokens of prompts that are read in one forward pass: larger passes leave a CPU's caches."""

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
        """Computes nothing yet.

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
        slots = torch.arange(1 - self._width, 1, device=self._positions.device)
        seen = self._masks(self._mask[..., : self._width], self._positions, self._positions + slots)
        return self._forward(self._tokens, self._cache, seen, self._positions)

    def advance(self, tokens: Tensor, kept: Sequence[int]) -> None:
        """Continues some of the rows, each with its next token.

        Args:
            tokens: (B,) int64, of all rows.
            kept: indices of the rows that stay, ascending.
        """
        if len(kept) < len(tokens) and self._cache is not None:
            rows = torch.tensor(kept, dtype=torch.int64, device=tokens.device)
            tokens, self._mask, self._positions = tokens[rows], self._mask[rows], self._positions[rows]
            self._cache.batch_select_indices(rows)
        self._tokens, self._positions = tokens[:, None], self._positions + 1
        self._width += 1

    def _read(self) -> Tensor:
        """Reads the sequences, as many at once as is fast, and keeps their keys and values."""
        logits = []
        first = 0
        while first < len(self._sequences):
            rows = slice(first, min(first + self._at_once(first), len(self._sequences)))
            # Not made from the model's config: it keeps all tokens, whatever the model's attention window.
            read = DynamicCache()
            logits.append(self._read_rows(self._sequences[rows], read))
            if self._cache is None:
                sizes = len(self._sequences), self._width + self._room, self._width
                self._cache = Cache(layers=[SlotLayer(layer.keys, *sizes) for layer in read.layers])
            for layer, source in zip(self._cache.layers, read.layers, strict=True):
                layer.write(rows, source.keys, source.values)
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
        return self._forward(ids, read, self._masks(mask, positions, positions), positions)

    def _masks(self, mask: Tensor, queries: Tensor, keys: Tensor) -> Masks:
        prefix = self._prefix.length if self._prefix else 0
        return layer_masks(self._model.config, mask, queries, keys, prefix)

    def _forward(self, ids: Tensor, cache: Cache, mask: Masks | None, positions: Tensor) -> Tensor:
        """(B, V) float32: the logits after the last of the ids, whose keys and values go into the cache."""
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
    """(B, T) int64 token ids, padded on the left, and (B, T) bool, True for a token."""
    width = max(map(len, sequences))
    ids = torch.tensor([[*[0] * (width - len(sequence)), *sequence] for sequence in sequences])
    lengths = torch.tensor([[len(sequence)] for sequence in sequences])
    return ids.to(device), (torch.arange(width) >= width - lengths).to(device)


class SlotLayer(DynamicLayer):  # type: ignore[misc]  # transformers is not typed here
    """The keys and values of one layer, in memory that is allocated once: new tokens are written, not copied.

    Rows begin at different slots and all end at the same one.
    """

    def __init__(self, like: Tensor, rows: int, slots: int, used: int) -> None:
        """Allocates `slots` for each row; `like` is any (B, heads, T, size) keys of this layer.

        What is written next begins at slot `used`.
        """
        super().__init__()
        shape = (rows, like.shape[1], slots, like.shape[3])
        self._all_keys, self._all_values = like.new_zeros(shape), like.new_zeros(shape)
        self._used = used
        self.is_initialized = True
        self._show()

    def write(self, rows: slice, keys: Tensor, values: Tensor) -> None:
        """Writes (b, heads, T, size) keys and values of some rows into their last used slots."""
        first = self._used - keys.shape[2]
        self._all_keys[rows, :, first : self._used] = keys
        self._all_values[rows, :, first : self._used] = values

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Writes the keys and values of new tokens of all rows; returns those of all tokens."""
        self._used += key_states.shape[2]
        self.write(slice(None), key_states, value_states)
        self._show()
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keeps only some rows."""
        self._all_keys, self._all_values = self._all_keys[indices], self._all_values[indices]
        self._show()

    def _show(self) -> None:
        self.keys = self._all_keys[:, :, : self._used]
        self.values = self._all_values[:, :, : self._used]


class Sampler:
    """Chooses tokens. Every answer has its own random numbers, so none depends on the others in its batch."""

    def __init__(self, temperature: float, seed: int, answers: int, most_tokens: int) -> None:
        """Draws `most_tokens` random numbers for each answer; temperature 0 takes the most likely token."""
        self._temperature = temperature
        random = torch.Generator().manual_seed(seed)
        self._draws = torch.rand(answers if temperature else 0, most_tokens, generator=random)

    def __call__(self, logits: Tensor, answers: Sequence[int], indices: Sequence[int]) -> Tensor:
        """(B,) int64: the next token of each row, from (B, V) float32 logits.

        Args:
            logits: of the rows.
            answers: the answer that each row is.
            indices: the index of its next token, from 0.
        """
        if self._temperature == 0:
            return logits.argmax(dim=1)
        reached = (logits / self._temperature).softmax(dim=1, dtype=torch.float64).cumsum(dim=1)
        draws = self._draws[list(answers), list(indices)].to(reached)
        chosen = torch.searchsorted(reached, (draws * reached[:, -1])[:, None], right=True)[:, 0]
        return chosen.clamp(max=logits.shape[1] - 1)


def logprobs_of(logits: Tensor, tokens: Tensor) -> list[float]:
    """The log-probabilities of (B,) tokens by (B, V) float32 logits, in nats."""
    found = logits.gather(1, tokens[:, None])[:, 0] - logits.logsumexp(dim=1)
    values: list[float] = found.tolist()
    return values
