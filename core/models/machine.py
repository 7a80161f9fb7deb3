"""This computer: versions, cores, memory, GPUs. Asks system and driver; no torch."""

from __future__ import annotations

import os
import platform
import threading
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from core.models.devices import free_memory

PACKAGES = (
    *("torch", "transformers", "accelerate", "datasets", "bitsandbytes", "polars", "textual", "lm-eval"),
    "nvidia-ml-py",
)
"""The packages whose versions can change a result or a screen."""

DRIVER_TIMEOUT_S = 20.0
"""How long the GPU driver may take: its first answer after a start can take seconds."""


@dataclass(frozen=True)
class Memory:
    """Main memory."""

    total_bytes: int
    free_bytes: int | None
    """What a new program can take without swapping."""


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU."""

    name: str
    memory_total_bytes: int | None
    """None if the driver does not say, as on GPUs that share the main memory."""
    memory_free_bytes: int | None
    driver: str


@dataclass(frozen=True)
class Machine:
    """A computer."""

    python: str
    platform: str
    packages: dict[str, str | None]
    """Version of each of PACKAGES; None if it is not installed."""
    cores: int
    """CPU cores that this process may use."""
    memory: Memory
    gpus: tuple[Gpu, ...]


def this_machine() -> Machine:
    """This computer at this moment.

    Raises:
        OSError: the GPU driver does not answer.
    """
    import psutil

    return Machine(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages={name: installed_version(name) for name in PACKAGES},
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count() or 1,
        memory=Memory(psutil.virtual_memory().total, free_memory()),
        gpus=nvidia_gpus(),
    )


def installed_version(package: str) -> str | None:
    """The version of a package, without importing it; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def nvidia_gpus() -> tuple[Gpu, ...]:
    """The GPUs of the NVIDIA driver; none without a driver.

    Raises:
        OSError: the driver does not answer.
    """
    found: list[tuple[Gpu, ...]] = []
    # A daemon thread: a driver that hangs keeps no program from ending.
    asking = threading.Thread(target=lambda: found.append(_ask_driver()), name="gpus", daemon=True)
    asking.start()
    asking.join(DRIVER_TIMEOUT_S)
    if not found:
        raise OSError(
            f"The GPU driver did not answer within {DRIVER_TIMEOUT_S:g} s: check it with nvidia-smi."
        )
    return found[0]


def _ask_driver() -> tuple[Gpu, ...]:
    import pynvml

    try:
        pynvml.nvmlInit()
        driver = pynvml.nvmlSystemGetDriverVersion()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return tuple(
            Gpu(pynvml.nvmlDeviceGetName(handle), *_memory(pynvml, handle), driver) for handle in handles
        )
    except pynvml.NVMLError:  # there is no driver, or it fails: no GPU can be used
        return ()


def _memory(pynvml: Any, handle: Any) -> tuple[int | None, int | None]:
    """Total and free bytes of a GPU; None if the driver does not say."""
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    except pynvml.NVMLError:
        return None, None
    return int(memory.total), int(memory.free)
