"""Scores: the importance map of one ability, for contrasts that another process makes, and those of units."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from cache.entries import SCORES, UNIT_SCORES, EntryFolder, Streamed
from cache.files import CorruptEntry, unreadable

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
