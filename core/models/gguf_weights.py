"""The weights of a GGUF file, dequantized one tensor at a time, as a Hugging Face model has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.models.gguf_config import gguf_config
from core.models.gguf_header import GgufTensor
from core.models.gguf_model import family_of, parameters_of


@dataclass(frozen=True)
class StoredWeights:
    """A parameter that is still in the file. transformers reads it with `[...]`, when its turn comes."""

    path: Path
    tensor: GgufTensor
    heads: int
    """Heads whose rows llama.cpp put into another order; 0 if it did not."""
    subtracted: float
    """What llama.cpp added."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return self.tensor.shape

    def __getitem__(self, index: object) -> Tensor:
        """The whole parameter in float32, whatever the index."""
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
        from gguf.quants import dequantize

        kind = GGMLQuantizationType[self.tensor.kind]
        raw = np.fromfile(self.path, np.uint8, count=self.tensor.size_bytes, offset=self.tensor.start)
        block, block_bytes = GGML_QUANT_SIZES[kind]
        rows = raw.reshape(*self.shape[:-1], self.shape[-1] // block * block_bytes)
        values = torch.from_numpy(dequantize(rows, kind)).view(self.shape)
        if self.heads:
            # Rows are pairs of neighbours within a head; here all first ones are before all second ones.
            values = values.view(self.heads, -1, 2, *self.shape[1:]).transpose(1, 2).reshape(self.shape)
        return values - self.subtracted if self.subtracted else values


def stored_weights(path: Path) -> dict[str, StoredWeights]:
    """The parameters of a file by their Hugging Face names, none of them read yet.

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
        found[parameter.name] = StoredWeights(path, parameter.tensor, permuted, subtracted)
    return found
