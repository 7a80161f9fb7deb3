"""The header of a GGUF file: its metadata, and where its tensors lie. No torch.

The `gguf` package's own reader takes 2 to 14 s for the vocabulary of a real model, one small array for each
token, and a header that lies about a length makes it allocate without end.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.models.files import ModelFilesError

VERSIONS = (2, 3)

SCALARS: dict[int, str] = {
    **{0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i"},
    **{6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"},
}
"""The numbers that metadata may be, by their code in the file, as `struct` names them."""

STRING, ARRAY = 8, 9

SHORT_ARRAY = 64
"""Numbers of an array that are kept; longer ones belong to the tokenizer."""

MOST_DIMENSIONS = 4

DEFAULT_ALIGNMENT = 32

TOKENS = "tokenizer.ggml.tokens"
"""Key of the vocabulary."""

SPECIAL_NAMES = {"unknown": "unk", "padding": "pad"}
"""What transformers calls special tokens, where llama.cpp has other words."""


@dataclass(frozen=True)
class GgufTensor:
    """A tensor of a GGUF file."""

    name: str
    """As llama.cpp calls it, such as `blk.0.attn_q.weight`."""
    shape: tuple[int, ...]
    """As torch has it: rows, then columns."""
    kind: str
    """How it is stored: `F32`, `Q8_0`, `Q4_K` …"""
    start: int
    """Its first byte in the file."""
    size_bytes: int


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file says of itself."""

    path: Path
    metadata: Mapping[str, Any]
    """Numbers, words and short arrays; of a longer array its length."""
    arrays: Mapping[str, tuple[str, int, int]]
    """Each longer array's number code (empty for strings), first byte and length."""
    tensors: tuple[GgufTensor, ...]

    def texts(self, key: str) -> list[str]:
        """The strings of an array, read from the file; empty if there is none."""
        code, start, count = self.arrays.get(key, ("", 0, 0))
        with _Bytes(self.path) as data:
            data.at = start
            return [] if code else [data.string() for _ in range(count)]

    def numbers(self, key: str) -> tuple[Any, ...]:
        """The numbers of an array, read from the file; empty if there is none."""
        if isinstance(short := self.metadata.get(key), tuple):
            return short
        code, start, count = self.arrays.get(key, ("", 0, 0))
        with _Bytes(self.path) as data:
            data.at = start
            return data.numbers(code, count) if code else ()


def read_header(path: Path) -> GgufHeader:
    """The header of a file, which is remembered until the file changes.

    Raises:
        ModelFilesError: it is no GGUF file, not whole, or its version or a tensor's type is not known.
    """
    status = path.stat()
    return _read(path, status.st_size, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=4)
def _read(path: Path, size: int, changed: int, number: int) -> GgufHeader:
    if size < 24:
        raise _not_whole(path, "it is too short")
    try:
        with _Bytes(path) as data:
            return _header(path, data)
    except ModelFilesError:
        raise
    except (struct.error, ValueError, OverflowError) as error:
        raise _not_whole(path, "its header ends early or holds nonsense") from error


