"""What to do when the memory of a device is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

CPU_ALLOCATOR = "DefaultCPUAllocator"
"""What the message of torch's RuntimeError names when main memory is used up."""

APPLE_GPU = "MPS backend out of memory"
"""What it says when an Apple GPU's is."""


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error of torch says that a GPU or the main memory has no room."""
    # By its name: whoever only says what went wrong need not import torch.
    is_gpus = any(one.__name__ == "OutOfMemoryError" for one in type(error).__mro__)
    return is_gpus or any(words in str(error) for words in (CPU_ALLOCATOR, APPLE_GPU))


def release_memory(device: torch.device) -> None:
    """Gives back what torch keeps of a GPU's memory for later, so that smaller pieces find room."""
    if device.type != "cpu":
        import torch

        torch.get_device_module(device).empty_cache()
