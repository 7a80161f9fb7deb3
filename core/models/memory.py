"""How much main memory and disk a process can still take. Asks the system; imports nothing heavy."""

from __future__ import annotations

import shutil
from pathlib import Path

MEMORY_FILE = Path("/proc/meminfo")
"""Where Linux says how much memory is free."""

GROUP_FOLDER = Path("/sys/fs/cgroup")
"""Where Linux says what a container may take, and takes."""


def free_memory() -> int | None:
    """What can be taken without swapping; None where the system does not say."""
    if not MEMORY_FILE.is_file():
        return None
    fields = dict(line.split(":", 1) for line in MEMORY_FILE.read_text().splitlines() if ":" in line)
    available = int(fields["MemAvailable"].split()[0]) * 1024
    limit, used = (_number(GROUP_FOLDER / name) for name in ("memory.max", "memory.current"))
    if limit is None or used is None:
        return available
    # Pages of files count as used but are given back when memory is wanted.
    given_back = _number_of(GROUP_FOLDER / "memory.stat", "inactive_file") or 0
    return max(0, min(available, limit - used + given_back))


def _number(file: Path) -> int | None:
    """The number in a file; None if it is not there or says "max"."""
    text = file.read_text().strip() if file.is_file() else ""
    return int(text) if text.isdigit() else None


def _number_of(file: Path, name: str) -> int | None:
    """The number after a name in a file of such pairs."""
    lines = file.read_text().splitlines() if file.is_file() else []
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name} ")), None)


def free_on_disk(folder: Path) -> int:
    """What is free on the disk of a folder, or of the nearest one above it that is there."""
    return shutil.disk_usage(next(one for one in (folder, *folder.absolute().parents) if one.exists())).free
