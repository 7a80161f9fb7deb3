"""Engines that are forked from one warm process, so that a test need not wait while torch is imported.

This module is three programs: the test session starts the warm process, which imports what an engine needs
before the first; each test starts a small client in place of `python -m core.engine`; and the warm process
forks the real engine for it. The client has the engine's exit status, signals included, and the engine dies
if its client is killed.
"""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVER = "from tests.warm_engine import serve; serve({!r})"
CLIENT = """
import array, json, os, signal, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
word = json.dumps({"spec": sys.argv[2], "cwd": os.getcwd(), "env": dict(os.environ)}).encode()
fds = array.array("i", [1, 2]).tobytes()
line.sendmsg([len(word).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
line.sendall(word)
code = int(line.recv(16) or b"-9")
if code < 0:
    if -code not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""
IMPORTED = (
    "core.engine.__main__",
    "core.run.runner",
    "core.models.loading",
    "core.masks.ablation",
    "core.benchmarks.evaluation",
    "core.inference.generation",
    "transformers.models.llama.modeling_llama",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
)
"""What an engine imports and what takes seconds. Nothing of it may start a thread."""


@contextmanager
def warm_engines() -> Iterator[list[str]]:
    """The command that starts an engine, without its spec: a client of a process that lives as long.

    It is to be warmed before the first engine.
    """
    folder = tempfile.TemporaryDirectory(prefix="as-warm-", dir="/tmp")
    path = str(Path(folder.name) / "socket")
    alone = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER.format(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **alone},
        cwd=ROOT,
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    try:
        yield [sys.executable, "-I", "-S", "-c", CLIENT, path]
    finally:
        server.kill()
        server.communicate()
        folder.cleanup()


def warm(command: Sequence[str]) -> None:
    """Waits until engines start at once."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(command[-1])
        fds = array.array("i", [1, 2]).tobytes()
        line.sendmsg([bytes(8)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        assert line.recv(4) == b"warm"


def serve(path: str) -> None:
    """Forks an engine for every client, until it is killed or its parent is gone."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    os.write(1, b"ready\n")
    while True:
        line, _ = listener.accept()
        fds, word = _received(line)
        if not word:
            _warm_up(line, fds)
            continue
        asked = json.loads(word)
        pid = os.fork()
        if pid == 0:
            listener.close()
            _live(line, fds, asked["spec"], asked["cwd"], asked["env"])
        for fd in fds:
            os.close(fd)
        threading.Thread(target=_watch, args=(line, pid), daemon=True).start()


def _end_with_parent() -> None:
    os.read(0, 1)  # its end of the pipe goes with the parent
    os._exit(0)


def _warm_up(line: socket.socket, fds: Sequence[int]) -> None:
    for name in IMPORTED:
        import_module(name)
    for fd in fds:
        os.close(fd)
    line.sendall(b"warm")
    line.close()


def _received(line: socket.socket) -> tuple[list[int], bytes]:
    head, controls, _, _ = line.recvmsg(8, socket.CMSG_SPACE(2 * array.array("i").itemsize))
    fds = array.array("i")
    fds.frombytes(controls[0][2])
    length, word = int.from_bytes(head, "big"), b""
    while len(word) < length:
        word += line.recv(length - len(word))
    return fds.tolist(), word


def _watch(line: socket.socket, pid: int) -> None:
    """Kills the engine when its client is gone, and tells the client how the engine ended."""

    def end_with_client() -> None:
        if not line.recv(1):
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGKILL)

    threading.Thread(target=end_with_client, daemon=True).start()
    _, status = os.waitpid(pid, 0)
    with suppress(BrokenPipeError):  # the client was killed
        line.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _live(line: socket.socket, fds: list[int], spec: str, cwd: str, env: dict[str, str]) -> None:
    """The whole life of an engine."""
    code = 99
    try:
        line.close()
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for target, fd in zip((1, 2), fds, strict=True):
            os.dup2(fd, target)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        sys.argv = ["core.engine", spec]
        from core.engine.__main__ import main

        code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
