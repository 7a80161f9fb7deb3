"""The part that runs in the sandbox: limits a program, runs it and its tests, and reports how it went.

It is started by `core.sandbox.bubblewrap` as the first process of its namespace, with nothing of this project
but this file, so it imports the standard library alone. Linux only.
"""

from __future__ import annotations

import builtins
import ctypes
import errno
import json
import math
import os
import resource
import select
import struct
import sys
import time
import traceback
import types
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import NoReturn

MIB = 1 << 20

FOLDER = "/box"
"""The program's own folder: empty, and the only one it can write to."""

FILE_NAME = "program.py"
"""What tracebacks call the program."""

LONGEST_ERROR = 300
"""Characters of an error that are reported for a test."""

STARTED = b'{"event": "started"}\n'
"""First line on the status channel: from here on, failures are the program's own."""

_PROCESSES_BESIDE = 3
"""Processes that the kernel counts with the program's: this one, and bubblewrap's."""


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
    """Size of all files in its folder."""
    open_files: int = 64
    """At one time, in each of its processes."""
    output_bytes: int = 256 << 10
    """Standard output, and as much again of standard error; also what is kept of them."""


@dataclass(frozen=True)
class Order:
    """One program to run. The sandbox's process reads it as JSON from its standard input."""

    limits: Limits
    program: str
    """Python source."""
    tests: tuple[str, ...] | None
    """Python source of each test, run after the program in its namespace; None: it is a script."""
    token: str
    """Random prefix of everything that is reported from within the program's process."""
    user: int | None
    """The user to become, if the caller is root: the kernel exempts root from the limit on processes."""

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, content: bytes) -> Order:
        fields = json.loads(content)
        tests = fields["tests"]
        fields |= {"limits": Limits(**fields["limits"]), "tests": tests and tuple(tests)}
        return cls(**fields)


def main() -> None:
    """Carries out the order; the last arguments are the numbers of three channels.

    They are the pipe that only this process writes to, the one for the reports of the program's own process,
    and one that closes when the caller has ended or given up.

    Raises:
        OSError: the kernel denies a step.
    """
    status, results, leash = map(int, sys.argv[-3:])
    with os.fdopen(0, "rb") as file:
        order = Order.decode(file.read())
    os.open("/dev/null", os.O_RDONLY)  # as the lowest free number: it is standard input now
    if order.user is not None:
        os.setgroups([])
        os.setresgid(order.user, order.user, order.user)
        os.setresuid(order.user, order.user, order.user)
    os.chdir(FOLDER)
    os.environ.clear()
    os.environ.update({"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": FOLDER})
    sys.argv[:] = [FILE_NAME]
    _supervise(order.limits, status, results, leash)
    sys.exit(_run(order, results))


def _supervise(limits: Limits, status: int, results: int, leash: int) -> None:
    """Returns in a child with the program's limits, which is to run it; the caller itself never returns.

    No signal from within reaches the first process of a namespace, and all processes there end with it.
    """
    _check(_libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0), "close this process to others")
    os.write(status, STARTED)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(status)
        os.close(leash)
        os.setsid()
        _limit(limits)
        _deny_calls()
        return
    os.close(results)
    handle = os.pidfd_open(child)
    watched = select.poll()
    watched.register(handle, select.POLLIN)
    watched.register(leash, select.POLLIN)  # poll reports its end whatever the mask
    ready = watched.poll(limits.wall_seconds * 1000)
    exit_code = None
    if any(number == handle for number, _ in ready):
        exit_code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    event = {"event": "ended", "exit_code": exit_code, "seconds": time.monotonic() - began}
    os.write(status, json.dumps(event).encode() + b"\n")
    os._exit(0)


def _limit(limits: Limits) -> None:
    """Sets the limits of this process and everything that it starts."""
    cpu = max(1, math.ceil(limits.cpu_seconds))
    processes = limits.processes + _PROCESSES_BESIDE
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


Report = Callable[[str, int, str], None]
"""Reports to the outside: a kind, the index of a test (0 if it concerns none), and a text."""


