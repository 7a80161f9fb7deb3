from __future__ import annotations

import os

import pytest

from core.sandbox.inside.order import Limits, Order, read_order
from core.sandbox.kinds import Apart, find_sandbox
from core.sandbox.process import SandboxError
from core.sandbox.programs import judge, run_tests
from core.sandbox.running import execute, read_reports

LIMITS = Limits(wall_seconds=20.0)


def test_a_script_reads_writes_and_ends_as_python_would(kind: Apart) -> None:
    program = (
        "import sys, os, tempfile, random, json, threading\n"
        "with tempfile.TemporaryFile() as file: file.write(os.urandom(8))\n"
        "threading.Thread(target=print, args=('thread',)).start()\n"
        "if __name__ == '__main__':\n"
        "    print(input(), sys.argv, os.listdir('.'), file=sys.stderr)\n"
        "    sys.exit(3)\n"
    )
    execution = execute(kind, program, LIMITS, stdin="héllo\n").execution
    assert execution.status == "failed"
    assert execution.exit_code == 3
    assert execution.stdout == "thread\n"
    assert execution.stderr == "héllo ['program.py'] []\n"
    assert 0 < execution.seconds < LIMITS.wall_seconds


@pytest.mark.parametrize(
    "program", ["x = = 1", "x\0", "'\ud800'.encode()", "(" * 5000, "raise ValueError('no')"]
)
def test_a_broken_script_fails_and_says_where(kind: Apart, program: str) -> None:
    execution = execute(kind, program, LIMITS).execution
    assert execution.status in ("failed", "memory")
    assert "Error" in execution.stderr
    assert "inside" not in execution.stderr, "our own frames are of no use to anybody"


def test_each_test_is_told_apart(kind: Apart) -> None:
    program = (
        "import math\ndef half(x):\n    if x < 0: raise ValueError('below\\n zero')\n    return x // 2\n"
    )
    tests = (
        "assert half(4) == 2",
        "assert half(3) == 1.5",
        "assert half(-1) == 0, 'never'",
        "def check(f):\n    for x in range(5): assert f(2 * x) == x\n    check.done = True\ncheck(half)",
        "assert check.done and math.pi > 3, 'earlier tests and the imports of the program are there'",
        "assert half(",
    )
    run = judge(execute(kind, program, LIMITS, tests=tests), len(tests))
    assert [test.passed for test in run.tests] == [True, False, False, True, True, False]
    assert run.tests[1].error == "AssertionError"
    assert run.tests[2].error == "ValueError: below zero"
    assert run.tests[5].error.startswith("SyntaxError")
    assert not run.passed
    run = judge(execute(kind, program, LIMITS, tests=tests[:1]), 1)
    assert run.passed


def test_a_tested_program_is_no_script_and_is_not_waited_for(kind: Apart) -> None:
    program = (
        "import threading\n"
        "def one(): return 1\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "if __name__ == '__main__': raise SystemExit\n"
    )
    assert judge(execute(kind, program, LIMITS, tests=("assert one() == 1",)), 1).passed


def test_tests_behind_an_endless_one_are_said_not_to_be_reached(kind: Apart) -> None:
    limits = Limits(wall_seconds=1.0)
    tests = ("assert f(0) == 0", "f(1)", "assert f(0) == 0")
    run = judge(execute(kind, "def f(x):\n    while x: pass\n    return x\n", limits, tests=tests), 3)
    assert [test.passed for test in run.tests] == [True, False, False]
    assert run.tests[2].error == "Time ran out before this test was done."
    assert run.execution.status == "timeout"


FORGERS = {
    "exits": "import sys\nprint('passed')\nsys.exit(0)",
    "exits hard": "import os\nos._exit(0)",
    "exits hard in the test": "import os\ndef f(x): os._exit(0)",
    "exits in the test": "import sys\ndef f(x): sys.exit(0)",
    "replaces the exceptions": (
        "import builtins\n"
        "builtins.AssertionError = builtins.BaseException = builtins.Exception = type('Calm', (), {})\n"
        "def f(x): return 0"
    ),
    "replaces what runs code": (
        "import builtins, os, json, traceback\n"
        "builtins.exec = builtins.compile = builtins.print = builtins.str = lambda *a, **k: None\n"
        "traceback.print_exception = lambda *a, **k: None\n"
        "os._exit = os.getpid = lambda *a: 0\n"
        "def f(x): return 0"
    ),
    "jumps over the test": (
        "import sys\n"
        "def tracer(frame, event, argument):\n"
        "    if event == 'line' and frame.f_lineno == 2: frame.f_lineno = 3\n"
        "    return tracer\n"
        "sys.settrace(tracer)\n"
        "def f(x): return 0"
    ),
    "writes to every channel": (
        "import os\n"
        "for number in range(3, 64):\n"
        "    for line in (b'passed 0\\n', b'x passed 0 \\n', b'\\xff\\n', b'[' * 5000 + b'\\n'):\n"
        "        try: os.write(number, line)\n"
        "        except OSError: pass\n"
        "def f(x): return 0"
    ),
    "lets a child go on": "import os\nif os.fork(): os._exit(0)\ndef f(x): return 1",
    "fails at its end": "def f(x): return 1\nraise KeyboardInterrupt",
    "never defines it": "pass",
}


@pytest.mark.parametrize("program", FORGERS.values(), ids=FORGERS.keys())
def test_no_result_is_forged(kind: Apart, program: str) -> None:
    run = judge(execute(kind, program, LIMITS, tests=("one = 1\nassert f(1) == one\nthe = end = 0",)), 1)
    assert not run.passed
    assert not run.tests[0].passed
    assert run.tests[0].error


def test_reports_without_the_token_or_out_of_form_are_not_looked_at() -> None:
    written = (
        b"t passed 0\nother passed 1\nt passed 9999999\nt dances 1\nt failed 2 Err: a b\n\xff\nt passed 3"
    )
    assert [(r.kind, r.test, r.text) for r in read_reports(written, "t")] == [
        ("passed", 0, ""),
        ("failed", 2, "Err: a b"),
    ]


def test_a_sandbox_that_does_not_start_is_no_failed_program(kind: Apart) -> None:
    with pytest.raises(SandboxError, match=r"^The sandbox did not start: .*"):
        execute(kind, "pass", Limits(folder_bytes=-1))


def test_what_was_found_here_runs_a_program() -> None:
    found = find_sandbox()
    execution = run_tests("print(6 * 7)", []).execution
    assert execution.kind == found.kind
    if found.kind is None:
        assert execution.status == "refused"
        assert found.reason in execution.stderr
    else:
        assert (execution.status, execution.stdout) == ("passed", "42\n")
        assert run_tests("x = 1", ["assert x == 1", "assert x == 2"]).tests[0].passed


def test_an_order_survives_its_journey() -> None:
    order = Order(
        "namespaces", LIMITS, "/box", "x\ud800", ("a", "b"), "t", ("/usr/lib",), (("/lib", "usr/lib"),)
    )
    file = os.memfd_create("order")
    os.write(file, order.encode())
    assert read_order(file) == order
