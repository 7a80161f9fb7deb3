"""Scores programs that a model wrote by running their tests in the sandbox."""

from __future__ import annotations

import ast

from core.benchmarks.benchmark import BenchmarkOptions, CodeReference, GenerationDocument, Judged

ALL_PASSED = "all {} tests passed"
LONGEST_ERROR = 200
"""Characters of an error that are kept."""

UNCONFINED = (
    "Programs that the model writes run without a sandbox: time, memory, processes and output have limits, "
    "but they can read and change your files and reach the network."
)
"""The warning before every run in which programs have limits and nothing else."""


def require_sandbox(benchmark: str, options: BenchmarkOptions) -> None:
    """Refuses a code benchmark unless code is allowed and a sandbox works or is explicitly waived.

    Raises:
        ValueError: it may not run; the message says what to do.
    """
    from core.sandbox.kinds import find_sandbox, why_not_unconfined

    if not options.allow_code:
        raise ValueError(
            f"'{benchmark}' runs programs that the model wrote: allow it with --allow-code-execution, "
            "and they run in a sandbox."
        )
    found = find_sandbox()
    if found.kind is not None:
        return
    if not options.without_sandbox:
        raise ValueError(f"'{benchmark}' cannot run here, unless with --without-sandbox. {found.reason}")
    if problem := why_not_unconfined():
        raise ValueError(f"'{benchmark}' cannot run here, not even without a sandbox. {problem}")


def insisting() -> str:
    """What `--without-sandbox` means on this machine, in one sentence."""
    from core.sandbox.kinds import find_sandbox

    found = find_sandbox()
    return UNCONFINED if found.kind is None else f"A sandbox works here ({found.kind}), and is used."


def judge_program(document: GenerationDocument, text: str, *, insist: bool = False) -> Judged:
    """Whether the program that the text completes passes all its tests, and how each went.

    Args:
        document: the item.
        text: what the model wrote.
        insist: run it with limits alone if no sandbox works.

    Raises:
        ValueError: no sandbox works here.
        SandboxError: the sandbox worked before and now does not start.
    """
    from core.sandbox.programs import run_tests

    code = document.code
    if code is None:
        raise ValueError(f"Item {document.id} has no tests.")
    helpers, tests = split_tests(code)
    program = "\n".join(part for part in (code.head + text, helpers) if part)
    run = run_tests(program, tests, insist=insist)
    if run.execution.status == "refused":
        raise ValueError(run.execution.stderr)
    if run.passed:
        return Judged(1.0, ALL_PASSED.format(len(tests)))
    failed = [(number, test) for number, test in enumerate(run.tests, start=1) if not test.passed]
    alike = {test.error for _, test in failed}
    shown = failed[:1] if len(alike) == 1 else failed
    errors = "; ".join(f"test {number}: {test.error[:LONGEST_ERROR]}" for number, test in shown)
    passed = f"{len(tests) - len(failed)} of {len(tests)} tests passed"
    return Judged(0.0, f"{passed}; {errors or run.execution.status}")


def split_tests(code: CodeReference) -> tuple[str, tuple[str, ...]]:
    """The helpers that the tests need, and the tests one by one: asserts and calls.

    Tests come from a data set: whatever Python cannot parse stays whole and fails when it runs.
    """
    try:
        statements = ast.parse(code.tests).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "", (code.tests,)
    is_test = [isinstance(statement, (ast.Assert, ast.Expr)) for statement in statements]
    if True not in is_test or not all(is_test[is_test.index(True) :]):
        return "", (code.tests,)
    first = is_test.index(True)
    texts = [ast.unparse(statement) for statement in statements]
    return "\n".join(texts[:first]), tuple(texts[first:])
