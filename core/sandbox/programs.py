"""Runs the tests of generated programs in the sandbox of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.sandbox.inside.order import Kind, Limits
from core.sandbox.kinds import find_sandbox, why_not_unconfined
from core.sandbox.running import Ended, Execution, Status, TestResult, TestRun, execute

DEFAULT_LIMITS = Limits()


def run_tests(
    program: str, tests: Sequence[str], *, limits: Limits = DEFAULT_LIMITS, insist: bool = False
) -> TestRun:
    """Runs a program as a module, then each test in its namespace, in one process with one set of limits.

    A test passed if its code ran to the end; what the program prints and how it exits do not count. The
    tests run in the program's own process: a program written against this very code could forge them.

    Args:
        program: Python source.
        tests: Python source of each test, such as one assert.
        limits: what the program may use.
        insist: run it with limits alone if no sandbox works, provided that limits hold here.

    Returns:
        How each test went; if no sandbox works, `refused` with the reason as every error.

    Raises:
        SandboxError: the sandbox worked before and now does not start.
    """
    kind: Kind | None = find_sandbox().kind
    if kind is None and insist and not why_not_unconfined():
        kind = "unconfined"
    if kind is None:
        reason = f"{why_not_unconfined()} " if insist else ""
        reason = f"The program was not run. {reason}{find_sandbox().reason}"
        refused = Execution(None, "refused", None, "", reason, 0.0)
        return TestRun(refused, tuple(TestResult(False, reason) for _ in tests))
    return judge(execute(kind, program, limits, tests=tuple(tests)), len(tests))


def judge(ended: Ended, n_tests: int) -> TestRun:
    """How each test went, from the reports; one that is missing or contradictory did not pass."""
    execution = ended.execution
    missing = _NOT_REACHED.get(execution.status, _NOT_REACHED["failed"])
    results: dict[int, TestResult] = {}
    for report in ended.reports:
        if report.kind == "program":
            missing = f"The program failed: {report.text}"
        elif report.kind == "failed":
            results[report.test] = TestResult(False, report.text)
        elif report.kind == "passed":
            results.setdefault(report.test, TestResult(True, ""))
    tests = tuple(results.get(index, TestResult(False, missing)) for index in range(n_tests))
    if execution.status == "passed" and not all(test.passed for test in tests):
        execution = replace(execution, status="failed")
    return TestRun(execution, tests)


_NOT_REACHED: dict[Status, str] = {
    "failed": "The program ended before this test.",
    "timeout": "Time ran out before this test was done.",
    "output": "The program wrote too much before this test was done.",
    "killed": "The program was killed before this test was done.",
}
"""Why a test has no report, by how the program ended."""
