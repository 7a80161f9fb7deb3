"""Programs that run without a sandbox, because a person insists: what is promised then, and no more.

Promised are an own process, an own empty folder that goes away, nothing of our environment, and limits on
time, memory, processes, output and the size of a file. Files and the network are within reach.
"""

from __future__ import annotations

import errno
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.sandbox.inside.order import MIB, Limits
from core.sandbox.kinds import why_not_unconfined
from core.sandbox.programs import judge
from core.sandbox.running import Execution, execute
from tests.core.sandbox.conftest import COUNT_PROCESSES, FORK_BOMB, name_itself, processes_named

ROOT = Path(__file__).resolve().parents[3]
PATIENT = Limits(wall_seconds=20.0, memory_bytes=256 * MIB, processes=6, file_bytes=4 * MIB)
SHORT = Limits(wall_seconds=1.0, processes=6)

pytestmark = pytest.mark.skipif(bool(why_not_unconfined()), reason=why_not_unconfined())


def run(program: str, limits: Limits = PATIENT) -> Execution:
    execution = execute("unconfined", program, limits).execution
    assert execution.kind == "unconfined"
    return execution


def gone(name: str) -> bool:
    """Whether no process of this name is left, after a moment at most."""
    deadline = time.monotonic() + 30
    while processes_named(name) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not processes_named(name)


@pytest.mark.parametrize(
    "program",
    ["while True: pass", "import time\ntime.sleep(1000)", "import signal\nsignal.sigwait([])"],
    ids=["computes", "sleeps", "waits"],
)
def test_time_runs_out(program: str) -> None:
    execution = run(program, SHORT)
    assert execution.status == "timeout"
    assert execution.seconds < 10


def test_a_fork_bomb_ends_and_nothing_of_it_is_left() -> None:
    name = secrets.token_hex(6)
    assert run(name_itself(name) + FORK_BOMB, SHORT).status == "timeout"
    assert gone(name)


def test_no_more_processes_than_the_limit() -> None:
    # Other processes of the user may begin and end meanwhile: they count too.
    assert 2 <= int(run(COUNT_PROCESSES).stdout) <= 2 * PATIENT.processes


def test_memory_runs_out() -> None:
    assert run("bytearray(10 ** 10)").status == "memory"
    assert run("x = []\nwhile True: x.append(bytes(1 << 20))").status == "memory"


def test_endless_output_ends() -> None:
    execution = run("while True: print('x' * 1000)", Limits(output_bytes=64 << 10))
    assert execution.status == "output"
    assert len(execution.stdout) == 64 << 10


def test_no_file_is_larger_than_the_limit() -> None:
    program = (
        "try:\n"
        "    with open('large', 'wb', buffering=0) as file:\n"
        "        while True: file.write(bytes(1 << 20))\n"
        "except OSError as error:\n"
        "    import os\n"
        "    print(error.errno, os.path.getsize('large'))\n"
    )
    assert run(program).stdout == f"{errno.EFBIG} {PATIENT.file_bytes}\n"


def test_deep_recursion_ends() -> None:
    assert run("def f(): return f()\nf()").status == "failed"


def test_its_folder_is_empty_and_goes_away() -> None:
    execution = run("import os\nprint(os.getcwd(), os.listdir('.'))\nopen('file', 'w').close()")
    folder, _, content = execution.stdout.partition(" ")
    assert (execution.status, content) == ("passed", "[]\n")
    assert not Path(folder).exists()


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


def test_what_it_leaves_behind_is_ended() -> None:
    name = secrets.token_hex(6)
    program = name_itself(name) + (
        "import os\nif os.fork() == 0:\n    os.setsid()\n    while True: pass\nprint('done')\n"
    )
    assert run(program).stdout == "done\n"
    assert gone(name)


