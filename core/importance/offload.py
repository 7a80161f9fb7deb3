"""Brings matrices from a device to main memory while the device goes on computing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import torch
from torch import Tensor

from core.importance.memory import STAGED_MATRICES


class Offload:
    """Slots in main memory, in turns: a matrix is copied into one, then a thread hands it to who wants it.

    On CUDA the slots are pinned and the copies run on a stream of their own. Elsewhere copies wait.
    """

    def __init__(self, elements: int, *, pinned: bool) -> None:
        """Takes the slots' memory.

        Args:
            elements: of the largest matrix.
            pinned: whether matrices come from CUDA.
        """
        self._slots = [torch.empty(elements, pin_memory=pinned) for _ in range(STAGED_MATRICES)]
        self._received: list[Future[object] | None] = [None] * STAGED_MATRICES
        self._turn = 0
        self._streams: dict[torch.device, torch.cuda.Stream] = {}
        self._taking_in = ThreadPoolExecutor(1, "importance-offload")

    def __enter__(self) -> Offload:
        """Itself; its thread ends with the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Waits for what is on its way."""
        self._taking_in.shutdown()

    def send(self, values: Tensor, receive: Callable[[Tensor], object]) -> None:
        """Has the values handed over in main memory, some time before `finish` returns.

        Args:
            values: (rows, columns) float32 on a device; may be given up at once, but not be changed.
            receive: is called in another thread, in the order of sending; does not keep what it is given.
        """
        self._wait(self._turn)
        slot = self._slots[self._turn][: values.numel()].view(values.shape)
        arrived = self._copy(values, slot)

        def take_in() -> None:
            if arrived is not None:
                arrived.synchronize()
            receive(slot)

        self._received[self._turn] = self._taking_in.submit(take_in)
        self._turn = (self._turn + 1) % STAGED_MATRICES

    def finish(self) -> None:
        """Returns when all was handed over; raises what a receiver raised."""
        for place in range(STAGED_MATRICES):
            self._wait(place)

    def _wait(self, place: int) -> None:
        future, self._received[place] = self._received[place], None
        if future is not None:
            future.result()

    def _copy(self, values: Tensor, slot: Tensor) -> torch.cuda.Event | None:
        """Starts the copy; what tells when it is done, None if it is already."""
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
        values.record_stream(stream)  # its memory is not used anew before it was read
        return arrived
