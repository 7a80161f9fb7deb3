"""What the cache has of cells: stored runs and their parts, and statistics kept once computed. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import polars as pl

from cache.files import CorruptEntry
from core.abilities import ABILITIES
from core.analysis.statistics.cells import (
    CellStatistics,
    StoppedBenchmark,
    frame_statistics,
)
from core.analysis.statistics.intervals import Specificity
from core.analysis.table import SPECIFICITY, SPECIFICITY_P, Beyond, beyond_masks, stopped_beyond
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.drawn import part_ends, part_of, parts_of
from core.run.experiment import Experiment, OutcomesRequest
from core.run.selected import has_ranking
from core.run.specs import MaskSpec, Run

Version = tuple[str, int]
"""A version of a stored file: its path, and when it was written, in nanoseconds."""


def stored_parts(
    experiment: Experiment, mask: MaskSpec | None, benchmark: Benchmark, n: int
) -> list[OutcomesRequest]:
    """The stored runs of a mask on the first parts of a benchmark, up to the first that lacks.

    A benchmark that is not drawn is one part.
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


MOST_KNOWN = 20_000
"""Cells that are kept (about 10 MB) before all are dropped."""

MOST_BASES = 100
"""Benchmarks whose base outcomes are kept before all are dropped."""

Versions = tuple[Version, ...]
"""The versions of the stored parts of a run, in order."""


@dataclass(frozen=True)
class StoppedCell:
    """One mask on one benchmark."""

    statistics: CellStatistics
    """What it does, from the items that count."""
    is_over: bool
    """Whether its run is settled or has no items left."""


_bases: dict[Versions, StoppedBenchmark] = {}
_cells: dict[tuple[Versions, Versions, float], StoppedCell] = {}
_beyond: dict[tuple[Versions, tuple[Versions, ...], float], list[Beyond]] = {}


