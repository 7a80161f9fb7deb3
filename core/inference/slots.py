"""Keys and values of a batch in memory that is taken once: a new token is written, nothing copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from transformers import Cache
from transformers.cache_utils import DynamicLayer


class SlotLayer(DynamicLayer):  # type: ignore[misc]  # transformers is not typed here
    """The keys and values of one layer; rows begin at different slots and all end at the same one."""

    def __init__(self, like: Tensor, rows: int, slots: int, used: int) -> None:
        """Takes the memory.

        Args:
            like: (B, heads, T, size), any keys of this layer.
            rows: of the batch.
            slots: tokens of a row at most.
            used: the first slot of what is written next.
        """
        super().__init__()
        shape = (rows, like.shape[1], slots, like.shape[3])
        self._all_keys, self._all_values = like.new_zeros(shape), like.new_zeros(shape)
        self._used = used
        self.is_initialized = True
        self._show()

    def place(self, rows: slice, keys: Tensor, values: Tensor) -> None:
        """Writes (b, heads, T, size) keys and values of some rows into their last used slots."""
        first = self._used - keys.shape[2]
        self._all_keys[rows, :, first : self._used] = keys
        self._all_values[rows, :, first : self._used] = values

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Writes the keys and values of new tokens of all rows; returns those of all tokens."""
        self._used += key_states.shape[2]
        self.place(slice(None), key_states, value_states)
        self._show()
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keeps only some rows."""
        self._all_keys, self._all_values = self._all_keys[indices], self._all_values[indices]
        self._show()

    def _show(self) -> None:
        self.keys = self._all_keys[:, :, : self._used]
        self.values = self._all_values[:, :, : self._used]


def slots_like(read: Cache, rows: int, slots: int, used: int) -> Cache:
    """A cache of empty slots for a model that has read something into another cache."""
    return Cache(layers=[SlotLayer(layer.keys, rows, slots, used) for layer in read.layers])


def place_rows(slots: Cache, rows: slice, read: Cache) -> None:
    """Writes what was read of some rows into their slots."""
    layers: Sequence[SlotLayer] = slots.layers
    for layer, source in zip(layers, read.layers, strict=True):
        layer.place(rows, source.keys, source.values)
