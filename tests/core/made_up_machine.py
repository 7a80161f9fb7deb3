"""A machine with the memory and the GPUs that a test is about."""

from __future__ import annotations

from core.models.devices import Gpu, Machine, Memory


def machine(free_bytes: int | None = 10**9, *gpus: Gpu) -> Machine:
    """A machine with this much free main memory (None: unknown), and these GPUs."""
    return Machine("3.11.0", "Linux x86_64", {"torch": "2.11"}, 4, Memory(10**10, free_bytes), gpus)
