"""Rankings and scores, in safetensors.

A ranking is the selected weights of a model in order, 6 bytes each; one file serves every smaller k. Scores
are the importance map of one ability, for contrasts that another process makes, and those of whole units.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save, save_file

from cache.entries import RANKINGS, SCORES, UNIT_SCORES, EntryFolder, Manifest, Payload, Streamed, is_count
from cache.files import CorruptEntry, unreadable

BLOCK = 1 << 18
"""Weights per checksum: what has to be read, at least, to verify a prefix (1.5 MB)."""


class Ranking(NamedTuple):
    """Weights in rank order."""

    matrix_ids: NDArray[np.int16]
    """(n,) index of each weight's matrix in the model's fixed order."""
    local_indices: NDArray[np.int32]
    """(n,) index of each weight in its matrix, row by row."""
    metadata: dict[str, Any]
    """What was saved with them."""


class Rankings:
    """The stored rankings: `rankings/<key>.safetensors` with its manifest."""

    def __init__(self, root: Path, shipped: Path | None = None) -> None:
        self.entries = EntryFolder(root, RANKINGS, shipped=shipped)

    def save(
        self,
        key: str,
        key_inputs: Mapping[str, Any],
        matrix_ids: NDArray[np.int16],
        local_indices: NDArray[np.int32],
        metadata: Mapping[str, Any],
    ) -> None:
        """Stores a ranking, atomically.

        Args:
            key: see `keys.key_of`.
            key_inputs: what the key was made of.
            matrix_ids: (n,) in rank order.
            local_indices: (n,) in rank order.
            metadata: plain values that come back on loading.

        Raises:
            ValueError: the arrays are not int16 and int32 of one length.
        """
        _check(matrix_ids, local_indices)
        arrays: dict[str, NDArray[Any]] = {
            "matrix_ids": np.ascontiguousarray(matrix_ids),
            "local_indices": np.ascontiguousarray(local_indices),
        }
        details = {
            "n": len(matrix_ids),
            "blocks": list(_block_checksums(matrix_ids, local_indices)),
            "metadata": metadata,
        }
        content = Streamed(lambda path: _save(arrays, path), lambda: save(arrays))
        self.entries.write(key, content, key_inputs, details)

    def load(self, key: str, n: int | None = None) -> Ranking | None:
        """The first n weights of a ranking (all by default); None if it is not stored.

        Only the blocks that hold them are read, and each is verified equal to what was written.

        Raises:
            CorruptEntry: the file or its manifest is damaged.
            ValueError: the ranking has fewer than n weights.
        """
        manifest = self.entries.read_manifest(key)
        if manifest is None:
            return None
        path = self.entries.read_path(key)
        stored, blocks = _checked_details(path, manifest)
        n = stored if n is None else n
        if not 0 <= n <= stored:
            raise ValueError(f"The stored ranking has {stored} weights, {n} were asked for.")
        read = min(-(-n // BLOCK) * BLOCK, stored)
        held = self.entries.held.get(key)
        matrix_ids, local_indices = _read_prefix(path, held[1] if held else path, read)
        checksums = list(_block_checksums(matrix_ids, local_indices))
        if len(matrix_ids) < read or checksums != blocks[: len(checksums)]:
            raise CorruptEntry(path, "its bytes differ from those that were written")
        return Ranking(matrix_ids[:n], local_indices[:n], manifest.details["metadata"])

    def length(self, key: str) -> int | None:
        """The number of weights of the ranking; None if it is not stored.

        Raises:
            CorruptEntry: its manifest is damaged.
        """
        manifest = self.entries.read_manifest(key)
        return None if manifest is None else _checked_details(self.entries.read_path(key), manifest)[0]


def _checked_details(path: Path, manifest: Manifest) -> tuple[int, list[str]]:
    """The number of weights of a ranking, and the checksums of their blocks; raises CorruptEntry without."""
    n, blocks = manifest.details.get("n"), manifest.details.get("blocks")
    if type(n) is not int or not is_count(n) or not isinstance(blocks, list):
        raise CorruptEntry(path, "its manifest does not say what is in it")
    if not isinstance(manifest.details.get("metadata"), dict):
        raise CorruptEntry(path, "its manifest has no usable 'metadata'")
    return n, blocks


def _save(arrays: dict[str, NDArray[Any]], path: Path) -> None:
    """Writes the arrays to a file; raises OSError if it cannot be written."""
    try:
        save_file(arrays, path)
    except SafetensorError as error:  # raised when the disk is full
        raise OSError(f"{error}") from None


def _check(matrix_ids: NDArray[np.int16], local_indices: NDArray[np.int32]) -> None:
    for name, array, dtype in (
        ("matrix_ids", matrix_ids, "int16"),
        ("local_indices", local_indices, "int32"),
    ):
        if array.dtype != dtype or array.ndim != 1:
            raise ValueError(f"{name} must be a row of {dtype}, not {array.dtype} of shape {array.shape}.")
    if len(matrix_ids) != len(local_indices):
        raise ValueError(f"{len(matrix_ids)} matrix_ids, but {len(local_indices)} local_indices.")


def _read_prefix(path: Path, payload: Payload, n: int) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
    """The first n weights of both arrays; raises CorruptEntry if the payload is no ranking."""
    if n == 0:  # safetensors cannot slice an empty array
        return np.empty(0, np.int16), np.empty(0, np.int32)
    try:
        if isinstance(payload, bytes):
            arrays = load(payload)
            matrix_ids, local_indices = arrays["matrix_ids"][:n], arrays["local_indices"][:n]
        else:
            with safe_open(payload, framework="np") as file:
                matrix_ids = file.get_slice("matrix_ids")[:n]
                local_indices = file.get_slice("local_indices")[:n]
        _check(matrix_ids, local_indices)
    except OSError as error:
        raise unreadable(path, error) from None
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise CorruptEntry(path, f"it cannot be read ({error})") from None
    return matrix_ids, local_indices


def _block_checksums(matrix_ids: NDArray[np.int16], local_indices: NDArray[np.int32]) -> Iterator[str]:
    """SHA-256 of each block's weights, both arrays together."""
    for start in range(0, len(matrix_ids), BLOCK):
        digest = hashlib.sha256(matrix_ids[start : start + BLOCK].tobytes())
        digest.update(local_indices[start : start + BLOCK].tobytes())
        yield digest.hexdigest()