class StoppedCells:
    """The cells of a benchmark in an order drawn by seed, as far as they are stored."""

    def __init__(self, experiment: Experiment, benchmark: Benchmark, until: float) -> None:
        """Reads the intact model's outcomes."""
        self._experiment, self._benchmark, self._until = experiment, benchmark, until
        self._ends = part_ends(benchmark.n_items)
        self.damaged: list[CorruptEntry] = []
        """Entries that were found damaged; they count as missing."""
        self._base_versions = self._versions(None)
        self.base = self._read_base()
        """The intact model's outcomes; None unless those of all items are stored."""

    def run(self, mask: MaskSpec | None) -> Run:
        """The run of a mask (None: of the intact model) on all items, as it can be asked for."""
        return Run(mask, self._benchmark.id, self._benchmark.n_items, part_of(self._benchmark))

    def cells(self, masks: Sequence[MaskSpec]) -> dict[MaskSpec, StoppedCell]:
        """The cells of which anything is stored, if the intact model's outcomes are."""
        if self.base is None:
            return {}
        found = {}
        for mask in masks:
            cell = self._cell(self.base, mask)
            if cell is not None:
                found[mask] = cell
        return found

    def are_over(self, masks: Sequence[MaskSpec | None]) -> list[bool]:
        """Whether the run of each mask is over; for None whether the intact model has answered all items."""
        cells = self.cells([mask for mask in masks if mask is not None])
        return [
            self.base is not None if mask is None else mask in cells and cells[mask].is_over for mask in masks
        ]

    def frame(self, mask: MaskSpec | None) -> pl.DataFrame | None:
        """The outcomes that count: the intact model's of all items, a mask's of those it needed so far."""
        if self.base is None:
            return None
        if mask is None:
            return self.base.outcomes
        cell = self._cell(self.base, mask)
        frame = None if cell is None else self._read(mask)
        return None if cell is None or frame is None else frame.head(cell.statistics.n)

    def beyond(self, masks: Sequence[MaskSpec]) -> list[Beyond] | None:
        """What each mask does beyond the others; None if one of them is not stored."""
        key = (self._base_versions, tuple(map(self._versions, masks)), self._until)
        if self.base is not None and key not in _beyond:
            frames = [self.frame(mask) for mask in masks]
            known = [frame for frame in frames if frame is not None]
            if len(known) < len(frames):
                return None
            if len(_beyond) >= MOST_BASES:
                _beyond.clear()
            _beyond[key] = stopped_beyond(masks, self.base, known)
        return _beyond.get(key)

    def _cell(self, base: StoppedBenchmark, mask: MaskSpec) -> StoppedCell | None:
        versions = self._versions(mask)
        key = (self._base_versions, versions, self._until)
        if key not in _cells:
            frame = self._read(mask) if versions else None
            if frame is None:
                return None
            stop = base.stop(frame, self._ends, self._until)
            statistics = base.statistics(frame.head(stop or len(frame)), self._until)
            if len(_cells) >= MOST_KNOWN:
                _cells.clear()
            _cells[key] = StoppedCell(statistics, stop is not None)
        return _cells[key]

    def _read_base(self) -> StoppedBenchmark | None:
        if len(self._base_versions) < len(self._ends):
            return None
        if self._base_versions not in _bases:
            frame = self._read(None)
            if frame is None or len(frame) < self._ends[-1]:
                return None
            if len(_bases) >= MOST_BASES:
                _bases.clear()
            _bases[self._base_versions] = StoppedBenchmark(frame, self._benchmark)
        return _bases[self._base_versions]

    def _keys(self, mask: MaskSpec | None) -> list[str]:
        parts = stored_parts(self._experiment, mask, self._benchmark, self._benchmark.n_items)
        return [request.key for request in parts]

    def _versions(self, mask: MaskSpec | None) -> Versions:
        found = [version_of(self._experiment, key) for key in self._keys(mask)]
        return tuple(version for version in found if version is not None)

    def _read(self, mask: MaskSpec | None) -> pl.DataFrame | None:
        """The outcomes of the parts up to the first that lacks or is damaged; None without any."""
        keys = self._keys(mask)
        loaded = self._experiment.store.outcomes.load_many(keys)
        self.damaged += loaded.corrupt
        frames = []
        for key in keys:
            if key not in loaded.frames:
                break
            frames.append(loaded.frames[key])
        return pl.concat(frames) if frames else None


def needed_items(experiment: Experiment, benchmark: Benchmark, mask: MaskSpec, until: float) -> int | None:
    """How many stored items of a mask's run count; None if that is not known."""
    cell = StoppedCells(experiment, benchmark, until).cells([mask]).get(mask)
    return None if cell is None else cell.statistics.n


_known: dict[tuple[Version, Version, int], CellStatistics] = {}
"""By base outcomes, ablated outcomes and seed of the bootstrap."""


_known_beyond: dict[tuple[tuple[Version, ...], int, bool], list[Beyond]] = {}
"""What masks do beyond each other, by the outcomes of base and of the masks, and seed of the bootstrap."""


@dataclass(frozen=True, eq=False)
class Effects:
    """What each mask does to each benchmark, where stored."""

    found: Mapping[tuple[MaskSpec, str], CellStatistics]
    """By mask and benchmark."""
    missing: tuple[Run, ...]
    """Runs that the rest needs: the intact model first, then mask by mask."""
    damaged: tuple[CorruptEntry, ...]
    """Entries that were found damaged just now; they count as missing."""
    unfinished: frozenset[tuple[MaskSpec, str]] = frozenset()
    """Cells whose run, which stops when it is known, has to go on: they are found, and missing too."""


@dataclass(frozen=True)
class _Pair:
    """The outcomes behind one effect."""

    base: OutcomesRequest
    ablated: OutcomesRequest
    versions: tuple[Version, Version]


