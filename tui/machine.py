"""What this computer has: versions, cores, memory, GPUs. Asks the system; imports no torch."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from core.models.devices import free_memory

GPU_PACKAGE = "nvidia-ml-py"
"""The package that asks the driver for load and temperature of a GPU; of the extra `gpu`."""

PACKAGES = (
    "torch",
    "transformers",
    "accelerate",
    "datasets",
    "bitsandbytes",
    "polars",
    "textual",
    "lm-eval",
    GPU_PACKAGE,
)
"""The packages whose versions can change a result or a screen."""

NVIDIA_SMI = (
    "nvidia-smi",
    "--query-gpu=name,memory.total,memory.free,driver_version",
    "--format=csv,noheader,nounits",
)
"""Lists the NVIDIA GPUs, one a line, memory in MiB."""

NVIDIA_SMI_TIMEOUT_S = 20.0
"""How long it may take; the first call after a start can take several seconds."""

MIB = 2**20


@dataclass(frozen=True)
class Memory:
    """The computer's main memory."""

    total_bytes: int
    free_bytes: int | None
    """What a new program can use without swapping; None where the system does not say."""


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU."""

    name: str
    memory_total_bytes: int | None
    """None where the driver does not say, as on GPUs that share the main memory."""
    memory_free_bytes: int | None
    driver: str


@dataclass(frozen=True)
class Machine:
    """This computer."""

    python: str
    platform: str
    packages: dict[str, str | None]
    """Version of each of PACKAGES; None if it is not installed."""
    cores: int
    """CPU cores that this process may use."""
    memory: Memory
    gpus: tuple[Gpu, ...]


def this_machine() -> Machine:
    """What this computer has at this moment."""
    return Machine(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages={name: installed_version(name) for name in PACKAGES},
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory=_memory(),
        gpus=_gpus(),
    )


def installed_version(package: str) -> str | None:
    """The version of a package, without importing it; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _memory() -> Memory:
    total_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Memory(total_bytes, free_memory())


def _gpus() -> tuple[Gpu, ...]:
    """The GPUs that nvidia-smi lists; none where it is missing or finds no driver.

    Raises:
        OSError: nvidia-smi does not answer.
    """
    if not shutil.which(NVIDIA_SMI[0]):
        return ()
    try:
        done = subprocess.run(
            NVIDIA_SMI, capture_output=True, text=True, timeout=NVIDIA_SMI_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(
            f"nvidia-smi did not answer within {NVIDIA_SMI_TIMEOUT_S:g} s: check the GPU's driver."
        ) from error
    return parse_gpus(done.stdout) if done.returncode == 0 else ()


def parse_gpus(listing: str) -> tuple[Gpu, ...]:
    """The GPUs of an nvidia-smi listing."""
    rows = [line.rsplit(", ", 3) for line in listing.splitlines() if line.count(", ") >= 3]
    return tuple(Gpu(name, _mib(total), _mib(free), driver) for name, total, free, driver in rows)


def _mib(figure: str) -> int | None:
    return int(figure) * MIB if figure.strip().isdigit() else None
