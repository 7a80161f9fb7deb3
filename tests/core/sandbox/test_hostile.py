"""Programs that mean harm: none does any, and each ends within its limits."""

from __future__ import annotations

import errno
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.sandbox.bubblewrap import Execution, execute, why_no_sandbox
from core.sandbox.inside import MIB, Limits

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

LIMITS = Limits(
    wall_seconds=2.0,
    cpu_seconds=2,
    memory_bytes=256 * MIB,
    processes=6,
    file_bytes=4 * MIB,
    folder_bytes=8 * MIB,
    output_bytes=64 << 10,
)
PATIENT = Limits(
    wall_seconds=20.0, memory_bytes=256 * MIB, processes=6, file_bytes=4 * MIB, folder_bytes=8 * MIB
)
"""For programs that end by themselves, on a machine that is busy."""


pytestmark = pytest.mark.skipif(bool(why_no_sandbox()), reason=why_no_sandbox() or "it works")


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


def run(program: str, limits: Limits = PATIENT) -> Execution:
    return execute(program, limits=limits)


def test_a_fork_bomb_ends_and_nothing_of_it_is_left() -> None:
    name = secrets.token_hex(6)
    assert run(name_itself(name) + FORK_BOMB, LIMITS).status == "timeout"
    assert processes_named(name) == []


def test_no_more_processes_than_the_limit() -> None:
    assert 1 < int(run(COUNT_PROCESSES).stdout) <= PATIENT.processes + 2


def test_a_daemon_dies_with_the_program() -> None:
    name = secrets.token_hex(6)
    program = name_itself(name) + (
        "import os, signal, time\n"
        "reading, writing = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    if os.fork() == 0:\n"
        "        os.closerange(0, 3)\n"
        "        os.write(writing, b'.')\n"
        "        time.sleep(1000)\n"
        "    os._exit(0)\n"
        "print('daemon' if os.read(reading, 1) else 'none')\n"
    )
    execution = run(program)
    assert (execution.status, execution.stdout) == ("passed", "daemon\n")
    assert processes_named(name) == []


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_endless_output_is_cut(stream: str) -> None:
    execution = run(f"import sys\nwhile True: sys.{stream}.write('x' * 5000)", PATIENT)
    assert execution.status == "output"
    assert len(getattr(execution, stream)) == PATIENT.output_bytes


@pytest.mark.parametrize(
    "program",
    [
        "import time; print('here', flush=True); time.sleep(1000)",
        "print('here')\nwhile True: pass",
        "import signal as s; print('here')\nfor n in (2, 15, 24): s.signal(n, s.SIG_IGN)\nwhile True: pass",
    ],
    ids=["sleeps", "computes", "ignores signals"],
)
def test_endless_programs_are_stopped_and_what_they_wrote_is_kept(program: str) -> None:
    execution = run(program, LIMITS)
    assert execution.status == "timeout"
    assert execution.stdout == "here\n"


def test_processor_time_is_limited() -> None:
    limits = Limits(wall_seconds=60.0, cpu_seconds=1)
    assert run("while True: pass", limits).status == "timeout"


def test_memory_is_limited() -> None:
    assert run("x = bytearray(10 ** 10)").status == "memory"
    assert run("x = []\nwhile True: x.append(bytearray(1 << 20))").status == "memory"


def test_deep_recursion_ends() -> None:
    assert run("def f(): return f()\nf()").status == "failed"
    deep = "import sys\nsys.setrecursionlimit(10 ** 9)\nx = []\nfor _ in range(10 ** 6): x = [x]\nrepr(x)\n"
    assert run(deep).status != "passed"


def test_no_socket_connects() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        program = (
            "import socket\n"
            f"for address in (('127.0.0.1', {port}), ('192.0.2.1', 80)):\n"
            "    try:\n"
            "        socket.create_connection(address, 1)\n"
            "        print('connected')\n"
            "    except OSError:\n"
            "        print('not')\n"
        )
        assert run(program).stdout == "not\nnot\n"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_files_outside_are_neither_seen_nor_written(yours: Path) -> None:
    word = secrets.token_hex(6)
    homes = [str(Path.home() / word), f"/tmp/{word}", f"/{word}", f"/usr/lib/{word}", f"/dev/shm/{word}"]
    program = (
        "import os\n"
        f"yours = {str(yours)!r}\n"
        "for path, mode in [(yours, 'r'), (yours, 'a')] + "
        f"[(path, 'w') for path in {homes!r}]:\n"
        "    try:\n"
        "        open(path, mode).close()\n"
        "        print('opened', path, mode)\n"
        "    except OSError:\n"
        "        pass\n"
        "    try:\n"
        "        os.makedirs(os.path.dirname(path), exist_ok=True)\n"
        "        os.remove(path)\n"
        "        print('removed', path)\n"
        "    except OSError:\n"
        "        pass\n"
        "open('own', 'w').close()\n"
        "print(os.listdir('.'))\n"
    )
    execution = run(program)
    assert execution.stdout == "['own']\n", execution.stderr
    assert yours.read_text() == "private"
    assert not any(Path(path).exists() for path in homes)


