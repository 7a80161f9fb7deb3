"""Runs a program with its tests in bubblewrap and says how it went; finds out whether that works here."""

from __future__ import annotations

import functools
import json
import os
import re
import secrets
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Literal

from core.sandbox.inside import FOLDER, MACHINES, Limits, Order

STARTUP_S = 30.0
"""Time that the sandbox may take to start and to end, on top of the program's own."""

GRACE_S = 5.0
"""Time that the sandbox may take to end when asked to, before it is killed."""

DEFAULT_LIMITS = Limits()

_INSTALL = "install bubblewrap 0.8 or newer (the command bwrap), on Linux"
_INSTALL_OR_ALLOW = (
    f"{_INSTALL}, and let it make namespaces (in a container, start that so that it may; on Ubuntu 24.04, "
    "install apparmor-profiles, copy /usr/share/apparmor/extra-profiles/bwrap-userns-restrict to "
    "/etc/apparmor.d and reload apparmor)"
)

Status = Literal["passed", "failed", "timeout", "memory", "output", "killed"]
"""`passed`: exit code 0 and every test passed; `failed`: anything else; `timeout`: out of wall or processor
time; `memory`, `output`: over that limit; `killed`: by a signal."""


class SandboxError(RuntimeError):
    """The sandbox did not start; the message says why."""


@dataclass(frozen=True)
class Execution:
    """One run of a program."""

    status: Status
    exit_code: int | None
    """Minus the signal number if a signal killed it; None if it was stopped from outside."""
    stdout: str
    """Standard output, cut at the limit; untrusted text, like what follows."""
    stderr: str
    seconds: float
    """Wall time from the program's start to its end."""
    errors: tuple[str, ...]
    """For each test in one line what was raised, or why it was not reached; empty if it passed."""


def execute(program: str, tests: Sequence[str] | None = None, limits: Limits = DEFAULT_LIMITS) -> Execution:
    """Runs a program as a module, then each test in its namespace, in one process with one set of limits.

    A test passed if its code ran to the end; what the program prints and how it exits do not count. The
    tests run in the program's own process: a program written against this very code could forge them. When
    this returns or raises, the program and everything that it started have ended.

    Args:
        program: Python source.
        tests: Python source of each test, such as one assert; None: the program is run as a script.
        limits: what the program may use.

    Raises:
        SandboxError: the sandbox did not start.
    """
    user = 61184 + secrets.randbelow(4336) if os.getuid() == 0 else None  # of those that nobody is given
    order = Order(limits, program, None if tests is None else tuple(tests), secrets.token_hex(16), user)
    began = time.monotonic()
    stdout, stderr, status, results, overflowed = _run_process(order)
    events = [json.loads(line) for line in status.splitlines()]
    said = stderr.decode(errors="replace")
    if not events:
        last = said.strip().splitlines()[-1:] or ["it ended without a message"]
        raise SandboxError(f"The sandbox did not start: {_PYTHON_PREFIX.sub('', last[0])}")
    exit_code, seconds = -int(signal.SIGKILL), time.monotonic() - began  # unless the supervisor reports
    if len(events) > 1:
        exit_code, seconds = events[1]["exit_code"], events[1]["seconds"]
    reports = read_reports(results, order.token)
    ended = _status(exit_code, overflowed, any(kind == "memory" for kind, _, _ in reports))
    errors = _errors(reports, ended, len(tests or ()))
    if ended == "passed" and any(errors):
        ended = "failed"
    return Execution(ended, exit_code, stdout.decode(errors="replace"), said, seconds, errors)


_PYTHON_PREFIX = re.compile(r"^\w+: (\[Errno \d+\] )?(?=The )")
"""What a traceback puts before a message of ours."""


def _status(exit_code: int | None, overflowed: bool, out_of_memory: bool) -> Status:
    if overflowed:
        return "output"
    if exit_code is None or exit_code == -signal.SIGXCPU:
        return "timeout"
    if out_of_memory:
        return "memory"
    if exit_code < 0:
        return "killed"
    return "passed" if exit_code == 0 else "failed"


_LINE = re.compile(r"(\S+) (passed|failed|program|memory) ([0-9]{1,6})(?: (.*))?", re.DOTALL)


def read_reports(written: bytes, token: str) -> list[tuple[str, int, str]]:
    """Kind, test and text of each complete line that begins with the token; the program may write others.

    `passed` and `failed` are about a test; `program`: it failed before its tests; `memory`: it ran out.
    """
    lines = [_LINE.fullmatch(line.decode(errors="replace")) for line in written.split(b"\n")[:-1]]
    return [(found[2], int(found[3]), found[4] or "") for found in lines if found and found[1] == token]


