"""What the times were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch
import transformers


def machine_facts() -> dict[str, str | int | float | None]:
    """The processor, its cores and how busy they are, and the versions of what computes."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_average_1_min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def peak_memory_bytes() -> int | None:
    """The most that this process has had resident; None where the system does not tell it by process.

    `getrusage` is not asked: its peak of a child process can be that of its parent.
    """
    for line in _lines(Path("/proc/self/status")):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def _processor() -> str:
    names = [line.split(":")[1].strip() for line in _lines(Path("/proc/cpuinfo")) if "model name" in line]
    return names[0] if names else platform.processor()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
