"""The scores of one set of items: two maps over all candidate weights, in main memory or in a file."""

from __future__ import annotations

import errno
import mmap
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from core.models.devices import free_on_disk
from core.models.matrices import Matrix


@dataclass(frozen=True, eq=False)
class MatrixScores:
    """The scores of one matrix, at least 0: the absolute value of a map, or of what it is beyond another."""

    products: Tensor
    """(rows, columns) float32 on CPU."""
    without: Tensor | None = None
    """(rows, columns) what is taken away first; None for nothing."""

    @property
    def size(self) -> int:
        """Number of scores."""
        return self.products.numel()

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float32: the scores from a row-major place to before another."""
        products = self.products.view(-1)[first:last]
        if self.without is None:
            return products.abs()
        return (products - self.without.view(-1)[first:last]).abs_()

    def dense(self) -> Tensor:
        """(rows, columns) float32: all scores of the matrix."""
        return self.part(0, self.size).view(self.products.shape)


@dataclass(frozen=True, eq=False)
class Importance:
    """The scores of one set of items: two signed maps over the weights, whence three scores of each."""

    products: tuple[Tensor, ...]
    """(rows, columns) float32 on CPU for each matrix of the weight space in order: gradient sum times
    weight."""
    even_products: tuple[Tensor, ...]
    """The same from the items at even places alone."""
    items: int
    """Number of items."""
    truncated: int
    """How many of them had their context cut."""

    @property
    def scores(self) -> tuple[MatrixScores, ...]:
        """For each matrix the scores, computed as they are read."""
        return tuple(map(MatrixScores, self.products))

    @property
    def halves(self) -> tuple[tuple[MatrixScores, ...], tuple[MatrixScores, ...]]:
        """The scores from the items at even and at odd places alone: how far they agree is the reliability.

        Those of the odd places are the difference of the maps: right to float32's rounding of the larger one.
        """
        odd = map(MatrixScores, self.products, self.even_products)
        return tuple(map(MatrixScores, self.even_products)), tuple(odd)


def zero_map(
    matrices: Sequence[Matrix], folder: Path | None, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, ...]:
    """(rows, columns) zeros for each matrix.

    Args:
        matrices: what the map is over.
        folder: None for main memory, of which pages are taken as they are written; else the zeros are those
            of a file there without a name, whose room on the disk is given back when the tensors are gone,
            even if the process is killed.
        dtype: of a number.

    Raises:
        ValueError: the disk has no room.
    """
    if folder is None:
        return tuple(torch.zeros(matrix.rows, matrix.columns, dtype=dtype) for matrix in matrices)
    flat = _in_a_file(sum(matrix.size for matrix in matrices), folder, dtype)
    parts = torch.split(flat, [matrix.size for matrix in matrices])
    return tuple(part.view(matrix.rows, matrix.columns) for part, matrix in zip(parts, matrices, strict=True))


def _in_a_file(elements: int, folder: Path, dtype: torch.dtype) -> Tensor:
    """(elements,) zeros in a file that has no name."""
    folder.mkdir(parents=True, exist_ok=True)
    size_bytes = elements * dtype.itemsize
    _require_room(folder, size_bytes, free_on_disk(folder) >= size_bytes)
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            # Taken now: a disk that is full when a page is written back would kill the process.
            os.posix_fallocate(file.fileno(), 0, size_bytes)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            _require_room(folder, size_bytes, False)
        mapped = mmap.mmap(file.fileno(), size_bytes)
    return torch.frombuffer(mapped, dtype=dtype)


def _require_room(folder: Path, size_bytes: int, is_there: bool) -> None:
    if not is_there:
        raise ValueError(
            f"The disk of {folder} has no room for {size_bytes / 1e9:.1f} GB of importance maps: free some "
            "of it, or choose another --cache-dir."
        )
