"""Starts a sandbox's process, reads what it writes up to a limit, and makes sure that it ends."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from core.sandbox.inside.order import DEVICES, Kind, Order

STARTUP_S = 30.0
"""Time that a sandbox may take to start and to end, on top of the program's own."""

GRACE_S = 5.0
"""Time that a sandbox may take to end when asked to, before it is killed."""

INSIDE = Path(__file__).resolve().parent / "inside"
"""The part of this package that runs in the sandbox's process."""

FOLDER = "/box"
"""The program's own folder where it is confined."""

_STATUS_BYTES = 1 << 10
_RESULT_BYTES = 8 << 10
"""Per test, and once more; the longest error fits."""

_CHUNK_BYTES = 1 << 16
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
_LIBRARIES = ("/usr/lib", "/etc/ld.so.cache")
_MAYBE_LINKS = ("/lib", "/lib64", "/lib32", "/usr/lib64", "/usr/lib32")
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from inside.supervisor import main; del sys.path[0]; main()"
)


class SandboxError(RuntimeError):
    """The sandbox's process did not start; the message says why."""


@dataclass(frozen=True)
class Output:
    """Everything that a sandbox's process wrote."""

    stdout: bytes
    stderr: bytes
    status: bytes
    results: bytes
    overflowed: bool
    """Whether it was stopped for writing more than it may."""
    seconds: float
    """From before its start to after its end."""


def interpreter() -> Path:
    """The Python interpreter that this environment was made from, symlinks resolved."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = Path(sys.base_prefix) / "bin" / name
    return (found if found.exists() else Path(sys.executable)).resolve()


def visible() -> tuple[str, ...]:
    """What a confined program may read, symlinks resolved: Python and the system's libraries."""
    prefix = Path(sys.base_prefix).resolve()
    wanted = {Path(path).resolve() for path in (*_LIBRARIES, *_MAYBE_LINKS)}
    wanted |= {prefix / "lib", prefix / sys.platlibdir, interpreter()}
    there = sorted(path for path in wanted if path.exists())
    return tuple(str(path) for path in there if not any(path.is_relative_to(o) for o in there if o != path))


def links() -> tuple[tuple[str, str], ...]:
    """Symbolic links of the root that lead to libraries: path and target."""
    return tuple((path, str(Path(path).readlink())) for path in _MAYBE_LINKS if Path(path).is_symlink())


def command(kind: Kind, folder_bytes: int) -> list[str]:
    """The command that starts the sandbox's process; the numbers of its channels have to be appended."""
    if kind == "bubblewrap":
        return [*_bubblewrap(folder_bytes), *_python("/")]
    return _python(str(INSIDE.parent))


def _python(folder: str) -> list[str]:
    """An interpreter without site packages or user settings, with unbuffered output."""
    return [str(interpreter()), "-I", "-S", "-u", "-c", _START, folder]


def _bubblewrap(folder_bytes: int) -> list[str]:
    # With --as-pid-1 our supervisor is the first process of the namespace, which no signal from within
    # reaches. --disable-userns and --size need bubblewrap 0.8.
    options = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    options += ["--as-pid-1", "--cap-drop", "ALL"]
    for path in visible():
        options += ["--ro-bind", path, path]
    for path, target in links():
        options += ["--symlink", target, path]
    for device in DEVICES:
        options += ["--dev-bind", device, device]
    options += ["--ro-bind", str(INSIDE), f"/{INSIDE.name}"]
    options += ["--size", str(folder_bytes), "--tmpfs", FOLDER, "--remount-ro", "/", "--chdir", FOLDER]
    return ["bwrap", *options, "--"]


def run_process(order: Order, stdin: bytes) -> Output:
    """Runs an order in a process of its own, which has ended when this returns or raises.

    Raises:
        SandboxError: it cannot be started.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        given, sent = (stack.enter_context(_file(content)) for content in (stdin, order.encode()))
        reading, writing = zip(*(_pipe(stack) for _ in range(4)), strict=True)
        leash, hold = _pipe(stack)
        # In the order of `Channels`.
        passed = (sent.fileno(), writing[2].fileno(), writing[3].fileno(), leash.fileno())
        process = _start(order, (given.fileno(), writing[0].fileno(), writing[1].fileno()), passed)
        try:
            for end in (*writing, leash):
                end.close()
            watch = Watch(process, _limits(order, [end.fileno() for end in reading]))
            watch.until(began + order.limits.wall_seconds + STARTUP_S)
        finally:
            hold.close()
            _wait_or_kill(process)
        stdout, stderr, status, results = (bytes(content) for content in watch.read.values())
    return Output(stdout, stderr, status, results, watch.overflowed, time.monotonic() - began)


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
    """Bytes to keep of standard output, standard error, status and results."""
    output = order.limits.output_bytes
    results = _RESULT_BYTES * (1 + len(order.tests or ()))
    return dict(zip(pipes, (output, output, _STATUS_BYTES, results), strict=True))


def _start(order: Order, standard: tuple[int, int, int], passed: tuple[int, ...]) -> subprocess.Popen[bytes]:
    """Starts the process in a session of its own, with nothing of our environment."""
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


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    """Waits until a released process has ended, or kills it and its group."""
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Watch:
    """Reads the pipes of one process into memory, up to a limit for each."""

    def __init__(self, process: subprocess.Popen[bytes], limits: dict[int, int]) -> None:
        """Takes a process and the pipes that it writes to.

        Args:
            process: started in a session of its own.
            limits: bytes to keep, by the reading end of each pipe.
        """
        self.read: dict[int, bytearray] = {pipe: bytearray() for pipe in limits}
        """Content of each pipe, up to its limit."""
        self.overflowed = False
        """Whether a pipe carried more than its limit."""
        self._limits = limits
        self._process = process

    def until(self, deadline: float) -> None:
        """Reads until the process has ended and its pipes are empty, or a limit or the deadline is passed.

        A pipe that another process holds open is not waited for.

        Args:
            deadline: in `time.monotonic()` seconds.
        """
        handle = os.pidfd_open(self._process.pid)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(handle, selectors.EVENT_READ)
                for pipe in self.read:
                    os.set_blocking(pipe, False)
                    selector.register(pipe, selectors.EVENT_READ)
                self._read_all(selector, handle, deadline)
        finally:
            os.close(handle)

    def _read_all(self, selector: selectors.BaseSelector, handle: int, deadline: float) -> None:
        ended = False
        while selector.get_map():
            ready = selector.select(0 if ended else max(0.0, deadline - time.monotonic()))
            if not ready:
                return
            for key, _ in ready:
                if key.fd == handle:
                    ended = True
                    selector.unregister(handle)
                elif not self._take(key.fd):
                    selector.unregister(key.fd)
            if self.overflowed or time.monotonic() > deadline:
                return

    def _take(self, pipe: int) -> bool:
        """Reads once; False at the end of the pipe."""
        chunk = os.read(pipe, _CHUNK_BYTES)
        kept, limit = self.read[pipe], self._limits[pipe]
        self.overflowed |= len(kept) + len(chunk) > limit
        kept += chunk[: limit - len(kept)]
        return bool(chunk)
