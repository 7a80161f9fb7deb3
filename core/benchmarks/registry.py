"""Finds benchmarks by the words that a person uses."""

from __future__ import annotations

from collections.abc import Sequence

from core.abilities import Level
from core.benchmarks.description import Benchmark
from core.benchmarks.diagnostic import diagnostic_benchmarks
from core.choices import one_of

GROUPS = ("diagnostic", "all")
"""Words that stand for several benchmarks: so far both for the ten diagnostic ones."""


def find_benchmarks(words: Sequence[str], level: Level) -> tuple[Benchmark, ...]:
    """The benchmarks that the words stand for, each once, in the order of the words.

    Args:
        words: ids of benchmarks, or `diagnostic` or `all`.
        level: of the diagnostic items, as it suits the model.

    Raises:
        ValueError: there is no word, or no such benchmark; the message names the nearest.
    """
    known = {benchmark.id: benchmark for benchmark in diagnostic_benchmarks(level)}
    found: dict[str, Benchmark] = {}
    for word in words:
        one_of(word, [*known, *GROUPS], "benchmark")
        found.update(known if word in GROUPS else {word: known[word]})
    if not found:
        raise ValueError("No benchmark is named: give ids, or 'diagnostic'.")
    return tuple(found.values())
