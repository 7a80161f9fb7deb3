"""How far a job is, in words: its phase, that phase's count and rate, and the clock of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.names import short_benchmark
from tui.numbers import duration_text, rate_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.run.events import JobKind, Phase, Progressed

PHASES: Mapping[Phase, str] = {
    "preparing": "preparing items of {about}",
    "scoring": "scoring weights for {about}",
    "scoring_units": "scoring whole units for {about}",
    "ranking": "selecting weights",
    "evaluating": "answering {about}",
    "writing": "writing answers to {about}",
    "comparing": "comparing answers to {about} with base",
    "quality": "measuring generation quality",
    "checking": "checking weights",
}
"""What a phase does."""

WRITING = "writing"
"""The same where no benchmark asks for it."""

COUNTED = ("scoring", "scoring_units")
"""Phases of which it is said how many the job has."""

PARTS: Mapping[JobKind, str] = {
    "runs": "run",
    "rankings": "ranking",
    "auto_k": "k",
    "generation": "answer",
    "calibration": "run",
}
"""The parts of a job, by kind."""

MINUTE = 60


def phase_text(progress: Progressed) -> str:
    """What is being done: `scoring weights for causal (2 of 10)`."""
    words = PHASES[progress.phase].format(about=safe_line(short_benchmark(progress.about)))
    if progress.phase == "writing" and not progress.about:
        words = WRITING
    which = progress.phase in COUNTED and progress.of > 1
    return f"{words} ({progress.number} of {progress.of})" if which else words


def count_text(done: int, total: int) -> str:
    """How much of a phase is done: `320/1,000`."""
    return f"{done:,}/{total:,}"


def pace_text(progress: Progressed) -> str:
    """How fast it goes: `4.2/s`, where text is written `41 tokens/s`; empty as long as that is unknown."""
    if progress.rate is None:
        return ""
    rate = rate_text(progress.rate)
    return rate.replace("/", " tokens/", 1) if progress.tokens else rate


def left_text(seconds: float) -> str:
    """A time left, so coarse that it does not tremble: `35 s`, `12 min`, `3 h 20 min`."""
    if seconds < MINUTE - 2.5:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = max(1, round(seconds / MINUTE))
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(10 * round(minutes / 10), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def clock_text(elapsed_s: float, left_s: float | None, *, is_most: bool = False) -> str:
    """How long a job takes: `2:05, about 12 min left`; `at most` if it may stop before."""
    elapsed, about = duration_text(elapsed_s), "at most" if is_most else "about"
    return elapsed if left_s is None else f"{elapsed}, {about} {left_text(left_s)} left"


def done_share(elapsed_s: float, left_s: float | None) -> float | None:
    """The share of a job's time that has passed; None as long as that is unknown."""
    return None if left_s is None else elapsed_s / max(elapsed_s + left_s, 1e-9)
