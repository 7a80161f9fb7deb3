"""Runs the program, and its tests one by one, in the process that has the limits."""

from __future__ import annotations

import builtins
import os
import sys
import traceback
import types
from collections.abc import Callable
from typing import NoReturn

from .order import Order

FILE_NAME = "program.py"
"""What tracebacks call the program."""

LONGEST_ERROR = 300
"""Characters of an error that are reported for a test."""

SCRIPT, MODULE = "__main__", "program"
"""A program's `__name__`. Tested programs are modules, so their `if __name__ == "__main__"` does not run."""


def run(order: Order, results: int) -> int:
    """Runs the order's program; returns the exit code of a script, and ends the process if there are tests.

    Raises:
        SystemExit: the program ends itself.
    """
    report = _reporter(order.token, results)
    if order.tests is None:
        return _run_script(order.program, report)
    _run_tested(order.program, order.tests, report)


Report = Callable[[str, int, str], None]
"""Reports to the outside: a kind, the index of a test (0 if it concerns none), and a text."""


def _reporter(token: str, results: int) -> Report:
    """Writes lines that begin with the token. Binds what it needs before the program can replace it."""
    write, owner, process = os.write, os.getpid(), os.getpid

    def report(kind: str, test: int, text: str) -> None:
        if process() == owner:  # a forked child may not report
            line = " ".join(f"{token} {kind} {test} {text}".split())
            write(results, line.encode(errors="replace") + b"\n")

    return report


def _run_script(program: str, report: Report) -> int:
    """Runs a program as `python program.py` does."""
    module = _module(SCRIPT)
    try:
        exec(compile(program, FILE_NAME, "exec", dont_inherit=True), module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        if isinstance(error, MemoryError):
            report("memory", 0, "")
        _show(error)
        return 1
    return 0


def _run_tested(program: str, tests: tuple[str, ...], report: Report) -> NoReturn:
    """Runs a program and each test in its namespace, and ends this process: with 0 if none failed.

    A test passed only if its code ran to the end, which is reported at once. What the program left running,
    such as threads, is not waited for.
    """
    run, translate, failure = builtins.exec, builtins.compile, builtins.BaseException
    untrace, unprofile, leave = sys.settrace, sys.setprofile, os._exit
    names = _module(MODULE).__dict__
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
