"""Which runs and rankings are stored, by the names of the cache's files, which is fast. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.abilities import ABILITIES
from core.analysis.stored import StoppedCells
from core.benchmarks.benchmark import Benchmark
from core.run.experiment import Experiment
from core.run.selected import has_ranking
from core.run.specs import MaskSpec


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


def cache_status(
    experiment: Experiment,
    mask: MaskSpec | None,
    benchmark: Benchmark,
    n: int,
    until: float | None = None,
) -> CacheStatus:
    """The status of one mask (None: the intact model, which has no control) on n items of a benchmark.

    Args:
        experiment: the model and the cache.
        mask: the mask.
        benchmark: drawn, with `until`.
        n: number of items.
        until: the least AIS of interest: a run is stored as soon as it is settled. None: all items count.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    masks = [None] if mask is None else [None, mask, mask.control]
    stored = _are_stored(experiment, masks, benchmark, n, until)
    if mask is None:
        return CacheStatus(stored[0], ablated=False, control=False, ranking=True)
    base, ablated, control = stored
    return CacheStatus(base, ablated, control, has_ranking(experiment, mask))


def is_stored(experiment: Experiment, mask: MaskSpec | None, benchmark: Benchmark, n: int) -> bool:
    """Whether the outcomes of a mask on the first n items of a benchmark are stored.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    return experiment.store.outcomes.entries.has(experiment.request(mask, benchmark, n).key)


def _are_stored(
    experiment: Experiment,
    masks: Sequence[MaskSpec | None],
    benchmark: Benchmark,
    n: int,
    until: float | None,
) -> list[bool]:
    """Whether there are the outcomes of each mask; with `until` those that settle it."""
    if until is None:
        return [is_stored(experiment, mask, benchmark, n) for mask in masks]
    return StoppedCells(experiment, benchmark, until).are_over(masks)


def cached_abilities(
    experiment: Experiment,
    template: MaskSpec | None,
    benchmark: Benchmark,
    n: int,
    until: float | None = None,
) -> frozenset[str]:
    """The abilities whose mask, otherwise like the template, has outcomes on n items of the benchmark.

    Without a template: all of them, if the intact model's outcomes are stored. With `until`: see
    `cache_status`.
    """
    masks = {ability.id: template and replace(template, ability=ability.id) for ability in ABILITIES}
    stored = _are_stored(experiment, list(masks.values()), benchmark, n, until)
    return frozenset(ability for ability, has in zip(masks, stored, strict=True) if has)


def cached_benchmarks(
    experiment: Experiment,
    mask: MaskSpec | None,
    benchmarks: Sequence[Benchmark],
    limit: int | None = None,
    until: float | None = None,
) -> frozenset[str]:
    """Those of some benchmarks on which a mask (None: the intact model) has outcomes, under a limit.

    With `until`: see `cache_status`.
    """
    return frozenset(
        b.id for b in benchmarks if all(_are_stored(experiment, [mask], b, items_of(b, limit), until))
    )


def items_of(benchmark: Benchmark, limit: int | None) -> int:
    """Number of items of a benchmark that are evaluated under a limit."""
    return benchmark.n_items if limit is None else min(limit, benchmark.n_items)
