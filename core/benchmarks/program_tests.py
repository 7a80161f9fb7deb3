"""Scores programs that a model wrote by running their tests in the sandbox."""

from __future__ import annotations

import ast

from core.benchmarks.benchmark import BenchmarkOptions, CodeReference, GenerationDocument, Judged

ALL_PASSED = "all {} tests passed"
LONGEST_ERROR = 200
"""Characters of an error that are kept."""


def require_sandbox(benchmark: str, options: BenchmarkOptions) -> None:
    """Refuses a code benchmark unless code is allowed and can be confined here.

    Raises:
        ValueError: it may not run; the message says what to do.
    """
    from core.sandbox.bubblewrap import why_no_sandbox

    if not options.allow_code:
        raise ValueError(
            f"'{benchmark}' runs programs that the model wrote: allow it with --allow-code-execution, "
            "and they run in a sandbox."
        )
    if problem := why_no_sandbox():
        raise ValueError(f"'{benchmark}' cannot run here. {problem}")


def judge_program(document: GenerationDocument, text: str) -> Judged:
    """Whether the program that the text completes passes all its tests, and how each went.

    Raises:
        SandboxError: the sandbox worked before and now does not start.
    """
    from core.sandbox.bubblewrap import execute

    code = document.code
    if code is None:
        raise ValueError(f"Item {document.id} has no tests.")
    helpers, tests = split_tests(code)
    program = "\n".join(part for part in (code.head + text, helpers) if part)
    run = execute(program, tests)
    if run.status == "passed":
        return Judged(1.0, ALL_PASSED.format(len(tests)))
    failed = [(number, error) for number, error in enumerate(run.errors, start=1) if error]
    shown = failed[:1] if len({error for _, error in failed}) == 1 else failed
    errors = "; ".join(f"test {number}: {error[:LONGEST_ERROR]}" for number, error in shown)
    passed = f"{len(tests) - len(failed)} of {len(tests)} tests passed"
    return Judged(0.0, f"{passed}; {errors or run.status}")


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
