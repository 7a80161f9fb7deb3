"""What the headers of safetensors files say of the tensors in them. No torch."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.models.files import ModelFilesError

DTYPES: dict[str, tuple[str, int]] = {
    "BF16": ("bfloat16", 2),
    "F16": ("float16", 2),
    "F32": ("float32", 4),
}
"""The dtypes that weights may be stored in: their names in safetensors, their usual names, bytes."""

LONGEST_HEADER_BYTES = 100_000_000
"""What the safetensors format allows; anything longer is a broken file."""

PACKED_STATE = ".quant_state.bitsandbytes__"
"""Stands between the name of a 4-bit weight and its kind, in the name of a tensor that comes with it."""


@dataclass(frozen=True)
class StoredTensor:
    """One tensor in a file."""

    name: str
    dtype: str
    """As safetensors names it."""
    shape: tuple[int, ...]
    path: Path
    size_bytes: int
    start: int = 0
    """Its first byte in the file."""


def stored_tensors(paths: Iterable[Path]) -> list[StoredTensor]:
    """All tensors in some safetensors files.

    Raises:
        ModelFilesError: a file is not whole.
    """
    return [tensor for path in paths for tensor in _tensors_in(path)]


@dataclass(frozen=True)
class PackedTensor:
    """One 4-bit weight in a file."""

    name: str
    kind: str
    """Of its 4 bits, as the name of a tensor beside it says."""
    shape: tuple[int, ...]
    """Of the weights that it stands for."""


def split_packed(tensors: Iterable[StoredTensor]) -> tuple[list[PackedTensor], list[StoredTensor]]:
    """The 4-bit weights, and all tensors that neither are nor belong to one.

    Raises:
        ModelFilesError: a 4-bit weight is not whole.
    """
    found = list(tensors)
    by_name = {tensor.name: tensor for tensor in found}
    states = [tensor for tensor in found if PACKED_STATE in tensor.name]
    packed = [_packed(state, by_name) for state in states]
    names = {weight.name for weight in packed}
    return packed, [tensor for tensor in found if owner(tensor.name) not in names]


def _packed(state: StoredTensor, tensors: Mapping[str, StoredTensor]) -> PackedTensor:
    """The 4-bit weight that a tensor of JSON describes."""
    name, kind, *_ = state.name.split(PACKED_STATE)
    try:
        with state.path.open("rb") as file:
            file.seek(state.start)
            shape = tuple(int(size) for size in json.loads(file.read(state.size_bytes))["shape"])
        if min(shape) < 1 or -(-math.prod(shape) // 2) != tensors[name].size_bytes:
            raise ValueError("another size than its shape asks for")
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFilesError(
            f"The {kind} weights {name} in {state.path} are not whole: copy or download the model again."
        ) from error
    return PackedTensor(name, kind, shape)


def require_dense(tensor: StoredTensor) -> None:
    """Makes sure that a tensor is stored in full or half precision.

    Raises:
        ModelFilesError: it is not.
    """
    if tensor.dtype not in DTYPES:
        raise ModelFilesError(
            f"{tensor.path} stores {tensor.name} as {tensor.dtype}: use a checkpoint in bfloat16, float16 or "
            "float32, or in nf4 or fp4 by bitsandbytes."
        )


def owner(name: str) -> str:
    """The name of the weight that a tensor is or belongs to, such as `a.weight` of `a.weight.absmax`."""
    before, found, _ = name.partition(".weight.")
    return before + ".weight" if found else name


def _tensors_in(path: Path) -> Iterator[StoredTensor]:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > LONGEST_HEADER_BYTES:
                raise ValueError("a header longer than the format allows")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        tensors = [
            StoredTensor(
                name,
                entry["dtype"],
                tuple(entry["shape"]),
                path,
                entry["data_offsets"][1] - entry["data_offsets"][0],
                8 + length + entry["data_offsets"][0],
            )
            for name, entry in header.items()
        ]
        end = max(entry["data_offsets"][1] for entry in header.values())
        if path.stat().st_size != 8 + length + end:
            raise ValueError("another size than its header says")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelFilesError(
            f"{path} is not a whole safetensors file: copy or download it again."
        ) from error
    yield from tensors