def test_our_custom_files_and_other_users_are_not_there() -> None:
    program = (
        "import os\n"
        f"paths = [{__file__!r}, '/home', '/proc', '/sys', '/run', '/etc/passwd', '/usr/bin/sudo']\n"
        "print([path for path in paths if os.path.exists(path)])\n"
    )
    assert run(program).stdout == "[]\n"


def test_links_lead_nowhere(yours: Path) -> None:
    program = (
        "import os\n"
        f"yours = {str(yours)!r}\n"
        "os.symlink(yours, 'file')\n"
        "os.symlink(os.path.dirname(yours), 'folder')\n"
        "os.symlink('../../../../../../..' + yours, 'up')\n"
        "for path in ('file', 'folder/id_secret', 'up'):\n"
        "    for mode in 'rw':\n"
        "        try:\n"
        "            print(open(path, mode))\n"
        "        except OSError:\n"
        "            pass\n"
        "os.rename('folder', 'other')\n"
    )
    execution = run(program)
    assert (execution.status, execution.stdout) == ("passed", "")
    assert yours.read_text() == "private"


def test_parents_and_everybody_else_survive_signals() -> None:
    program = (
        "import os\n"
        "for process in (os.getppid(), 1, -1, 0):\n"
        "    for number in (15, 9) if process else (0,):\n"
        "        try:\n"
        "            os.kill(process, number)\n"
        "        except OSError:\n"
        "            pass\n"
        "print('alive')\n"
    )
    execution = run(program)
    assert (execution.status, execution.stdout) == ("passed", "alive\n")


def test_the_environment_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_SECRET", "hunter2")
    program = (
        "import os, sys, subprocess, ctypes\n"
        "getenv = ctypes.CDLL(None).getenv\n"
        "print(sorted(os.environ), getenv(b'SANDBOX_SECRET'))\n"
        "subprocess.run([sys.executable, '-c', 'import os; print(sorted(os.environ))'])\n"
    )
    execution = run(program)
    assert execution.stdout == "['HOME', 'LANG', 'PATH'] 0\n['HOME', 'LANG', 'PATH']\n", execution.stderr


def test_the_disk_cannot_be_filled() -> None:
    program = (
        "written, errors = 0, set()\n"
        "for number in range(8):\n"
        "    try:\n"
        "        with open(f'{number}', 'wb', buffering=0) as file:\n"
        "            for _ in range(64):\n"
        "                written += file.write(bytes(1 << 20))\n"
        "    except OSError as error:\n"
        "        errors.add(error.errno)\n"
        "print(written, *sorted(errors))\n"
    )
    written, *errors = map(int, run(program).stdout.split())
    assert written <= PATIENT.folder_bytes
    assert errors == [errno.EFBIG, errno.ENOSPC]


def test_no_capability_can_be_had() -> None:
    program = (
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None)\n"
        "print(libc.unshare(0x10000000), libc.unshare(0x20000), libc.mount(b'x', b'/', b'tmpfs', 0, b''),\n"
        "      libc.syscall(56 if os.uname().machine == 'x86_64' else 220, 0x10000011, 0, 0, 0, 0),\n"
        "      libc.setuid(0), libc.sethostname(b'x', 1), libc.ptrace(16, 1, 0, 0))\n"
    )
    assert run(program).stdout == "-1 -1 -1 -1 -1 -1 -1\n"


@pytest.mark.skipif(
    os.uname().machine not in ("x86_64", "aarch64"), reason="no filter of calls is known here"
)
def test_memory_that_no_limit_counts_cannot_be_had() -> None:
    program = (
        "import ctypes, os\n"
        "print(ctypes.CDLL(None).shmget(0, 4096, 0o1600))\n"
        "try:\n"
        "    print(os.memfd_create('x'))\n"
        "except PermissionError:\n"
        "    print('not')\n"
    )
    assert run(program).stdout == "-1\nnot\n"
