"""The order that the sandbox's process gets, as JSON through a file descriptor."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Literal

Kind = Literal["bubblewrap", "namespaces", "unconfined"]
"""What confines a program: `bwrap`, namespaces that we create, or nothing but limits."""

MIB = 1 << 20

DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
"""The part of /dev that a confined program sees."""

NOBODY = 65534
"""The user that root's programs run as: the kernel exempts root from the limit on processes everywhere."""


@dataclass(frozen=True)
class Limits:
    """What a program may use. If it exceeds a limit it is stopped, or its system calls fail."""

    wall_seconds: float = 10.0
    """Wall time from its start to its end."""
    cpu_seconds: int = 3
    """Processor time of each of its processes. lm-evaluation-harness stops a program after 3 s of wall time,
    and then a right one may fail because the machine is busy."""
    memory_bytes: int = 512 * MIB
    """Address space of each of its processes."""
    processes: int = 8
    """Processes and threads at one time."""
    file_bytes: int = 16 * MIB
    """Size of one file."""
    folder_bytes: int = 64 * MIB
    """Size of all files in its folder; not enforced if it runs unconfined."""
    open_files: int = 64
    """At one time, in each of its processes."""
    output_bytes: int = 256 << 10
    """Standard output, and as much again of standard error; also what is kept of them."""


@dataclass(frozen=True)
class Order:
    """One program to run, and how."""

    kind: Kind
    limits: Limits
    folder: str
    """The program's working folder: empty, and the only one it can write to."""
    program: str
    """Python source."""
    tests: tuple[str, ...] | None
    """Python source of each test, run after the program in its namespace; None: it is a script."""
    token: str
    """Random prefix of everything that is reported from within the program's process."""
    visible: tuple[str, ...]
    """Files and folders of this machine that the program may read, symlinks resolved."""
    links: tuple[tuple[str, str], ...]
    """Symbolic links to create beside them: path and target."""

    def encode(self) -> bytes:
        """As JSON."""
        return json.dumps(asdict(self)).encode()


@dataclass(frozen=True)
class Channels:
    """File descriptors of the sandbox's process besides the standard three."""

    order: int
    """File with the order."""
    status: int
    """Pipe that only the supervisor writes to: how the program went."""
    results: int
    """Pipe for the reports of the program's own process; see `core.sandbox.running.read_reports`."""
    leash: int
    """Pipe that nobody writes to: when it closes, the caller has ended or given up."""


def read_order(channel: int) -> Order:
    """Reads the order from a file descriptor and closes it."""
    with os.fdopen(channel, "rb") as file:
        file.seek(0)
        fields = json.load(file)
    fields["limits"] = Limits(**fields["limits"])
    if fields["tests"] is not None:
        fields["tests"] = tuple(fields["tests"])
    fields["visible"] = tuple(fields["visible"])
    fields["links"] = tuple(tuple(link) for link in fields["links"])
    return Order(**fields)
