"""Which kind of device a model will run on, told without torch."""

from __future__ import annotations

from pathlib import Path

NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
"""Is there where an Nvidia driver is loaded."""


def device_kind(device: str) -> str:
    """`cpu`, `cuda` or another torch device type; `auto` is the first GPU if there is one, else the CPU.

    A guess for `auto`: whoever loads the model compares it with where the model really is.
    """
    if device != "auto":
        return device.split(":")[0]
    return "cuda" if NVIDIA_DRIVER.exists() else "cpu"
