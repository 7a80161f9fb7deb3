"""Starts the process of a sandbox, talks to it through pipes, and sees it off."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from io import FileIO

from core.sandbox.execution import SandboxError
from core.sandbox.inside.order import Order
from core.sandbox.view import command
from core.sandbox.watching import Watch

STARTING_S = 30.0
"""So long, beside its own time, a program's sandbox may take to start and to end."""

LETTING_GO_S = 5.0
"""So long a sandbox may take to end when it is told to, before it is killed."""

_STATUS_BYTES = 1 << 10
_RESULT_BYTES = 8 << 10
"""For each test, and once more; an error of the longest kind fits in."""

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


@dataclass(frozen=True)
class Heard:
    """All that a sandbox's process wrote."""

    stdout: bytes
    stderr: bytes
    status: bytes
    results: bytes
    overflowed: bool
    """Whether it was stopped because it wrote more than it may."""
    seconds: float
    """From before its start to after its end."""


def run_process(order: Order, stdin: bytes) -> Heard:
    """Runs an order in a process of its own; it has ended when this returns or raises.

    Raises:
        SandboxError: it cannot be started.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        given, told = (stack.enter_context(_file(content)) for content in (stdin, order.encode()))
        reading, writing = zip(*(_pipe(stack) for _ in range(4)), strict=True)
        leash, hold = _pipe(stack)
        # In the order of `Channels`.
        passed = (told.fileno(), writing[2].fileno(), writing[3].fileno(), leash.fileno())
        process = _start(order, (given.fileno(), writing[0].fileno(), writing[1].fileno()), passed)
        try:
            for end in (*writing, leash):
                end.close()
            watch = Watch(process, _limits(order, [end.fileno() for end in reading]))
            watch.until(began + order.limits.wall_seconds + STARTING_S)
        finally:
            hold.close()
            _see_off(process)
        stdout, stderr, status, results = (bytes(content) for content in watch.read.values())
    return Heard(stdout, stderr, status, results, watch.overflowed, time.monotonic() - began)


def _file(content: bytes) -> FileIO:
    """A file in memory with this content, at its beginning."""
    file = FileIO(os.memfd_create("abilityscope"), "w+")
    file.write(content)
    file.seek(0)
    return file


def _pipe(stack: ExitStack) -> tuple[FileIO, FileIO]:
    """The reading and the writing end of a pipe, which the stack closes."""
    reading, writing = os.pipe()
    return stack.enter_context(FileIO(reading, "r")), stack.enter_context(FileIO(writing, "w"))


def _limits(order: Order, pipes: list[int]) -> dict[int, int]:
    """How many bytes are kept of standard output, standard error, status and results."""
    output = order.limits.output_bytes
    results = _RESULT_BYTES * (1 + len(order.tests or ()))
    return dict(zip(pipes, (output, output, _STATUS_BYTES, results), strict=True))


def _start(order: Order, standard: tuple[int, int, int], passed: tuple[int, ...]) -> subprocess.Popen[bytes]:
    """Starts the process in a session of its own, with no environment of ours."""
    program, *arguments = command(order.kind, order.limits.folder_bytes)
    stdin, stdout, stderr = standard
    try:
        return subprocess.Popen(
            [shutil.which(program) or program, *arguments, *map(str, passed)],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=passed,
            cwd="/",
            env=_ENVIRONMENT,
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxError(f"{program} cannot be started: {error.strerror}.") from error


def _see_off(process: subprocess.Popen[bytes]) -> None:
    """Waits until a process that was let go has ended, or kills it and its group."""
    try:
        process.wait(LETTING_GO_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