def _run(order: Order, results: int) -> int:
    """Runs the order's program; returns a script's exit code, and ends the process if there are tests."""
    report = _reporter(order.token, results)
    if order.tests is not None:
        _run_tested(order.program, order.tests, report)
    module = _module("__main__")
    try:
        exec(compile(order.program, FILE_NAME, "exec", dont_inherit=True), module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        if isinstance(error, MemoryError):
            report("memory", 0, "")
        _show(error)
        return 1
    return 0


def _reporter(token: str, results: int) -> Report:
    """Writes lines that begin with the token. Binds what it needs before the program can replace it."""
    write, owner, process = os.write, os.getpid(), os.getpid

    def report(kind: str, test: int, text: str) -> None:
        if process() == owner:  # a forked child may not report
            line = " ".join(f"{token} {kind} {test} {text}".split())
            write(results, line.encode(errors="replace") + b"\n")

    return report


def _run_tested(program: str, tests: tuple[str, ...], report: Report) -> NoReturn:
    """Runs a program as a module and each test in its namespace, and ends the process: with 0 if none failed.

    A test passed only if its code ran to the end, which is reported at once. What the program left running,
    such as threads, is not waited for.
    """
    run, translate, failure = builtins.exec, builtins.compile, builtins.BaseException
    untrace, unprofile, leave = sys.settrace, sys.setprofile, os._exit
    names = _module("program").__dict__
    failed = 0
    try:
        run(translate(program, FILE_NAME, "exec", 0, True), names)
    except failure as error:
        _show(error)
        report("program", 0, _describe(error))
        leave(1)
    for index, test in enumerate(tests):
        untrace(None)  # a tracer can jump over lines
        unprofile(None)
        try:
            run(translate(test, f"test {index}", "exec", 0, True), names)
        except failure as error:
            failed = 1
            report("failed", index, _describe(error))
        else:
            report("passed", index, "")
    leave(failed)


def _module(name: str) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__["__builtins__"] = builtins
    sys.modules[name] = module
    return module


def _describe(error: BaseException) -> str:
    """An error in one line, like the last of a traceback; untrusted, the program controls it."""
    try:
        message = str(error)
    except BaseException:
        message = ""
    text = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return text[:LONGEST_ERROR]


def _show(error: BaseException) -> None:
    """Writes a traceback without our own frames to standard error."""
    frames = error.__traceback__
    try:
        traceback.print_exception(type(error), error, frames and frames.tb_next)
    except BaseException:
        os.write(2, type(error).__name__.encode() + b"\n")


_libc = ctypes.CDLL(None, use_errno=True)
_SET_DUMPABLE, _SET_SECCOMP, _SECCOMP_FILTER = 4, 22, 2

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Machines with a filter of system calls: column of the numbers below, and the kernel's constant."""

_DENIED = {
    # Shared memory, message queues and anonymous files: no limit of a process covers them.
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    # Other processes.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    # Namespaces and mounts.
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    # Parts of the kernel that no solution to a task needs.
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
}
"""Denied system calls: their numbers on x86_64 and aarch64."""

_CLONE, _CLONE3 = (56, 220), 435
_NAMESPACES = 0x7E020000
"""Flags of clone(2) that make namespaces."""

_LOAD, _RETURN, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY = 0x20, 0x06, 0x15, 0x35, 0x45
_NUMBER_AT, _MACHINE_AT, _FLAGS_AT = 0, 4, 16
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_OTHER_MODE = 0x40000000
"""Call numbers from here on belong to x32, a second set on x86_64."""


def _deny_calls() -> None:
    """Makes the denied calls fail from now on, here and in child processes; no-op on other machines.

    Denied are calls that get memory past every limit, and calls that only attacks use. clone3's flags cannot
    be read from here; told that there is none, the C library takes clone.
    """
    machine = MACHINES.get(os.uname().machine)
    if machine is None:
        return
    column, name = machine
    numbers = [call[column] for call in _DENIED.values()]
    # Jumps count skipped steps. The last three are: allow, fail, kill.
    steps = [(_LOAD, 0, 0, _MACHINE_AT), (_IF_EQUAL, 0, len(numbers) + 9, name), (_LOAD, 0, 0, _NUMBER_AT)]
    steps += [(_IF_AT_LEAST, len(numbers) + 7, 0, _OTHER_MODE)]
    steps += [(_IF_EQUAL, len(numbers) - index + 5, 0, n) for index, n in enumerate(numbers)]
    steps += [(_IF_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _FAIL | errno.ENOSYS)]
    steps += [(_IF_EQUAL, 0, 2, _CLONE[column]), (_LOAD, 0, 0, _FLAGS_AT), (_IF_ANY, 1, 0, _NAMESPACES)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _FAIL | errno.EPERM), (_RETURN, 0, 0, _KILL)]
    content = b"".join(struct.pack("=HBBI", *step) for step in steps)
    kept = ctypes.create_string_buffer(content, len(content))
    program = _FilterProgram(len(steps), ctypes.addressof(kept))
    _check(_libc.prctl(_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(program), 0, 0), "filter system calls")


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def _check(done: int, what: str) -> None:
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"The kernel does not let us {what}: {os.strerror(number)}")
