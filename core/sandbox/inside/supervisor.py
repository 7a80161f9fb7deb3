"""The sandbox's process: starts a program in a process of its own, waits for it, and reports how it ended."""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path

from . import namespaces, program
from .kernel import adopt_orphans, become, close_to_others, deny_calls, die_with_parent
from .order import NOBODY, Channels, Limits, Order, read_order

STARTED = b'{"event": "started"}\n'
"""First line on the status channel: from here on, failures are the program's own."""

_PROCESSES_BESIDE = 3
"""Processes that the kernel counts with the program's: this one, and those that made the namespace."""


def main() -> None:
    """Entry point: carries out the order; the last arguments are the numbers of the channels.

    Raises:
        OSError: the kernel denies a step.
    """
    channels = Channels(*map(int, sys.argv[-4:]))
    order = read_order(channels.order)
    if order.kind == "namespaces":
        namespaces.enter(order)
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update({"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": order.folder})
    sys.argv[:] = [program.FILE_NAME]
    supervise(order, channels)
    sys.exit(program.run(order, channels.results))


def supervise(order: Order, channels: Channels) -> None:
    """Returns in a child with the program's limits, which is to run it; the caller itself never returns.

    If the caller is the first process of its namespace, no signal from within reaches it, and all processes
    there end with it. Unconfined, it ends those that it can find.
    """
    close_to_others()
    if order.kind == "unconfined":
        adopt_orphans()
    os.write(channels.status, STARTED)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(channels.status)
        os.close(channels.leash)
        os.setsid()
        _confine(order)
        return
    os.close(channels.results)
    in_time = _wait(child, channels.leash, order.limits.wall_seconds)
    seconds = time.monotonic() - began
    exit_code = _exit_code(child) if in_time else None
    if order.kind == "unconfined":
        _kill_all(child)
    event = {"event": "ended", "exit_code": exit_code, "seconds": seconds}
    os.write(channels.status, json.dumps(event).encode() + b"\n")
    os._exit(0)


def _confine(order: Order) -> None:
    """Reduces this process to what the program may have."""
    if order.kind == "unconfined":
        if os.getuid() == 0:
            become(NOBODY)
        # In a namespace no signal from within ends the parent. A change of user would undo this.
        die_with_parent()
        _limit(order.limits, beside=_processes_of_user())
        return
    _limit(order.limits, beside=_PROCESSES_BESIDE)
    deny_calls()


def _wait(child: int, leash: int, seconds: float) -> bool:
    """Whether the child ended in time; also False when the leash is released."""
    handle = os.pidfd_open(child)
    watched = select.poll()
    watched.register(handle, select.POLLIN)
    watched.register(leash, select.POLLIN)  # poll reports its end whatever the mask
    ready = watched.poll(seconds * 1000)
    os.close(handle)
    return any(number == handle for number, _ in ready)


def _exit_code(child: int) -> int:
    """The exit code of a child that ended; minus the number of the signal that killed it."""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _limit(limits: Limits, beside: int) -> None:
    """Sets the limits of this process and everything that it starts.

    Args:
        limits: the program's.
        beside: processes that the kernel counts with the program's.
    """
    cpu = max(1, math.ceil(limits.cpu_seconds))
    processes = limits.processes + beside
    for which, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (resource.RLIMIT_NPROC, processes, processes),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
    ):
        _, highest = resource.getrlimit(which)
        if highest != resource.RLIM_INFINITY:
            soft, hard = min(soft, highest), min(hard, highest)
        resource.setrlimit(which, (soft, hard))


def _processes_of_user() -> int:
    """Processes and threads of this user, which the kernel counts together outside a namespace."""
    count = 0
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and entry.stat().st_uid == os.getuid():
                count += sum(1 for _ in (entry / "task").iterdir())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
    return count


def _kill_all(child: int) -> None:
    """Kills the child's group, and every process that this one has inherited from it."""
    with contextlib.suppress(ProcessLookupError):  # the group is empty
        os.killpg(child, signal.SIGKILL)
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while left := children.read_text().split():
        for process in left:
            os.kill(int(process), signal.SIGKILL)
            os.waitpid(int(process), 0)
