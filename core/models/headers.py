"""What the headers of safetensors files say of the tensors in them. No torch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
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


def stored_tensors(paths: Iterable[Path]) -> list[StoredTensor]:
    """All tensors in some safetensors files.

    Raises:
        ModelFilesError: a file is not whole.
    """
    return [tensor for path in paths for tensor in _tensors_in(path)]


def split_packed(tensors: Iterable[StoredTensor]) -> tuple[dict[str, str], list[StoredTensor]]:
    """The names of the 4-bit weights with their kinds, and all tensors that neither are nor belong to one."""
    found = list(tensors)
    split = (tensor.name.split(PACKED_STATE) for tensor in found if PACKED_STATE in tensor.name)
    packed = {name: kind for name, kind, *_ in split}
    return packed, [tensor for tensor in found if owner(tensor.name) not in packed]


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
            )
            for name, entry in header.items()
        ]
        end = max(entry["data_offsets"][1] for entry in header.values())
        if path.stat().st_size != 8 + length + end:
            raise ValueError("another size than its header says")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFilesError(
            f"{path} is not a whole safetensors file: copy or download it again."
        ) from error
    yield from tensors
