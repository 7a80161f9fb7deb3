"""What abilities and benchmarks are called in a report."""

from __future__ import annotations

from tui.names import short_benchmark, short_name

LONGEST = 17
"""Characters of a benchmark's name in a drawing."""


def word(name: str) -> str:
    """An ability or a benchmark in a word; a compound benchmark in one for each ability."""
    return "+".join(map(short_benchmark, name.split("+")))


def head(benchmark: str) -> str:
    """A benchmark as the head of a narrow column."""
    parts = benchmark.split("+")
    return short_name(benchmark) if len(parts) == 1 else "+".join(short_name(part)[:4] for part in parts)


def fitted(benchmark: str) -> str:
    """A benchmark's name in a drawing."""
    name = word(benchmark)
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