def effects(
    experiment: Experiment,
    masks: Sequence[MaskSpec],
    benchmarks: Sequence[tuple[Benchmark, int]],
    seed: int = 0,
    until: float | None = None,
) -> Effects:
    """The statistics of every mask on every benchmark, from the cache.

    Args:
        masks: duplicates count once.
        benchmarks: with their numbers of items; drawn ones with `until`.
        until: the least AIS of interest, at which runs stop; None: all items count.
    """
    if until is not None:
        return _stopped_effects(experiment, masks, benchmarks, until)
    rows = [
        [experiment.request(mask, benchmark, n) for benchmark, n in benchmarks]
        for mask in dict.fromkeys([None, *masks])
    ]
    versions = {r.key: version for row in rows for r in row if (version := version_of(experiment, r.key))}
    pairs = [
        _Pair(base, ablated, (versions[base.key], versions[ablated.key]))
        for row in rows[1:]
        for base, ablated in zip(rows[0], row, strict=True)
        if base.key in versions and ablated.key in versions
    ]
    known, lost, damaged = _statistics(experiment, pairs, seed)
    found = {
        (p.ablated.mask, p.ablated.benchmark.id): known[p.versions]
        for p in pairs
        if p.ablated.mask is not None and p.versions in known
    }
    lacking = [r for row in rows for r in row if r.key not in versions or r.key in lost]
    return Effects(found, tuple(Run(r.mask, r.benchmark.id, r.n) for r in lacking), damaged)


def _stopped_effects(
    experiment: Experiment,
    masks: Sequence[MaskSpec],
    benchmarks: Sequence[tuple[Benchmark, int]],
    until: float,
) -> Effects:
    columns = [StoppedCells(experiment, benchmark, until) for benchmark, _ in benchmarks]
    cells = [column.cells(masks) for column in columns]
    found, unfinished = dict[tuple[MaskSpec, str], CellStatistics](), set[tuple[MaskSpec, str]]()
    missing = [column.run(None) for column in columns if column.base is None]
    for mask in dict.fromkeys(masks):
        for column, of_column in zip(columns, cells, strict=True):
            run, cell = column.run(mask), of_column.get(mask)
            if cell is not None:
                found[mask, run.benchmark] = cell.statistics
            if cell is None or not cell.is_over:
                missing.append(run)
                unfinished |= set() if cell is None else {(mask, run.benchmark)}
    damaged = tuple(error for column in columns for error in column.damaged)
    return Effects(found, tuple(missing), damaged, frozenset(unfinished))


def _statistics(
    experiment: Experiment, pairs: Sequence[_Pair], seed: int
) -> tuple[dict[tuple[Version, Version], CellStatistics], set[str], tuple[CorruptEntry, ...]]:
    versions = [pair.versions for pair in pairs]
    known = {pair: cell for pair in versions if (cell := _known.get((*pair, seed))) is not None}
    unknown = [pair for pair in pairs if pair.versions not in known]
    keys = [key for pair in unknown for key in (pair.base.key, pair.ablated.key)]
    loaded = experiment.store.outcomes.load_many(keys)
    frames = loaded.frames
    by_base: dict[str, list[_Pair]] = {}
    for pair in unknown:
        if pair.base.key in frames and pair.ablated.key in frames:
            by_base.setdefault(pair.base.key, []).append(pair)
    for base, group in by_base.items():
        ablated = [frames[pair.ablated.key] for pair in group]
        cells = frame_statistics(frames[base], ablated, group[0].base.benchmark, seed)
        known.update((pair.versions, cell) for pair, cell in zip(group, cells, strict=True))
    _remember(known, seed)
    return known, set(keys) - set(frames), loaded.corrupt


def _remember(known: Mapping[tuple[Version, Version], CellStatistics], seed: int) -> None:
    if len(_known) + len(known) > MOST_KNOWN:
        _known.clear()
    _known.update({(*versions, seed): cell for versions, cell in known.items()})


