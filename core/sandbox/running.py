"""Runs one program in a sandbox of a given kind, and says how it went."""

from __future__ import annotations

import json
import re
import secrets
import signal
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass

from core.sandbox.execution import Execution, SandboxError, Status
from core.sandbox.inside.order import Kind, Limits, Order
from core.sandbox.process import Heard, run_process
from core.sandbox.reports import Report, read_reports
from core.sandbox.view import FOLDER, links, visible


@dataclass(frozen=True)
class Ended:
    """A program that was run."""

    execution: Execution
    reports: tuple[Report, ...]


def execute(
    kind: Kind, program: str, limits: Limits, *, stdin: str = "", tests: tuple[str, ...] | None = None
) -> Ended:
    """Runs a program; when this returns, it and all that it started have ended (unconfined: that was found).

    Args:
        kind: the sandbox; it must work here.
        program: Python source.
        limits: what it may use.
        stdin: what it reads from standard input.
        tests: Python source of tests to run in its names; None: it is a script.

    Raises:
        SandboxError: the sandbox did not start.
    """
    own = tempfile.TemporaryDirectory(prefix="program-") if kind == "unconfined" else nullcontext(FOLDER)
    with own as folder:
        token = secrets.token_hex(16)
        order = Order(kind, limits, folder, program, tests, token, visible(), links())
        heard = run_process(order, stdin.encode(errors="surrogatepass"))
    return _ended(order, heard)


def _ended(order: Order, heard: Heard) -> Ended:
    """What is to be told of a process that has ended.

    Raises:
        SandboxError: it never came to the program.
    """
    stdout, stderr = (text.decode(errors="replace") for text in (heard.stdout, heard.stderr))
    told = [json.loads(line) for line in heard.status.splitlines()]
    if not told:
        last = stderr.strip().splitlines()[-1:] or ["it ended without a word"]
        raise SandboxError(f"The sandbox did not start: {_OF_PYTHON.sub('', last[0])}")
    exit_code, seconds = -int(signal.SIGKILL), heard.seconds  # unless the supervisor lived to tell
    if len(told) > 1:
        exit_code, seconds = told[1]["exit_code"], told[1]["seconds"]
    reports = read_reports(heard.results, order.token)
    status = _status(exit_code, heard.overflowed, any(report.kind == "memory" for report in reports))
    return Ended(Execution(order.kind, status, exit_code, stdout, stderr, seconds), reports)


_OF_PYTHON = re.compile(r"^\w+: (\[Errno \d+\] )?(?=The )")
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
