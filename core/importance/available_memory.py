"""How much memory is free for importance at this moment, the model being loaded."""

from __future__ import annotations

from pathlib import Path

import torch

from core.importance.plan import Free
from core.models.devices import free_memory, free_on_disk
from core.models.weight_space import WeightSpace


def free_now(space: WeightSpace, folder: Path) -> Free:
    """What is free on the model's devices, in main memory, and on the disk of a folder, made yet or not."""
    devices = {space.device(matrix) for matrix in space.matrices}
    gpus = [device for device in devices if device.type == "cuda"]
    on_gpus = sum(map(_free_on, gpus)) if len(gpus) == len(devices) else None
    return Free(on_gpus, free_memory(), free_on_disk(folder))


def _free_on(device: torch.device) -> int:
    """What the driver has free, and what torch keeps of the GPU for later."""
    free: int = torch.cuda.mem_get_info(device)[0]
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
