"""What the sandbox's process is told, as JSON through a file descriptor."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Literal

Kind = Literal["bubblewrap", "namespaces", "unconfined"]
"""What keeps a program apart: `bwrap`, namespaces of our own making, or nothing but limits."""

MIB = 1 << 20

DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
"""What a program finds of /dev where it is kept apart."""


NOBODY = 65534
"""Whose root's programs are. The kernel exempts root from the limit on processes, whatever its namespace."""


@dataclass(frozen=True)
class Limits:
    """What a program may use. One that wants more is stopped, or its system calls fail."""

    wall_seconds: float = 10.0
    """From its start to its end."""
    cpu_seconds: int = 10
    """Of each of its processes."""
    memory_bytes: int = 512 * MIB
    """Address space of each of its processes."""
    processes: int = 8
    """Processes and threads at a time."""
    file_bytes: int = 16 * MIB
    """Of one file."""
    folder_bytes: int = 64 * MIB
    """Of all files in its folder; not kept where it runs unconfined."""
    open_files: int = 64
    """At a time, in each of its processes."""
    output_bytes: int = 256 << 10
    """Of standard output, and as many of standard error; also what is kept of them."""


@dataclass(frozen=True)
class Order:
    """One program to run, and how."""

    kind: Kind
    limits: Limits
    folder: str
    """Where the program starts: its own, empty, the only one it can write in."""
    program: str
    """Python source."""
    tests: tuple[str, ...] | None
    """Python source of each test, run after the program in its names; None: the program is a script."""
    token: str
    """Random; goes before everything that is reported of the program from within."""
    visible: tuple[str, ...]
    """Files and folders of this machine, without links, that the program may read."""
    links: tuple[tuple[str, str], ...]
    """Symbolic links to make beside them: where, to what."""

    def encode(self) -> bytes:
        """As JSON."""
        return json.dumps(asdict(self)).encode()


@dataclass(frozen=True)
class Channels:
    """File descriptors that the sandbox's process has beside the standard three."""

    order: int
    """Holds the order; a file."""
    status: int
    """How the program went, written by the supervisor alone; a pipe."""
    results: int
    """What the program's own process reports; a pipe. See `core.sandbox.reports`."""
    leash: int
    """A pipe that nobody writes to: its end says that whoever asked has gone or had enough."""


def read_order(channel: int) -> Order:
    """The order behind a file descriptor, which is closed."""
    with os.fdopen(channel, "rb") as file:
        file.seek(0)
        fields = json.load(file)
    fields["limits"] = Limits(**fields["limits"])
    if fields["tests"] is not None:
        fields["tests"] = tuple(fields["tests"])
    fields["visible"] = tuple(fields["visible"])
    fields["links"] = tuple(tuple(link) for link in fields["links"])
    return Order(**fields)
