"""Takes times and peaks of memory on a device."""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch

from core.inference.batching import is_out_of_memory, release_memory
from tests.performance.peaks import peak_memory_bytes

CLEAR_REFS = Path("/proc/self/clear_refs")
"""Where Linux takes the order to measure a process's peak anew."""

FORGET_THE_PEAK = "5"

LONG_S = 4.0
"""A call of so many seconds needs no warm-up, and few repeats."""


class Peak(NamedTuple):
    """By how much memory rose at most; None where the system does not say."""

    process_bytes: int | None
    device_bytes: int | None
    """The same of a GPU."""


@dataclass(frozen=True)
class Clock:
    """Seconds of the processor on a CPU, to which other programs add little; of the wall on a GPU."""

    device: torch.device
    repeats: int

    @property
    def unit(self) -> str:
        """What is counted, in words."""
        return "CPU seconds" if self.device.type == "cpu" else "seconds, the GPU waited for"

    def seconds_of(self, call: Callable[[], object], cycles: int = 1) -> float:
        """Seconds of one call, the mean of so many cycles."""
        start = self._now()
        for _ in range(cycles):
            call()
        return (self._now() - start) / cycles

    def best(self, call: Callable[[], object], cycles: int = 1) -> float:
        """The least of all repeats, after a warm-up; of long calls the lesser of two."""
        first = self.seconds_of(call)
        if first > LONG_S:
            return min(first, self.seconds_of(call))
        return min(self.seconds_of(call, cycles) for _ in range(self.repeats))

    def best_of_both(
        self, ours: Callable[[], object], plain: Callable[[], object], cycles: int = 1
    ) -> tuple[float, float]:
        """The same of either, which take turns."""
        first = self.seconds_of(ours), self.seconds_of(plain)
        is_long = max(first) > LONG_S
        pairs = [first] if is_long else []
        for _ in range(1 if is_long else self.repeats):
            pairs.append((self.seconds_of(ours, cycles), self.seconds_of(plain, cycles)))
        return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)

    def compared(
        self, ours: Callable[[], object], plain: Callable[[], object] | None, cycles: int = 1
    ) -> tuple[float, float | None]:
        """Seconds, ours and plain; the latter None without a plain way, or where it has no room."""
        if plain is not None:
            try:
                return self.best_of_both(ours, plain, cycles)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            release_memory(self.device)
        return self.best(ours, cycles), None

    def peak_of(self, call: Callable[[], object]) -> Peak:
        """By how much memory rises at most in one call, its result included."""
        gc.collect()
        _give_back()
        on_gpu = self.device.type == "cuda"
        if on_gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)
            before_on_gpu = torch.cuda.memory_allocated(self.device)
        before = _reset_peak()
        kept = call()
        after = peak_memory_bytes() if before is not None else None
        rise = torch.cuda.max_memory_allocated(self.device) - before_on_gpu if on_gpu else None
        del kept
        return Peak(None if before is None or after is None else after - before, rise)

    def _now(self) -> float:
        if self.device.type == "cpu":
            return time.process_time()
        torch.cuda.synchronize(self.device)
        return time.perf_counter()


def _give_back() -> None:
    """Has the C library give freed memory back, where it can: new memory would else not raise the peak."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _reset_peak() -> int | None:
    """Makes the process's peak what it has now, which is returned; None where that cannot be done."""
    try:
        CLEAR_REFS.write_text(FORGET_THE_PEAK)
    except OSError:
        return None
    return peak_memory_bytes()
