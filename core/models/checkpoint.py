"""What a checkpoint's weight files hold, how that is quantized, and how it will be in memory. No torch.

transformers has quantization configs too, but importing them imports torch.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open

from core.models.files import ModelFilesError
from core.models.spec import DType, Quantization

STORED_DTYPES: dict[str, str] = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}
"""The dtypes that weights may be stored in: their names in safetensors and in torch."""

DTYPE_BYTES = {"bfloat16": 2, "float16": 2, "float32": 4}
"""Bytes of a weight that is not 4-bit."""

BLOCK = 64
"""4-bit weights that share a scale."""

SCALES_IN_A_BLOCK = 256
"""Scales that share an outer scale when the scales are quantized too (double quantization)."""

STORAGES = ("uint8", "bfloat16", "float16", "float32")
"""Dtypes that the packed bytes of a 4-bit checkpoint may be declared as."""

PACKED_STATE = ".quant_state.bitsandbytes__"
"""Separates the name of a 4-bit weight from its kind, in the name of the tensor that describes it."""

LONGEST_WORD = 40
"""Characters of a checkpoint's own words that a message repeats."""


@dataclass(frozen=True)
class StoredTensor:
    """One tensor in a safetensors file."""

    name: str
    dtype: str
    """As safetensors names it."""
    shape: tuple[int, ...]
    path: Path
    state: bytes = b""
    """The JSON of a tensor that describes a 4-bit weight; empty for others."""

    @property
    def size_bytes(self) -> int:
        """Bytes in the file; the digits of a dtype's name are its bits."""
        bits = re.search(r"\d+", self.dtype)
        return -(-math.prod(self.shape) * int(bits[0] if bits else 8) // 8)


@dataclass(frozen=True)
class PackedTensor:
    """One 4-bit weight in a file."""

    name: str
    kind: str
    """`nf4` or `fp4`, as the name of the tensor that describes it says."""
    shape: tuple[int, ...]
    """Shape of the weights that are packed."""


@dataclass(frozen=True)
class FourBit:
    """How bitsandbytes quantizes weights to 4 bits."""

    kind: Literal["nf4", "fp4"]
    is_double: bool = True
    """Whether the scales are quantized too."""
    storage: str = "uint8"
    """The dtype that the packed bytes are declared as."""
    skipped: tuple[str, ...] | None = None
    """Modules that are not quantized; None for the head alone."""


def stored_tensors(paths: Iterable[Path]) -> list[StoredTensor]:
    """All tensors in some safetensors files, from their headers.

    Raises:
        ModelFilesError: a file is not whole.
    """
    return [tensor for path in paths for tensor in _tensors_in(path)]


def _tensors_in(path: Path) -> Iterator[StoredTensor]:
    try:
        with safe_open(path, framework="np") as file:
            names = list(file.keys())
            if not names:
                raise ValueError("no tensors")
            for name in names:
                part = file.get_slice(name)
                is_state = PACKED_STATE in name and part.get_dtype() == "U8"
                state = file.get_tensor(name).tobytes() if is_state else b""
                yield StoredTensor(name, part.get_dtype(), tuple(part.get_shape()), path, state)
    except (SafetensorError, ValueError) as error:
        raise ModelFilesError(
            f"{path} is not a whole safetensors file: copy or download it again."
        ) from error


def split_packed(tensors: Iterable[StoredTensor]) -> tuple[list[PackedTensor], list[StoredTensor]]:
    """The 4-bit weights, and all tensors that neither are nor belong to one.

    Raises:
        ModelFilesError: a 4-bit weight is not whole.
    """
    by_name = {tensor.name: tensor for tensor in tensors}
    packed = [_packed(tensor, by_name) for name, tensor in by_name.items() if PACKED_STATE in name]
    names = {weight.name for weight in packed}
    return packed, [tensor for name, tensor in by_name.items() if owner(name) not in names]


def _packed(state: StoredTensor, tensors: Mapping[str, StoredTensor]) -> PackedTensor:
    """The 4-bit weight that a tensor of JSON describes."""
    name, kind, *_ = state.name.split(PACKED_STATE)
    try:
        shape = tuple(int(size) for size in json.loads(state.state)["shape"])
        if min(shape) < 1 or -(-math.prod(shape) // 2) != tensors[name].size_bytes:
            raise ValueError("another size than its shape asks for")
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFilesError(
            f"The {kind} weights {name} in {state.path} are not whole: copy or download the model again."
        ) from error
    return PackedTensor(name, kind, shape)


def require_dense(tensor: StoredTensor) -> None:
    """Checks that a tensor is stored in full or half precision.

    Raises:
        ModelFilesError: it is not.
    """
    if tensor.dtype not in STORED_DTYPES:
        raise ModelFilesError(
            f"{tensor.path} stores {tensor.name} as {tensor.dtype}: use a checkpoint in bfloat16, float16 or "
            "float32, or in nf4 or fp4 by bitsandbytes."
        )


def owner(name: str) -> str:
    """The name of the weight that a tensor is or belongs to, such as `a.weight` of `a.weight.absmax`."""
    before, found, _ = name.partition(".weight.")
    return before + ".weight" if found else name


def stored_four_bit(config: Mapping[str, Any]) -> FourBit | None:
    """How the weights of a checkpoint are quantized, from its config; None if they are not.

    Raises:
        ModelFilesError: they are quantized in another way than to nf4 or fp4 by bitsandbytes.
    """
    entry = config.get("quantization_config")
    if not entry:
        return None
    if not isinstance(entry, dict):
        raise _unsupported("unreadable quantization_config")
    method = entry.get("quant_method", "bitsandbytes")
    if method != "bitsandbytes":
        raise _unsupported(method)
    kind, storage = entry.get("bnb_4bit_quant_type", "fp4"), entry.get("bnb_4bit_quant_storage") or "uint8"
    if not (entry.get("load_in_4bit") or entry.get("_load_in_4bit")):
        raise _unsupported("bitsandbytes in 8 bits")
    if kind not in ("nf4", "fp4") or storage not in STORAGES:
        raise _unsupported(f"bitsandbytes {kind} in {storage}")
    skipped = entry.get("llm_int8_skip_modules")
    if skipped is not None:
        if not isinstance(skipped, list) or not all(isinstance(name, str) for name in skipped):
            raise _unsupported("unreadable llm_int8_skip_modules")
        skipped = tuple(skipped)
    return FourBit(kind, bool(entry.get("bnb_4bit_use_double_quant")), storage, skipped)


def _unsupported(how: object) -> ModelFilesError:
    return ModelFilesError(
        f"The checkpoint is quantized in a way that is not supported ({str(how)[:LONGEST_WORD]}): use one in "
        "full precision, or in nf4 or fp4 by bitsandbytes."
    )


def four_bit_in_memory(asked: Quantization, config: Mapping[str, Any]) -> FourBit | None:
    """How the weights will be quantized in memory; None if they will not be.

    Args:
        asked: what a person asks for; `none` leaves the weights as the checkpoint has them.
        config: the checkpoint's.

    Raises:
        ModelFilesError: the checkpoint is quantized in an unsupported way.
        ValueError: it is quantized in another way than is asked for.
    """
    stored = stored_four_bit(config)
    if stored is None:
        return None if asked == "none" else FourBit(asked)
    quantization_in_memory(asked, stored.kind)
    return stored


def quantization_in_memory(asked: Quantization, stored: Quantization) -> Quantization:
    """How the weights will be quantized in memory.

    Raises:
        ValueError: they are stored quantized in another way than is asked for.
    """
    if stored == "none":
        return asked
    if asked not in ("none", stored):
        raise ValueError(
            f"The checkpoint is {stored} already and cannot become {asked}: leave --quantization out, or use "
            "a checkpoint in full precision."
        )
    return stored


def dtype_in_memory(asked: DType, quantization: Quantization, stored: str) -> str:
    """The dtype of computation and of weights that are not 4-bit.

    `auto` is the checkpoint's own, but bfloat16 beside 4-bit weights.
    """
    if asked != "auto":
        return asked
    return stored if quantization == "none" else "bfloat16"


def storage_words(quantization: Quantization, dtype: str) -> str:
    """How weights are stored, in words: `float32`, or `nf4, bfloat16`."""
    return dtype if quantization == "none" else f"{quantization}, {dtype}"


def four_bit_bytes(sizes: Sequence[int], is_double: bool) -> int:
    """Memory of 4-bit matrices of so many weights each, with scales and code tables, in bytes."""
    table, outer_table, offset = 4 * 16, 4 * 256, 4
    total = 0
    for size in sizes:
        blocks = -(-size // BLOCK)
        total += -(-size // 2) + table
        outer_scales = 4 * -(-blocks // SCALES_IN_A_BLOCK)
        total += blocks + outer_scales + outer_table + offset if is_double else 4 * blocks
    return total
