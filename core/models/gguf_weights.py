"""The weights of a GGUF file, dequantized one tensor at a time, as a Hugging Face model has them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.models.gguf_config import gguf_config
from core.models.gguf_header import GgufTensor
from core.models.gguf_model import family_of, parameters_of

CHUNK = 1 << 20
"""Weights that are dequantized together: a few megabytes beside the result, however large the tensor is."""


@dataclass(frozen=True)
class StoredWeights:
    """A parameter that is still in the file. transformers reads it with `[...]`, when its turn comes."""

    path: Path
    tensor: GgufTensor
    dtype: torch.dtype
    heads: int
    """Heads whose rows llama.cpp put into another order; 0 if it did not."""
    subtracted: float
    """What llama.cpp added."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return self.tensor.shape

    def __getitem__(self, index: object) -> Tensor:
        """The whole parameter, whatever the index; it is computed in float32 and rounded once."""
        values = torch.empty(self.shape, dtype=self.dtype)
        rows = values.view(-1, self.shape[-1])
        step = max(1, CHUNK // self.shape[-1])
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            part.copy_(torch.from_numpy(self._dequantized(start, len(part))) - self.subtracted)
        if not self.heads:
            return values
        # Rows are pairs of neighbours within a head; here all first ones are before all second ones.
        return values.view(self.heads, -1, 2, *self.shape[1:]).transpose(1, 2).reshape(self.shape)

    def _dequantized(self, first: int, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """(count, columns) rows of the tensor."""
        from gguf.constants import GGMLQuantizationType
        from gguf.quants import dequantize

        row_bytes = self.tensor.size_bytes // math.prod(self.shape[:-1])
        offset = self.tensor.start + first * row_bytes
        raw = np.fromfile(self.path, np.uint8, count * row_bytes, offset=offset)
        found = dequantize(raw.reshape(count, row_bytes), GGMLQuantizationType[self.tensor.kind])
        return found.reshape(count, self.shape[-1])


def stored_weights(path: Path, dtype: torch.dtype) -> dict[str, StoredWeights]:
    """The parameters of a file by their Hugging Face names, none of them read yet.

    Args:
        path: the file.
        dtype: what they become.

    Raises:
        ModelFilesError: the file cannot be read, is not supported, or contradicts itself.
    """
    family, config = family_of(path), gguf_config(path)
    heads = {"q_proj": config["num_attention_heads"], "k_proj": config["num_key_value_heads"]}
    found = {}
    for parameter in parameters_of(path):
        *_, module, _ = parameter.name.split(".")
        permuted = heads.get(module, 0) if family.permutes else 0
        subtracted = float(family.adds_one and module.endswith("norm"))
        found[parameter.name] = StoredWeights(path, parameter.tensor, dtype, permuted, subtracted)
    return found
