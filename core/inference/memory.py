"""What to do when the memory of a device is used up."""

from __future__ import annotations

import torch

CPU_ALLOCATOR = "DefaultCPUAllocator"
"""What the message of torch's RuntimeError names when main memory is used up."""


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error of torch says that a GPU or the main memory has no room."""
    return isinstance(error, torch.OutOfMemoryError) or CPU_ALLOCATOR in str(error)


def release_memory(device: torch.device) -> None:
    """Gives back what torch keeps of a GPU's memory for later, so that smaller pieces find room."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