def stored_beyond(
    experiment: Experiment,
    found: Mapping[tuple[MaskSpec, str], CellStatistics],
    benchmarks: Sequence[tuple[Benchmark, int]],
    seed: int = 0,
    until: float | None = None,
    *,
    by_score: bool = False,
) -> dict[tuple[MaskSpec, str], Beyond]:
    """What each mask does to each benchmark beyond the others by p(right), by mask and benchmark.

    Args:
        found: the statistics of the masks that are compared, random ones among them.
        benchmarks: with their numbers of items; drawn ones with `until`.
        by_score: whether the AIS is compared, too.
    """
    rows: dict[tuple[MaskSpec, str], Beyond] = {}
    for benchmark, n in benchmarks:
        masks = [mask for mask, name in found if name == benchmark.id]
        if until is not None:
            others = StoppedCells(experiment, benchmark, until).beyond(masks) or []
            rows |= {(mask, benchmark.id): one for mask, one in zip(masks, others, strict=False)}
            continue
        requests = [experiment.request(mask, benchmark, n) for mask in (None, *masks)]
        versions = tuple(filter(None, (version_of(experiment, request.key) for request in requests)))
        if len(versions) < len(requests) or len(masks) < 2:
            continue  # deleted meanwhile, or nothing to compare
        key = (versions, seed, by_score)
        if key not in _known_beyond:
            frames = experiment.store.outcomes.load_many([request.key for request in requests]).frames
            if len(frames) < len({request.key for request in requests}):
                continue
            base, *ablated = (frames[request.key] for request in requests)
            statistics = found[masks[0], benchmark.id]
            compared = beyond_masks(masks, base, ablated, benchmark, statistics, seed, by_score=by_score)
            if len(_known_beyond) >= MOST_KNOWN // 100:
                _known_beyond.clear()
            _known_beyond[key] = compared
        rows |= {(m, benchmark.id): one for m, one in zip(masks, _known_beyond[key], strict=True)}
    return rows


def stored_specificity(
    experiment: Experiment,
    mask: MaskSpec,
    benchmark: Benchmark,
    n: int,
    *,
    by_probability: bool,
    until: float | None = None,
) -> Specificity | None:
    """The AIS or AIS_p of a mask on n items less the mean of the other abilities' stored ones.

    None if the base, the mask's own or all other outcomes are missing or damaged, or there is none. With
    `until`, see `effects`, on the items that all of them have.
    """
    masks = [mask, *(replace(mask, ability=one.id) for one in ABILITIES if one.id != mask.ability)]
    sized, names = [(benchmark, n)], SPECIFICITY_P if by_probability else SPECIFICITY
    found = effects(experiment, masks, sized, mask.seed, until).found
    of_all = stored_beyond(experiment, found, sized, mask.seed, until, by_score=not by_probability)
    own, beyond = found.get((mask, benchmark.id)), of_all.get((mask, benchmark.id))
    if own is None or beyond is None:
        return None
    effect, figures = own.ais_p if by_probability else own.ais, [beyond[name] for name in names]
    known = [figure for figure in figures if figure is not None]
    if effect is None or len(known) < len(figures):
        return None
    of_others, *difference = known
    return Specificity(effect, of_others, len(found) - 1, *difference)


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
        benchmark: drawn, with `until`.
        until: the least AIS of interest: a run is stored as soon as it is settled. None: all items count.
    """
    masks = [None] if mask is None else [None, mask, mask.control]
    stored = _are_stored(experiment, masks, benchmark, n, until)
    if mask is None:
        return CacheStatus(stored[0], ablated=False, control=False, ranking=True)
    base, ablated, control = stored
    return CacheStatus(base, ablated, control, has_ranking(experiment, mask))


def is_stored(experiment: Experiment, mask: MaskSpec | None, benchmark: Benchmark, n: int) -> bool:
    """Whether the outcomes of a mask on the first n items of a benchmark are stored."""
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
