"""Runs generated code where it can do no harm; refuses where it could. Linux; no torch."""

from core.sandbox.execution import Execution, SandboxError, Status, TestResult, TestRun
from core.sandbox.inside.order import Kind, Limits
from core.sandbox.kinds import find_sandbox, why_not_unconfined
from core.sandbox.programs import DEFAULT_LIMITS, run_program, run_tests

__all__ = [
    "DEFAULT_LIMITS",
    "Execution",
    "Kind",
    "Limits",
    "SandboxError",
    "Status",
    "TestResult",
    "TestRun",
    "find_sandbox",
    "run_program",
    "run_tests",
    "why_not_unconfined",
]