def _header(path: Path, data: _Bytes) -> GgufHeader:
    magic = data.take(4)
    if magic != b"GGUF":
        raise ModelFilesError(f"{path} is no GGUF file, whatever its name says: give another file.")
    version = data.number("I")
    if version not in VERSIONS:
        raise ModelFilesError(
            f"{path} is GGUF of version {version} or of another byte order, and versions 2 and 3 are read: "
            "convert the model again."
        )
    tensor_count, entry_count = data.number("Q"), data.number("Q")
    metadata: dict[str, Any] = {}
    arrays: dict[str, tuple[str, int, int]] = {}
    for _ in range(entry_count):
        key = data.string()
        if key in metadata:
            raise _not_whole(path, f"it says {key} twice")
        metadata[key] = _value(data, data.number("I"), key, arrays)
    found = [_tensor_entry(data) for _ in range(tensor_count)]
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1:
        raise _not_whole(path, f"its alignment is {alignment}")
    data_start = -(-data.at // alignment) * alignment
    tensors = tuple(_tensor(path, entry, data_start, data.size) for entry in found)
    if len({tensor.name for tensor in tensors}) < len(tensors):
        raise _not_whole(path, "two of its tensors have one name")
    return GgufHeader(path, metadata, arrays, tensors)


def _value(data: _Bytes, kind: int, key: str, arrays: dict[str, tuple[str, int, int]]) -> Any:
    if kind == STRING:
        return data.string()
    if kind != ARRAY:
        return data.number(SCALARS.get(kind) or _unknown(kind))
    inner, count = data.number("I"), data.number("Q")
    if inner == STRING:
        arrays[key] = ("", data.at, count)
        for _ in range(count):
            data.skip(data.number("Q"))
        return count
    code = SCALARS.get(inner) or _unknown(inner)
    if count <= SHORT_ARRAY:
        return data.numbers(code, count)
    arrays[key] = (code, data.at, count)
    data.skip(count * struct.calcsize(f"<{code}"))
    return count


def _unknown(kind: int) -> str:
    raise ValueError(f"metadata of type {kind}")


def _tensor_entry(data: _Bytes) -> tuple[str, tuple[int, ...], int, int]:
    """Name, shape, code of its type, and offset in the part of the tensors."""
    name, dimensions = data.string(), data.number("I")
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise ValueError(f"{dimensions} dimensions")
    shape = tuple(data.number("Q") for _ in range(dimensions))
    return name, shape[::-1], data.number("I"), data.number("Q")


def _tensor(
    path: Path, entry: tuple[str, tuple[int, ...], int, int], data_start: int, size: int
) -> GgufTensor:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    name, shape, code, offset = entry
    try:
        kind = GGMLQuantizationType(code)
    except ValueError as error:
        raise ModelFilesError(
            f"{path} stores {name} as type {code}, which is not known: use a file of a common type, such as "
            "Q8_0 or Q4_K_M."
        ) from error
    block, block_bytes = GGML_QUANT_SIZES[kind]
    if min(shape) < 1 or shape[-1] % block:
        raise _not_whole(path, f"the shape of {name} is {'x'.join(map(str, shape))}")
    tensor = GgufTensor(name, shape, kind.name, data_start + offset, math.prod(shape) // block * block_bytes)
    if tensor.start + tensor.size_bytes > size:
        raise _not_whole(path, f"{name} goes beyond its end")
    return tensor


def _not_whole(path: Path, why: str) -> ModelFilesError:
    return ModelFilesError(f"{path} is not a whole GGUF file ({why}): copy or download it again.")


def special_tokens(header: GgufHeader) -> dict[str, str]:
    """The special tokens that a file names, such as `bos_token`, by the texts in its vocabulary.

    Raises:
        ModelFilesError: it names one that its vocabulary does not have.
    """
    texts, found = header.texts(TOKENS), {}
    for name in ("bos", "eos", "unknown", "padding"):
        number = header.metadata.get(f"tokenizer.ggml.{name}_token_id")
        if number is None:
            continue
        if type(number) is not int or not 0 <= number < len(texts):
            raise _not_whole(header.path, f"its {name} token is {number} of {len(texts):,} tokens")
        found[f"{SPECIAL_NAMES.get(name, name)}_token"] = texts[number]
    return found


class _Bytes:
    """Reads a file from front to back; struct.error or ValueError beyond its end."""

    def __init__(self, path: Path) -> None:
        self._path, self.at = path, 0

    def __enter__(self) -> _Bytes:
        with self._path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.size = len(self._map)
        return self

    def __exit__(self, *_: object) -> None:
        self._map.close()

    def number(self, code: str) -> Any:
        """The next number, little-endian."""
        form = f"<{code}"
        (value,) = struct.unpack_from(form, self._map, self.at)
        self.at += struct.calcsize(form)
        return value

    def numbers(self, code: str, count: int) -> tuple[Any, ...]:
        """The next so many numbers."""
        return struct.unpack(f"<{count}{code}", self.take(count * struct.calcsize(f"<{code}")))

    def take(self, count: int) -> bytes:
        """The next so many bytes."""
        start = self.at
        self.skip(count)
        return self._map[start : self.at]

    def skip(self, count: int) -> None:
        """Goes on by so many bytes."""
        if count > self.size - self.at:
            raise ValueError("beyond the end")
        self.at += count

    def string(self) -> str:
        """The next string."""
        return self.take(self.number("Q")).decode()
