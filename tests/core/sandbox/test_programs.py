from __future__ import annotations

import pytest

from core.benchmarks.benchmark import BenchmarkOptions
from core.benchmarks.task_source import require_sandbox
from core.sandbox.bubblewrap import SandboxError, execute, read_reports, why_no_sandbox
from core.sandbox.inside import Limits, Order

pytestmark = pytest.mark.skipif(bool(why_no_sandbox()), reason=why_no_sandbox() or "it works")

LIMITS = Limits(wall_seconds=20.0)


def test_a_script_reads_writes_and_ends_as_python_would() -> None:
    program = (
        "import sys, os, tempfile, random, json, threading\n"
        "with tempfile.TemporaryFile() as file: file.write(os.urandom(8))\n"
        "threading.Thread(target=print, args=('thread',)).start()\n"
        "if __name__ == '__main__':\n"
        "    print(repr(sys.stdin.read()), sys.argv, os.listdir('.'), file=sys.stderr)\n"
        "    sys.exit(3)\n"
    )
    execution = execute(program, limits=LIMITS)
    assert execution.status == "failed"
    assert execution.exit_code == 3
    assert execution.stdout == "thread\n"
    assert execution.stderr == "'' ['program.py'] []\n"
    assert 0 < execution.seconds < LIMITS.wall_seconds


@pytest.mark.parametrize(
    "program", ["x = = 1", "x\0", "'\ud800'.encode()", "(" * 5000, "raise ValueError('no')"]
)
def test_a_broken_script_fails_and_says_where(program: str) -> None:
    execution = execute(program, limits=LIMITS)
    assert execution.status in ("failed", "memory")
    assert "Error" in execution.stderr
    assert "inside" not in execution.stderr, "our own frames are of no use to anybody"


def test_each_test_is_told_apart() -> None:
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
    run = execute(program, tests, LIMITS)
    assert [not error for error in run.errors] == [True, False, False, True, True, False]
    assert run.errors[1] == "AssertionError"
    assert run.errors[2] == "ValueError: below zero"
    assert run.errors[5].startswith("SyntaxError")
    assert run.status != "passed"
    run = execute(program, tests[:1], LIMITS)
    assert run.status == "passed"


def test_a_tested_program_is_no_script_and_is_not_waited_for() -> None:
    program = (
        "import threading\n"
        "def one(): return 1\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "if __name__ == '__main__': raise SystemExit\n"
    )
    assert execute(program, ("assert one() == 1",), LIMITS).status == "passed"


def test_tests_behind_an_endless_one_are_said_not_to_be_reached() -> None:
    limits = Limits(wall_seconds=1.0)
    tests = ("assert f(0) == 0", "f(1)", "assert f(0) == 0")
    run = execute("def f(x):\n    while x: pass\n    return x\n", tests, limits)
    assert [not error for error in run.errors] == [True, False, False]
    assert run.errors[2] == "Time ran out before this test was done."
    assert run.status == "timeout"


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
def test_no_result_is_forged(program: str) -> None:
    run = execute(program, ("one = 1\nassert f(1) == one\nthe = end = 0",), LIMITS)
    assert run.status != "passed"
    assert run.errors[0]


def test_reports_without_the_token_or_out_of_form_are_not_looked_at() -> None:
    written = (
        b"t passed 0\nother passed 1\nt passed 9999999\nt dances 1\nt failed 2 Err: a b\n\xff\nt passed 3"
    )
    assert read_reports(written, "t") == [
        ("passed", 0, ""),
        ("failed", 2, "Err: a b"),
    ]


def test_a_sandbox_that_does_not_start_is_no_failed_program() -> None:
    with pytest.raises(SandboxError, match=r"^The sandbox did not start: .*"):
        execute("pass", limits=Limits(folder_bytes=-1))


def test_an_order_survives_its_journey() -> None:
    order = Order(LIMITS, "x\ud800", ("a", "b"), "t", 5)
    assert Order.decode(order.encode()) == order


def test_without_bubblewrap_programs_are_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    why_no_sandbox.cache_clear()
    try:
        with pytest.raises(ValueError, match=r"'mbpp' cannot run here\. .*install bubblewrap"):
            require_sandbox("mbpp", BenchmarkOptions(allow_code=True))
    finally:
        why_no_sandbox.cache_clear()