def test_whether_or_not_it_may_kill_its_parent_it_ends() -> None:
    name = secrets.token_hex(6)
    program = name_itself(name) + "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(1000)\n"
    assert run(program).status == ("failed" if os.getuid() == 0 else "killed")
    assert gone(name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root's programs change their user")
def test_root_s_programs_are_nobody_s_and_cannot_become_root() -> None:
    program = (
        "import os, subprocess, sys\n"
        "print(os.getresuid(), os.getresgid(), os.getgroups())\n"
        "for become in (os.setuid, os.seteuid, os.setgid):\n"
        "    try:\n"
        "        become(0)\n"
        "        print('became', become)\n"
        "    except PermissionError:\n"
        "        pass\n"
        "status = open('/proc/self/status').read().split()\n"
        "print(status[status.index('CapBnd:') - 1], status[status.index('NoNewPrivs:') + 1])\n"
    )
    nobody = (65534,) * 3
    assert run(program).stdout == f"{nobody} {nobody} []\n{1 << 1:016x} 1\n"


def test_tests_are_judged_as_in_a_sandbox() -> None:
    tests = ("assert f(2) == 4", "assert f(3) == 10", "import math; assert math.isclose(f(0.5), 0.25)")
    judged = judge(execute("unconfined", "def f(x): return x * x", PATIENT, tests=tests), 3)
    assert [test.passed for test in judged.tests] == [True, False, True]
    forged = judge(execute("unconfined", "import os\nos._exit(0)", PATIENT, tests=tests[:1]), 1)
    assert not forged.passed


NO_NAMESPACES = """
import ctypes, os, struct, sys
from core.sandbox.inside.kernel import filter_calls
# A filter that lets unshare(2) fail, and nothing else.
steps = ((0x20, 0, 0, 0), (0x15, 0, 1, {"x86_64": 272, "aarch64": 97}[os.uname().machine]),
         (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000))
program = b"".join(struct.pack("=HBBI", *step) for step in steps)
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
filter_calls(ctypes.create_string_buffer(program, len(program)), len(steps))
"""
"""Makes the process that runs it one in which our own namespaces do not work."""

INSISTED = """
from core.benchmarks.benchmark import BenchmarkOptions
from core.benchmarks.program_tests import insisting, require_sandbox
from core.sandbox.kinds import find_sandbox
from core.sandbox.programs import run_tests
print(find_sandbox().kind, find_sandbox().reason)
refused = run_tests("open('/tmp/never', 'w')", []).execution
print(refused.status, refused.kind, refused.exit_code, refused.stderr.endswith(find_sandbox().reason))
print(run_tests("x = 1", ["assert x == 1"]).passed)
insisted = run_tests("print(6 * 7)", [], insist=True).execution
print(insisted.status, insisted.kind, insisted.stdout.strip())
print(run_tests("x = 1", ["assert x == 1"], insist=True).passed)
print(insisting())
for options in (BenchmarkOptions(allow_code=True), BenchmarkOptions(allow_code=True, without_sandbox=True)):
    try:
        require_sandbox("mbpp", options)
        print("may run")
    except ValueError as error:
        print(error)
"""


@pytest.mark.skipif(
    os.uname().machine not in ("x86_64", "aarch64"), reason="no filter of calls is known here"
)
def test_where_no_sandbox_works_programs_are_refused_unless_one_insists(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_NAMESPACES + INSISTED],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found, refused, tests, insisted, insisted_tests, said, asked, may = done.stdout.splitlines()
    assert found.startswith("None No sandbox works here (bubblewrap: not installed; namespaces: ")
    assert refused == "refused None None True"
    assert tests == "False"
    assert insisted == "passed unconfined 42"
    assert insisted_tests == "True"
    assert said.startswith("Programs that the model writes run without a sandbox: ")
    assert asked.startswith("'mbpp' cannot run here, unless with --without-sandbox. No sandbox works here (")
    assert may == "may run"
    assert not Path("/tmp/never").exists()


def test_where_a_sandbox_works_insisting_changes_nothing() -> None:
    from core.benchmarks.program_tests import insisting
    from core.sandbox.kinds import find_sandbox
    from core.sandbox.programs import run_tests

    kind = find_sandbox().kind
    if kind is None:
        pytest.skip("no sandbox works here")
    assert run_tests("print(1)", [], insist=True).execution.kind == kind
    assert insisting() == f"A sandbox works here ({kind}), and is used."
