"""4-bit checkpoints of every kind, and their weights unpacked in plain NumPy, for the tests."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from core.models.checkpoint import FourBit
from core.models.loading import load
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from tests.core.tiny_models import save_model

EVEN = {"hidden_size": 64, "intermediate_size": 128}
"""Matrices whose rows are whole blocks of 64."""

UNEVEN = {"hidden_size": 36, "head_dim": 6, "intermediate_size": 50}
"""Matrices of which none is a whole number of blocks."""

ZERO_CODES = {"nf4": 7, "fp4": 0}


@dataclass(frozen=True)
class Unpacked:
    """One matrix: what is stored, and what that stands for."""

    codes: NDArray[np.uint8]
    """(rows, columns), one code a weight."""
    scales: NDArray[np.float32]
    """(rows, columns): what a code's value is multiplied by."""
    values: NDArray[np.float32]
    """(16,) the value of each code."""

    def dense(self, dtype: torch.dtype) -> torch.Tensor:
        """(rows, columns) the weights, as bitsandbytes rounds them."""
        return torch.from_numpy(self.values[self.codes] * self.scales).to(dtype)

    def packed(self) -> NDArray[np.uint8]:
        """The bytes: the first of two weights is the high half."""
        pairs = self.codes.reshape(-1, 2)
        packed: NDArray[np.uint8] = pairs[:, 0] << 4 | pairs[:, 1]
        return packed


def unpacked(linear: torch.nn.Module) -> Unpacked:
    """The weights of a module, read without bitsandbytes."""
    state: Any = linear.weight.quant_state
    data = packed_bytes(linear)
    codes = np.stack([data >> 4, data & 15], axis=1).reshape(tuple(state.shape))
    scales = state.absmax.numpy()
    if state.nested:
        outer = np.repeat(state.state2.absmax.numpy(), 256)[: len(scales)]
        scales = state.state2.code.numpy()[scales] * outer + np.float32(state.offset)
    each = np.repeat(scales, 64)[: codes.size].reshape(codes.shape)
    return Unpacked(codes, each.astype(np.float32), state.code.numpy())


def packed_bytes(linear: torch.nn.Module) -> NDArray[np.uint8]:
    """A copy of a module's packed bytes."""
    return linear.weight.data.view(torch.uint8).flatten().numpy().copy()


def model_bytes(model: PreTrainedModel) -> dict[str, bytes]:
    """Everything that a model holds: weights, scales, tables."""
    return {
        name: tensor.contiguous().view(torch.uint8).numpy().tobytes()
        for name, tensor in model.state_dict().items()
    }


def checkpoint(folder: Path, four_bit: FourBit, dtype: str = "bfloat16", **changes: Any) -> Path:
    """The folder of a small checkpoint that is stored in 4 bits, as transformers writes one."""
    from core.models.loading import Target, _load_four_bit

    dense, stored = folder / "dense", folder / "stored"
    save_model(dense, **(changes or EVEN))
    model = _load_four_bit(dense, four_bit, dtype, Target(torch.device("cpu")), lambda done, total: None)
    model.save_pretrained(stored)
    for file in dense.iterdir():
        if "token" in file.name:
            (stored / file.name).write_bytes(file.read_bytes())
    return stored


def loaded_model(folder: Path, **changes: Any) -> PreTrainedModel:
    """The model of a folder, on the CPU."""
    return load(ModelSpec(str(folder), **{"device": "cpu", **changes})).model


def dense_copy(model: PreTrainedModel) -> PreTrainedModel:
    """The same model in full or half precision: every 4-bit matrix in a Linear, unpacked by NumPy."""
    dense = copy.deepcopy(model)
    for matrix in WeightSpace(model).matrices:
        linear = dense.get_submodule(matrix.name.removesuffix(".weight"))
        plain = torch.nn.Linear(matrix.columns, matrix.rows, bias=linear.bias is not None, device="meta")
        plain.weight = torch.nn.Parameter(unpacked(linear).dense(model.dtype))
        plain.bias = linear.bias
        dense.set_submodule(matrix.name.removesuffix(".weight"), plain)
    dense.is_loaded_in_4bit = False
    return dense.requires_grad_(False).eval()
