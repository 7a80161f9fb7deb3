"""What a comparison is, and how its times are taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

REPEATS = 3


@dataclass(frozen=True)
class Comparison:
    """One thing done our way and the plain way."""

    what: str
    plain: str
    """What it is compared with."""
    ours_s: tuple[float, ...]
    """Seconds of every repeat."""
    plain_s: tuple[float, ...]
    items: int | None = None
    """If given, speed is told as items per second."""
    checks: dict[str, bool] = field(default_factory=dict)
    """What has to hold, whatever the times are."""
    facts: dict[str, float | int | str | None] = field(default_factory=dict)
    """Sizes, and what was measured beside the times; None where it cannot be measured here."""

    @property
    def times_as_long(self) -> float:
        """Our best time over the plain best time."""
        return min(self.ours_s) / min(self.plain_s)


def time_both(
    ours: Callable[[], object], plain: Callable[[], object], cycles: int = 1
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds of one call in every repeat, ours and plain; both are warmed up first and then take turns.

    Args:
        ours: our way.
        plain: the plain way.
        cycles: calls in a repeat, more than one where a call is too short for the clock.
    """
    ours(), plain()
    pairs = [(seconds_of(ours, cycles), seconds_of(plain, cycles)) for _ in range(REPEATS)]
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)


def seconds_of(call: Callable[[], object], cycles: int = 1) -> float:
    """Seconds of one call, the mean of so many cycles."""
    start = time.perf_counter()
    for _ in range(cycles):
        call()
    return (time.perf_counter() - start) / cycles
