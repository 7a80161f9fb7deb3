"""The most memory that processes took. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil


def peak_memory_bytes(process: int | str = "self") -> int | None:
    """The most that a process has had resident; None where the system does not tell it by process.

    `getrusage` is not asked: its peak of a child process can be that of its parent.
    """
    path = Path(f"/proc/{process}/status")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)


def peak_mb() -> float:
    """That of this process so far, in millions of bytes; Linux alone."""
    most = peak_memory_bytes()
    assert most is not None, "Linux tells it"
    return most / 1e6


def peaks_below(*titles: str) -> Iterator[tuple[str, float]]:
    """Title, id and peak in MB of each process below this one whose title begins with one of some."""
    for one in psutil.Process().children(recursive=True):
        try:
            title, most = " ".join(one.cmdline()), peak_memory_bytes(one.pid)
        except (psutil.NoSuchProcess, OSError):
            continue
        if title.startswith(titles) and most is not None:
            yield f"{title.split('.')[0]} {one.pid}", most / 1e6
