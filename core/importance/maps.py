"""The scores of one set of items: two maps over all candidate weights, in main memory or in a file.

`Offload` brings matrices from a device into the maps while the device goes on computing.
"""

from __future__ import annotations

import errno
import mmap
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import torch
from torch import Tensor

from core.importance.plan import OFFLOAD_SLOTS
from core.models.devices import free_on_disk
from core.models.matrices import Matrix


@dataclass(frozen=True, eq=False)
class MatrixScores:
    """The scores of one matrix, at least 0: the absolute value of a map, or of its difference to another."""

    products: Tensor
    """(rows, columns) float32 on CPU."""
    without: Tensor | None = None
    """(rows, columns) what is subtracted first; None for nothing."""

    @property
    def size(self) -> int:
        """Number of scores."""
        return self.products.numel()

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float32: the scores from a row-major position to before another."""
        products = self.products.view(-1)[first:last]
        if self.without is None:
            return products.abs()
        return (products - self.without.view(-1)[first:last]).abs_()

    def dense(self) -> Tensor:
        """(rows, columns) float32: all scores of the matrix."""
        return self.part(0, self.size).view(self.products.shape)


@dataclass(frozen=True, eq=False)
class Importance:
    """The scores of one set of items: two signed maps over the weights, which give three scores of each."""

    products: tuple[Tensor, ...]
    """(rows, columns) float32 on CPU for each matrix of the weight space in order: gradient sum times
    weight."""
    even_products: tuple[Tensor, ...]
    """The same from the items at even indices alone."""
    items: int
    """Number of items."""
    truncated: int
    """Number of items whose context was cut."""

    @property
    def scores(self) -> tuple[MatrixScores, ...]:
        """For each matrix the scores, computed as they are read."""
        return tuple(map(MatrixScores, self.products))

    @property
    def halves(self) -> tuple[tuple[MatrixScores, ...], tuple[MatrixScores, ...]]:
        """The scores from the items at even and at odd indices alone: their overlap is the reliability.

        Those at odd indices are the difference of the maps: exact to float32's rounding of the larger one.
        """
        odd = map(MatrixScores, self.products, self.even_products)
        return tuple(map(MatrixScores, self.even_products)), tuple(odd)


def zero_map(
    matrices: Sequence[Matrix], folder: Path | None, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, ...]:
    """(rows, columns) zeros for each matrix.

    Args:
        matrices: what the map is over.
        folder: None for main memory, whose pages are taken as they are written; else the zeros are in a file
            there without a name, whose space is given back when the tensors are gone, even if the process is
            killed.
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
    no_room = ValueError(
        f"The disk of {folder} has no room for {size_bytes / 1e9:.1f} GB of importance maps: free some "
        "of it, or choose another --cache-dir."
    )
    if free_on_disk(folder) < size_bytes:
        raise no_room
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            # Taken now: a disk that is full when a page is written back would kill the process.
            os.posix_fallocate(file.fileno(), 0, size_bytes)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise no_room from error
        mapped = mmap.mmap(file.fileno(), size_bytes)
    return torch.frombuffer(mapped, dtype=dtype)


class Offload:
    """Slots in main memory, in turns: a matrix is copied into one, then a thread passes it to a receiver.

    On CUDA the slots are pinned and the copies run on a stream of their own. Elsewhere copies wait.
    """

    def __init__(self, elements: int, *, pinned: bool) -> None:
        """Allocates slots for matrices of so many elements; pinned if they come from CUDA."""
        self._slots = [torch.empty(elements, pin_memory=pinned) for _ in range(OFFLOAD_SLOTS)]
        self._received: list[Future[object] | None] = [None] * OFFLOAD_SLOTS
        self._turn = 0
        self._streams: dict[torch.device, torch.cuda.Stream] = {}
        self._receiving = ThreadPoolExecutor(1, "importance-offload")

    def __enter__(self) -> Offload:
        """Itself; its thread ends with the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Waits for what is on its way."""
        self._receiving.shutdown()

    def send(self, values: Tensor, receive: Callable[[Tensor], object]) -> None:
        """Passes values to a receiver in main memory, some time before `finish` returns.

        Args:
            values: (rows, columns) float32 on a device; may be dropped at once, but not changed.
            receive: called in another thread, in the order of sending; must not keep its argument.
        """
        self._wait(self._turn)
        slot = self._slots[self._turn][: values.numel()].view(values.shape)
        arrived = self._copy(values, slot)

        def take() -> None:
            if arrived is not None:
                arrived.synchronize()
            receive(slot)

        self._received[self._turn] = self._receiving.submit(take)
        self._turn = (self._turn + 1) % OFFLOAD_SLOTS

    def finish(self) -> None:
        """Returns when everything was received; raises what a receiver raised."""
        for turn in range(OFFLOAD_SLOTS):
            self._wait(turn)

    def _wait(self, turn: int) -> None:
        future, self._received[turn] = self._received[turn], None
        if future is not None:
            future.result()

    def _copy(self, values: Tensor, slot: Tensor) -> torch.cuda.Event | None:
        """Starts the copy; returns the event of its end, None if it has ended already."""
        if not values.is_cuda:
            slot.copy_(values)
            return None
        if values.device not in self._streams:
            self._streams[values.device] = torch.cuda.Stream(values.device)  # type: ignore[no-untyped-call]
        stream = self._streams[values.device]
        stream.wait_stream(torch.cuda.current_stream(values.device))
        with torch.cuda.stream(stream):
            slot.copy_(values, non_blocking=True)
            arrived: torch.cuda.Event = stream.record_event()
        values.record_stream(stream)  # its memory is not reused before it was read
        return arrived
