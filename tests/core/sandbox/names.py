"""Programs that give themselves a name, by which they are found from outside their sandbox."""

from __future__ import annotations

from pathlib import Path


def name_itself(name: str) -> str:
    """The beginning of a program that gives its process a name of up to 15 characters."""
    return f"import ctypes\nctypes.CDLL(None).prctl(15, {name!r}.encode(), 0, 0, 0)\n"


def processes_named(name: str) -> list[str]:
    """The ids of the processes of this name on the machine."""
    found = []
    for file in Path("/proc").glob("[0-9]*/comm"):
        try:
            if file.read_text().strip() == name:
                found.append(file.parent.name)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
    return found
