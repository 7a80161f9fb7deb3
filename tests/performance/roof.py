"""What the device can do at most: matrix products and moving bytes."""

from __future__ import annotations

import torch

from tests.performance.clock import Clock

COPIED_BYTES = 1 << 28


def operations_per_second(clock: Clock, side: int, dtype: torch.dtype) -> float:
    """Multiplications and additions a second in the product of two large square matrices."""
    left, right = (torch.randn(side, side, device=clock.device).to(dtype) for _ in range(2))
    return 2 * side**3 / clock.best(lambda: left @ right, cycles=3)


def bytes_per_second(clock: Clock) -> float:
    """Bytes read and written a second in a copy from the device's memory into it."""
    source = torch.ones(COPIED_BYTES, dtype=torch.uint8, device=clock.device)
    target = torch.empty_like(source)
    return 2 * COPIED_BYTES / clock.best(lambda: target.copy_(source), cycles=3)
