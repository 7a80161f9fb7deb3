"""The most memory that a process took. No torch."""

from __future__ import annotations

from pathlib import Path


def peak_mb() -> float:
    """That of this process so far; Linux alone.

    `ru_maxrss` will not do: it begins with that of the process which started this one.
    """
    lines = Path("/proc/self/status").read_text(encoding="utf-8").split("\n")
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1e3
