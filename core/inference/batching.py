"""Sizes of batches, and what to do when a device runs out of memory. Imports no torch by itself."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

PASS_ON_CPU = 64
"""Fixed cost of a forward pass on a CPU, in tokens: what one more batch has to save."""

PASS_ON_GPU = 512
"""The same on a GPU."""

HEAD_POSITIONS = 512
"""Positions whose logits are in memory at once: 512 rows of 128,000 words are 0.26 GB in float32."""

CPU_ALLOCATOR = "DefaultCPUAllocator"
"""Part of the message of torch's RuntimeError when main memory is used up."""

APPLE_GPU = "MPS backend out of memory"
"""The same of an Apple GPU."""

NO_MEMORY = os.strerror(errno.ENOMEM)
"""The same of the operating system, as when a file is mapped."""


def pass_cost(device: str) -> int:
    """Fixed cost of a forward pass on a kind of device, in tokens."""
    return PASS_ON_CPU if device == "cpu" else PASS_ON_GPU


def cheapest_batches(lengths: Sequence[int], most: int, cost: int, rows: int | None = None) -> list[int]:
    """Number of rows of each batch, taken in order, that minimises padded tokens plus the cost of passes.

    Args:
        lengths: tokens of each row, at least one, the longest first.
        most: largest number of padded tokens in a batch; a longer row is a batch of its own.
        cost: of a pass, in tokens.
        rows: largest number of rows in a batch; None for any.
    """
    best = [0]  # the least cost of the first rows, by their number
    sizes = [0]  # the rows of the last batch then
    for end in range(1, len(lengths) + 1):
        found = best[end - 1] + lengths[end - 1] + cost, 1
        for first in range(end - 2, -1 if rows is None else max(-1, end - rows - 1), -1):
            padded = (end - first) * lengths[first]
            if padded > most:
                break
            found = min(found, (best[first] + padded + cost, end - first))
        best.append(found[0])
        sizes.append(found[1])
    batches = []
    end = len(lengths)
    while end:
        batches.append(sizes[end])
        end -= sizes[end]
    return batches[::-1]


def is_out_of_memory(error: RuntimeError | OSError) -> bool:
    """Whether an error of torch or the operating system says that a GPU or the main memory is full."""
    # By name, so that callers need not import torch.
    is_gpus = any(one.__name__ == "OutOfMemoryError" for one in type(error).__mro__)
    return is_gpus or any(words in str(error) for words in (CPU_ALLOCATOR, APPLE_GPU, NO_MEMORY))


def release_memory(device: torch.device) -> None:
    """Returns torch's cached GPU memory, so that smaller pieces find room."""
    if device.type != "cpu":
        import torch

        torch.get_device_module(device).empty_cache()
