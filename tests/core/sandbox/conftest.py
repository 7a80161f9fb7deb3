"""The sandboxes that work here, and hostile programs, which may name themselves to be found from outside."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.sandbox.kinds import Apart, why_not

FORK_BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""

COUNT_PROCESSES = """
import os
reading, writing = os.pipe()
count = 1
try:
    while count < 50:
        if os.fork() == 0:
            os.read(reading, 1)
        count += 1
except OSError:
    print(count)
"""
"""Prints how many processes it could start, itself included; nothing if 50."""

_REASONS: dict[Apart, str | None] = {}


@pytest.fixture(params=["namespaces", "bubblewrap"])
def kind(request: pytest.FixtureRequest) -> Apart:
    """Each sandbox that works here; the others are skipped with the reason that their trial gave."""
    kind: Apart = request.param
    if kind not in _REASONS:
        _REASONS[kind] = why_not(kind)
    if reason := _REASONS[kind]:
        pytest.skip(f"{kind} does not work here: {reason}")
    return kind


@pytest.fixture
def yours() -> Iterator[Path]:
    """A file outside that everybody may read and write, as far as its own mode goes."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "id_secret"
        file.write_text("private")
        file.chmod(0o666)
        yield file


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