_NOT_REACHED: dict[Status, str] = {
    "timeout": "Time ran out before this test was done.",
    "output": "The program wrote too much before this test was done.",
    "killed": "The program was killed before this test was done.",
}
"""Why a test has no report, by how the program ended."""


def _errors(reports: list[tuple[str, int, str]], ended: Status, n_tests: int) -> tuple[str, ...]:
    """What went wrong in each test; one whose report is missing or contradictory did not pass."""
    missing = _NOT_REACHED.get(ended, "The program ended before this test.")
    errors: dict[int, str] = {}
    for kind, test, text in reports:
        if kind == "program":
            missing = f"The program failed: {text}"
        elif kind == "failed":
            errors[test] = text
        elif kind == "passed":
            errors.setdefault(test, "")
    return tuple(errors.get(index, missing) for index in range(n_tests))


_INSIDE = Path(__file__).resolve().with_name("inside.py")
_START = "import sys; sys.path.insert(0, '/ours'); from inside import main; del sys.path[0]; main()"
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_LIBRARIES = ("/usr/lib", "/etc/ld.so.cache")
_MAYBE_LINKS = ("/lib", "/lib64", "/lib32", "/usr/lib64", "/usr/lib32")


def _command(limits: Limits) -> list[str]:
    """The command that starts the sandbox's process; the numbers of its channels have to be appended.

    A user namespace of root's has root's exemption from the limit on processes, so root's sandbox has none:
    the program becomes another user in it, and the filter of system calls keeps it from making namespaces.
    """
    if os.getuid() == 0:
        options = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
        options += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:  # --disable-userns and --size need bubblewrap 0.8
        options = ["--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    # No signal from within reaches the first process of a namespace: our supervisor.
    options += ["--die-with-parent", "--new-session", "--as-pid-1"]
    visible = _visible()
    for folder in sorted(
        {str(parent) for path in visible for parent in Path(path).parents} - {"/"} | {"/ours"}
    ):
        options += ["--perms", "0755", "--dir", folder]  # for root's folders, which others may not enter
    for path in visible:
        options += ["--ro-bind", path, path]
    for path in _MAYBE_LINKS:
        if Path(path).is_symlink():
            options += ["--symlink", str(Path(path).readlink()), path]
    for device in _DEVICES:
        options += ["--dev-bind", device, device]
    options += ["--ro-bind", str(_INSIDE), f"/ours/{_INSIDE.name}", "--size", str(limits.folder_bytes)]
    options += ["--perms", "0777", "--tmpfs", FOLDER, "--remount-ro", "/", "--chdir", FOLDER]
    # Without site packages or user settings, with unbuffered output.
    return ["bwrap", *options, "--", str(_interpreter()), "-I", "-S", "-u", "-c", _START]


def _visible() -> list[str]:
    """What a confined program may read, symlinks resolved: Python and the system's libraries."""
    prefix = Path(sys.base_prefix).resolve()
    wanted = {Path(path).resolve() for path in (*_LIBRARIES, *_MAYBE_LINKS)}
    wanted |= {prefix / "lib", prefix / sys.platlibdir, _interpreter()}
    there = sorted(path for path in wanted if path.exists())
    return [str(path) for path in there if not any(path.is_relative_to(o) for o in there if o != path)]


def _interpreter() -> Path:
    """The Python interpreter that this environment was made from, symlinks resolved."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = Path(sys.base_prefix) / "bin" / name
    return (found if found.exists() else Path(sys.executable)).resolve()


_STATUS_BYTES = 1 << 10
_RESULT_BYTES = 8 << 10
"""Per test, and once more; the longest error fits."""

_CHUNK_BYTES = 1 << 16


def _run_process(order: Order) -> tuple[bytes, bytes, bytes, bytes, bool]:
    """Standard output and error, status and results of a process of its own, and whether one overflowed."""
    limits = order.limits
    deadline = time.monotonic() + limits.wall_seconds + STARTUP_S
    program, *arguments = _command(limits)
    with ExitStack() as stack:
        given = stack.enter_context(FileIO(os.memfd_create("abilityscope"), "w+"))
        given.write(order.encode())
        given.seek(0)
        reading, writing = zip(*(_pipe(stack) for _ in range(4)), strict=True)
        leash, hold = _pipe(stack)
        passed = (writing[2].fileno(), writing[3].fileno(), leash.fileno())
        try:
            process = subprocess.Popen(
                [shutil.which(program) or program, *arguments, *map(str, passed)],
                stdin=given,
                stdout=writing[0],
                stderr=writing[1],
                pass_fds=passed,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"{program} cannot be started: {error.strerror}.") from error
        try:
            for end in (*writing, leash):
                end.close()
            results = _RESULT_BYTES * (1 + len(order.tests or ()))
            sizes = (limits.output_bytes, limits.output_bytes, _STATUS_BYTES, results)
            read, overflowed = _watch(process, [end.fileno() for end in reading], sizes, deadline)
        finally:
            hold.close()
            try:
                process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    stdout, stderr, status, reports = map(bytes, read)
    return stdout, stderr, status, reports, overflowed


def _pipe(stack: ExitStack) -> tuple[FileIO, FileIO]:
    """The reading and the writing end of a pipe, which the stack closes."""
    reading, writing = os.pipe()
    return stack.enter_context(FileIO(reading, "r")), stack.enter_context(FileIO(writing, "w"))


def _watch(
    process: subprocess.Popen[bytes], pipes: Sequence[int], sizes: Sequence[int], deadline: float
) -> tuple[list[bytearray], bool]:
    """Reads pipes until the process has ended and they are empty, one exceeds its size, or time is up.

    A pipe that another process holds open is not waited for.

    Returns:
        The content of each pipe, cut at its size, and whether one exceeded it.
    """
    read, overflowed = [bytearray() for _ in pipes], False
    with selectors.DefaultSelector() as selector, FileIO(os.pidfd_open(process.pid)) as handle:
        selector.register(handle, selectors.EVENT_READ)
        for index, pipe in enumerate(pipes):
            os.set_blocking(pipe, False)
            selector.register(pipe, selectors.EVENT_READ, index)
        ended = False
        while selector.get_map() and not overflowed:
            ready = selector.select(0 if ended else max(0.0, deadline - time.monotonic()))
            if not ready or time.monotonic() > deadline:
                break
            for key, _ in ready:
                if key.data is None:
                    ended = True
                    selector.unregister(handle)
                    continue
                chunk, kept, size = os.read(key.fd, _CHUNK_BYTES), read[key.data], sizes[key.data]
                overflowed |= len(kept) + len(chunk) > size
                kept += chunk[: size - len(kept)]
                if not chunk:
                    selector.unregister(key.fd)
    return read, overflowed


@functools.cache
def why_no_sandbox() -> str:
    """Why programs cannot be confined here and what to do, in one sentence; empty if they can.

    Found by trial, once per process: a program tries to get out.
    """
    if sys.platform != "linux":
        return f"Programs can be confined on Linux only, and this is {sys.platform}: {_INSTALL}."
    if shutil.which("bwrap") is None:
        return f"Programs can be confined by bubblewrap only, and it is not installed: {_INSTALL}."
    if os.getuid() == 0 and os.uname().machine not in MACHINES:
        return f"Root's programs cannot be confined on {os.uname().machine}: run this as another user."
    try:
        problem = _try()
    except SandboxError as error:
        problem = str(error).rstrip(".")
    return f"Bubblewrap does not confine programs here ({problem}): {_INSTALL_OR_ALLOW}." if problem else ""


_TRIAL = """
import os, socket
got_out = []
try:
    socket.create_connection(("127.0.0.1", {port}), 1).close()
    got_out.append("they reach the network")
except OSError:
    pass
try:
    with open({outside!r}, "a") as file:
        file.write("here")
    got_out.append("they write outside their folder")
except OSError:
    pass
if os.path.exists({outside!r}):
    got_out.append("they see files of yours")
try:
    os.kill(os.getppid(), 9)
except OSError:
    pass
reading, writing = os.pipe()
try:
    for _ in range(50):
        if os.fork() == 0:
            os.read(reading, 1)
            os._exit(0)
    got_out.append("they start as many processes as they like")
except OSError:
    pass
with open("inside", "w") as file:
    file.write("here")
print({word!r}, "; ".join(got_out), flush=True)
"""


def _try() -> str:
    """Runs a program that tries to get out; returns what it could do, or nothing."""
    word = secrets.token_hex(8)
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        outside = Path(folder) / "outside"
        outside.touch(mode=0o666)
        trial = _TRIAL.format(port=server.getsockname()[1], outside=str(outside), word=word)
        execution = execute(trial, limits=Limits(cpu_seconds=10, processes=4))
        changed = outside.read_text() != ""
    begin, _, got_out = execution.stdout.strip().partition(" ")
    if execution.status != "passed" or begin != word:
        return f"a trial ended as {execution.status}"
    return got_out or ("they write outside their folder" if changed else "")
