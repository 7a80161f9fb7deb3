"""Runs one program in a sandbox of a given kind, and says how it went."""

from __future__ import annotations

import json
import re
import secrets
import signal
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

from core.sandbox.inside.order import Kind, Limits, Order
from core.sandbox.process import FOLDER, Output, SandboxError, links, run_process, visible

Status = Literal["passed", "failed", "timeout", "memory", "output", "killed", "refused"]
"""`passed`: exit code 0; `failed`: any other; `timeout`: out of wall or processor time; `memory`, `output`:
over that limit; `killed`: by a signal; `refused`: not run, since nothing here confines it."""


@dataclass(frozen=True)
class Execution:
    """One run of a program."""

    kind: Kind | None
    """What confined it; None if it was refused."""
    status: Status
    exit_code: int | None
    """Minus the signal number if a signal killed it; None if it was stopped from outside, or not run."""
    stdout: str
    """Standard output, cut at the limit; untrusted text."""
    stderr: str
    """Standard error, likewise; if refused, our own text: why and what to do."""
    seconds: float
    """Wall time from the program's start to its end."""


@dataclass(frozen=True)
class TestResult:
    """How one test of a program went."""

    __test__ = False  # pytest takes classes of this name for tests

    passed: bool
    error: str
    """Empty if it passed; else in one line what was raised, or why it was not reached; untrusted text."""


@dataclass(frozen=True)
class TestRun:
    """One run of a program with its tests."""

    __test__ = False

    execution: Execution
    """Its status is `passed` only if every test passed."""
    tests: tuple[TestResult, ...]
    """In the order of the tests."""

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return self.execution.status == "passed"


@dataclass(frozen=True)
class Report:
    """One line that a program's own process reported."""

    kind: str
    """`passed`, `failed`: a test; `program`: the program failed before its tests; `memory`: it ran out."""
    test: int
    """Index of the test; 0 if it concerns none."""
    text: str
    """What was raised, in one line; untrusted."""


@dataclass(frozen=True)
class Ended:
    """A program that was run."""

    execution: Execution
    reports: tuple[Report, ...]


def execute(
    kind: Kind, program: str, limits: Limits, *, stdin: str = "", tests: tuple[str, ...] | None = None
) -> Ended:
    """Runs a program; on return, it and everything it started have ended (unconfined: as far as found).

    Args:
        kind: the sandbox; it must work here.
        program: Python source.
        limits: what it may use.
        stdin: its standard input.
        tests: Python source of tests to run in its namespace; None: it is a script.

    Raises:
        SandboxError: the sandbox did not start.
    """
    own = tempfile.TemporaryDirectory(prefix="program-") if kind == "unconfined" else nullcontext(FOLDER)
    with own as folder:
        token = secrets.token_hex(16)
        order = Order(kind, limits, folder, program, tests, token, visible(), links())
        output = run_process(order, stdin.encode(errors="surrogatepass"))
    return _ended(order, output)


def _ended(order: Order, output: Output) -> Ended:
    """The result of a process that has ended.

    Raises:
        SandboxError: it never reached the program.
    """
    stdout, stderr = (text.decode(errors="replace") for text in (output.stdout, output.stderr))
    events = [json.loads(line) for line in output.status.splitlines()]
    if not events:
        last = stderr.strip().splitlines()[-1:] or ["it ended without a message"]
        raise SandboxError(f"The sandbox did not start: {_PYTHON_PREFIX.sub('', last[0])}")
    exit_code, seconds = -int(signal.SIGKILL), output.seconds  # unless the supervisor lived to report
    if len(events) > 1:
        exit_code, seconds = events[1]["exit_code"], events[1]["seconds"]
    reports = read_reports(output.results, order.token)
    status = _status(exit_code, output.overflowed, any(report.kind == "memory" for report in reports))
    return Ended(Execution(order.kind, status, exit_code, stdout, stderr, seconds), reports)


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


def read_reports(written: bytes, token: str) -> tuple[Report, ...]:
    """The reports: complete lines that begin with the token. The program may have written other lines."""
    reports = []
    for line in written.split(b"\n")[:-1]:
        found = _LINE.fullmatch(line.decode(errors="replace"))
        if found and found[1] == token:
            reports.append(Report(found[2], int(found[3]), found[4] or ""))
    return tuple(reports)
