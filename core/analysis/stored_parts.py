"""The stored parts of a run, by the names of the cache's files, which is fast. No torch."""

from __future__ import annotations

from itertools import takewhile

from core.benchmarks.benchmark import Benchmark
from core.benchmarks.drawn import parts_of
from core.run.experiment import Experiment, OutcomesRequest
from core.run.specs import MaskSpec

Version = tuple[str, int]
"""A version of a stored file: its path, and when it was written, in nanoseconds."""


def stored_parts(
    experiment: Experiment, mask: MaskSpec | None, benchmark: Benchmark, n: int
) -> list[OutcomesRequest]:
    """The stored runs of a mask on the first parts of a benchmark, up to the first that lacks.

    A benchmark that is not drawn is one part.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    parts = parts_of(benchmark)
    requests = (experiment.request(mask, part, min(n, part.n_items)) for part in parts)
    has = experiment.store.outcomes.entries.has
    return list(takewhile(lambda request: has(request.key), requests))


def version_of(experiment: Experiment, key: str) -> Version | None:
    """The current version of the outcomes of a key; None if not stored."""
    entries = experiment.store.outcomes.entries
    path = entries.read_path(key)
    try:
        return (str(path), path.stat().st_mtime_ns) if entries.has(key) else None
    except FileNotFoundError:  # deleted between the two calls
        return None
