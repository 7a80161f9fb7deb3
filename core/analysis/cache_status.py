"""Which runs and rankings are stored, by the names of the cache's files, which is fast. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cache.files import CorruptEntry
from core.abilities import ABILITIES
from core.benchmarks.benchmark import Benchmark
from core.experiment.experiment import Experiment
from core.experiment.specs import MaskSpec


@dataclass(frozen=True)
class CacheStatus:
    """Which runs and rankings are stored. A damaged file counts as stored."""

    base: bool
    """The intact model's outcomes."""
    ablated: bool
    """The outcomes under the mask."""
    control: bool
    """The outcomes under as many weights drawn at random."""
    ranking: bool
    """All rankings that the mask is cut from, if any."""


def cache_status(experiment: Experiment, mask: MaskSpec | None, benchmark: Benchmark, n: int) -> CacheStatus:
    """The status of one mask (None: the intact model, which has no control) on n items of a benchmark.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    base = is_stored(experiment, None, benchmark, n)
    if mask is None:
        return CacheStatus(base, ablated=False, control=False, ranking=True)
    return CacheStatus(
        base,
        is_stored(experiment, mask, benchmark, n),
        is_stored(experiment, mask.control, benchmark, n),
        has_ranking(experiment, mask),
    )


def is_stored(experiment: Experiment, mask: MaskSpec | None, benchmark: Benchmark, n: int) -> bool:
    """Whether the outcomes of a mask on the first n items of a benchmark are stored.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    return experiment.store.outcomes.entries.has(experiment.request(mask, benchmark, n).key)


def cached_abilities(
    experiment: Experiment, template: MaskSpec | None, benchmark: Benchmark, n: int
) -> frozenset[str]:
    """The abilities whose mask, otherwise like the template, has outcomes on n items of the benchmark.

    Without a template: all of them, if the intact model's outcomes are stored.
    """
    masks = {ability.id: template and replace(template, ability=ability.id) for ability in ABILITIES}
    return frozenset(ability for ability, mask in masks.items() if is_stored(experiment, mask, benchmark, n))


def cached_benchmarks(
    experiment: Experiment, mask: MaskSpec | None, benchmarks: Sequence[Benchmark], limit: int | None = None
) -> frozenset[str]:
    """Those of some benchmarks on which a mask (None: the intact model) has outcomes, under a limit."""
    return frozenset(b.id for b in benchmarks if is_stored(experiment, mask, b, items_of(b, limit)))


def items_of(benchmark: Benchmark, limit: int | None) -> int:
    """Number of items of a benchmark that are evaluated under a limit."""
    return benchmark.n_items if limit is None else min(limit, benchmark.n_items)


def has_ranking(experiment: Experiment, mask: MaskSpec) -> bool:
    """Whether all rankings that a mask is cut from are stored, long enough and not damaged.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    n = experiment.ranking_entries(mask)
    return all(_length(experiment, needed) >= n for needed in experiment.rankings_of(mask))


def _length(experiment: Experiment, mask: MaskSpec) -> int:
    """Entries of the stored ranking of a mask; -1 if it is missing or damaged."""
    try:
        length = experiment.store.rankings.length(experiment.ranking_key(mask))
    except CorruptEntry:
        return -1
    return -1 if length is None else length