Shape = tuple[int, int]


class KeptScores:
    """The kept scores: `scores/<key>.safetensors` with its manifest."""

    def __init__(self, root: Path) -> None:
        self.entries = EntryFolder(root, SCORES)

    def save(self, key: str, key_inputs: Mapping[str, Any], arrays: Sequence[NDArray[np.float32]]) -> None:
        """Stores a map, atomically; no copy of it is made in memory.

        Args:
            key: see `keys.key_of`.
            key_inputs: what the key was made of.
            arrays: (rows, columns) for each matrix.

        Raises:
            Unwritable: it cannot be written; nothing is held in memory.
        """

        def write(path: Path) -> None:
            with path.open("wb") as file:
                file.write(_header([array.shape for array in arrays]))
                for array in arrays:
                    array.tofile(file)

        self.entries.write(key, Streamed(write, None), key_inputs, {})

    def load(self, key: str, shapes: Sequence[Shape]) -> list[NDArray[np.float32]] | None:
        """The map of a key, verified whole; None if it is not stored.

        The arrays are mapped from the file and read as they are used; changes of them do not reach it.

        Args:
            key: see `keys.key_of`.
            shapes: rows and columns of each matrix.

        Raises:
            CorruptEntry: the file is damaged, or it is a map of other matrices.
        """
        path = self.entries.whole_payload(key)
        if path is None:
            return None
        assert isinstance(path, Path), "nothing is held in memory"
        try:
            with path.open("rb") as file:
                start = _start(file, path, shapes)
            flat = np.memmap(path, np.float32, "c", start, sum(map(math.prod, shapes)))
        except OSError as error:
            raise unreadable(path, error) from None
        ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
        parts = np.split(np.asarray(flat), ends)
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


class UnitScores:
    """The scores of whole units for one ability: `unit_scores/<key>.safetensors` with its manifest."""

    def __init__(self, root: Path) -> None:
        self.entries = EntryFolder(root, UNIT_SCORES)

    def save(self, key: str, key_inputs: Mapping[str, Any], rows: NDArray[np.float32]) -> None:
        """Stores scores, atomically.

        Args:
            key: see `keys.key_of`.
            key_inputs: what the key was made of.
            rows: (3, units) from all items, and from those at even and at odd indices.

        Raises:
            Unwritable: it cannot be written; it is held in memory.
        """
        self.entries.write(key, save({UNITS: np.ascontiguousarray(rows)}), key_inputs, {})

    def load(self, key: str, units: int) -> NDArray[np.float32] | None:
        """The (3, units) rows of a key, verified; None if they are not stored.

        Raises:
            CorruptEntry: the file is damaged, or it is of another number of units.
        """
        manifest = self.entries.read_manifest(key)
        if manifest is None:
            return None
        payload = self.entries.read_payload(key, manifest)
        try:
            rows: NDArray[np.float32] = load(payload)[UNITS]
        except (SafetensorError, ValueError, TypeError, KeyError) as error:
            raise CorruptEntry(self.entries.read_path(key), f"it cannot be read ({error})") from None
        if rows.dtype != np.float32 or rows.shape != (3, units):
            raise CorruptEntry(self.entries.read_path(key), "it has no scores of this model's units")
        return rows


UNITS = "scores"
"""The name of the array in the file."""


def _header(shapes: Iterable[tuple[int, ...]]) -> bytes:
    """The beginning of a file of safetensors with these float32 matrices, named by number."""
    entries, end = {}, 0
    for number, shape in enumerate(shapes):
        begin, end = end, end + 4 * math.prod(shape)
        entries[str(number)] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _start(file: BinaryIO, path: Path, shapes: Sequence[Shape]) -> int:
    """Where the numbers begin; raises CorruptEntry if they are not of these matrices."""
    expected = _header(shapes)
    if file.read(len(expected)) != expected:
        raise CorruptEntry(path, "it is no map of this model's matrices")
    return len(expected)
