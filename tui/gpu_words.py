"""What the driver says of the GPUs, in a few words. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.experiment.events import GpuFacts


def gpu_words(gpus: Sequence[GpuFacts]) -> list[str]:
    """Load, memory and temperature, such as `GPU 93 %`, `17.2/24.0 GB`, `71 °C`, as far as they are known.

    Of several GPUs the mean load, all their memory, and the highest temperature.
    """
    loads = [gpu.load for gpu in gpus if gpu.load is not None]
    heats = [gpu.celsius for gpu in gpus if gpu.celsius is not None]
    sizes = [
        (gpu.used_bytes, gpu.total_bytes)
        for gpu in gpus
        if gpu.used_bytes is not None and gpu.total_bytes is not None
    ]
    name = "GPU" if len(gpus) == 1 else f"{len(gpus)} GPUs"
    words = []
    if loads:
        words.append(f"{name} {sum(loads) / len(loads):.0f} %")
    if sizes:
        used, total = (sum(column) / 1e9 for column in zip(*sizes, strict=True))
        words.append(f"{used:.1f}/{total:.1f} GB" if loads else f"{name} {used:.1f}/{total:.1f} GB")
    if heats:
        words.append(f"{max(heats)} °C")
    return words
