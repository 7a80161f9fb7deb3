"""What a person can choose of how benchmarks are run. Plain words, no model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BenchmarkOptions:
    """How benchmarks are run; of no account for the diagnostic ones."""

    data_dir: str | None = None
    """The folder with their rows, absolute; None: the hub, or what was loaded from it before."""
    shots: int | None = None
    """Worked examples before each item, of the benchmarks that draw them from a split; None: as many as
    lm-evaluation-harness takes."""
    chat: bool = False
    """Whether prompts are in the model's chat template."""
    allow_code: bool = False
    """Whether programs that the model wrote may run, in the sandbox."""
    without_sandbox: bool = False
    """Whether they run even where no sandbox works, with limits and nothing else; needs `allow_code`. Where
    one works, it is used. No part of any key: interpreter, limits, environment and folder are the same, so
    that only a program that looks outside of its folder could tell, and no test asks it to."""


DEFAULT_OPTIONS = BenchmarkOptions()
