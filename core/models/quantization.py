"""How a checkpoint's weights are quantized, and how they will be in memory. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.models.files import ModelFilesError
from core.models.spec import DType, Quantization

BLOCK = 64
"""4-bit weights that share a scale."""

SCALES_IN_A_BLOCK = 256
"""Scales that share one, when they are quantized too (double quantization)."""

DTYPE_BYTES = {"bfloat16": 2, "float16": 2, "float32": 4}
"""Of one weight that is not 4-bit."""

STORAGES = ("uint8", "bfloat16", "float16", "float32")
"""What the packed bytes of a 4-bit checkpoint may pass for."""

LONGEST_WORD = 40
"""Characters of a checkpoint's own words that are shown."""


@dataclass(frozen=True)
class FourBit:
    """How weights are quantized to 4 bits, as bitsandbytes does."""

    kind: Literal["nf4", "fp4"]
    is_double: bool = True
    """Whether the scales are quantized too."""
    storage: str = "uint8"
    """The dtype that the packed bytes pass for."""
    skipped: tuple[str, ...] | None = None
    """Modules that are not quantized; None for the head alone."""


def stored_four_bit(config: Mapping[str, Any]) -> FourBit | None:
    """How the weights of a checkpoint are quantized already, told from its config; None if they are not.

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
    return FourBit(kind, bool(entry.get("bnb_4bit_use_double_quant")), storage, _skipped(entry))


def four_bit_in_memory(asked: Quantization, config: Mapping[str, Any]) -> FourBit | None:
    """How the weights will be quantized in memory; None if they will not be.

    Args:
        asked: what a person asks for; `none` leaves the weights as the checkpoint has them.
        config: of the checkpoint.

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
    """The dtype of the weights that are not 4-bit, and of what is computed.

    `auto` is the checkpoint's own, but bfloat16 beside 4-bit weights.
    """
    if asked != "auto":
        return asked
    return stored if quantization == "none" else "bfloat16"


def storage_words(quantization: Quantization, dtype: str) -> str:
    """How weights are stored, in words: `float32`, or `nf4, bfloat16`."""
    return dtype if quantization == "none" else f"{quantization}, {dtype}"


def four_bit_bytes(sizes: Sequence[int], is_double: bool) -> int:
    """What matrices of so many weights take in memory, their scales and code tables included."""
    return sum(_matrix_bytes(size, is_double) for size in sizes)


def _matrix_bytes(size: int, is_double: bool) -> int:
    blocks, table = _parts(size, BLOCK), 4 * 16
    packed = _parts(size, 2) + table
    if not is_double:
        return packed + 4 * blocks
    outer_table, offset = 4 * 256, 4
    return packed + blocks + 4 * _parts(blocks, SCALES_IN_A_BLOCK) + outer_table + offset


def _parts(size: int, length: int) -> int:
    """How many parts of a length hold a size."""
    return -(-size // length)


def _skipped(entry: Mapping[str, Any]) -> tuple[str, ...] | None:
    names = entry.get("llm_int8_skip_modules")
    if names is None:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _unsupported("unreadable llm_int8_skip_modules")
    return tuple(names)


def _unsupported(how: object) -> ModelFilesError:
    return ModelFilesError(
        f"The checkpoint is quantized in a way that is not supported ({str(how)[:LONGEST_WORD]}): use one in "
        "full precision, or in nf4 or fp4 by bitsandbytes."
    )
