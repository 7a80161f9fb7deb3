"""How a program went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.sandbox.inside.order import Kind

Status = Literal["passed", "failed", "timeout", "memory", "output", "killed", "refused"]
"""`passed`: exit code 0; `failed`: another one; `timeout`: out of wall time or processor time; `memory`: it
asked for more than it may have; `output`: it wrote more than it may; `killed`: by a signal; `refused`: it
was not run, as nothing here keeps it apart."""


class SandboxError(RuntimeError):
    """The sandbox's process did not start; the message says why."""


@dataclass(frozen=True)
class Execution:
    """One run of a program."""

    kind: Kind | None
    """What kept it apart; None if it was refused."""
    status: Status
    exit_code: int | None
    """Minus the number of the signal that killed it; None if it was stopped from here, or not run."""
    stdout: str
    """What it wrote, cut at the limit; untrusted text."""
    stderr: str
    """The same; if refused, why and what to do, in our words."""
    seconds: float
    """From the program's start to its end, wall time."""


@dataclass(frozen=True)
class TestResult:
    """How one test of a program went."""

    __test__ = False  # pytest takes classes of this name for tests

    passed: bool
    error: str
    """Empty if it passed; else what was raised, or why it was not reached, in one line; untrusted text."""


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
