"""What stored masks do to benchmarks, which this process keeps once computed. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cache.files import CorruptEntry
from core.abilities import ABILITIES
from core.analysis.beyond import SPECIFICITY, SPECIFICITY_P, Beyond, beyond_masks
from core.analysis.statistics.cells import (
    CellStatistics,
    clusters_of,
    frame_statistics,
    paired_probabilities,
    paired_scores,
)
from core.analysis.statistics.intervals import Specificity, specificities
from core.analysis.stopped_cells import StoppedCells
from core.analysis.stored_parts import Version, version_of
from core.benchmarks.benchmark import Benchmark
from core.run.experiment import Experiment, OutcomesRequest
from core.run.specs import MaskSpec, Run

MOST_KNOWN = 20_000
"""Statistics that are kept (about 10 MB) before all are dropped."""

_known: dict[tuple[Version, Version, int], CellStatistics] = {}
"""By base outcomes, ablated outcomes and seed of the bootstrap."""


_known_beyond: dict[tuple[tuple[Version, ...], int], list[Beyond]] = {}
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
        experiment: the model and the cache.
        masks: duplicates count once.
        benchmarks: with their numbers of items; drawn ones with `until`.
        seed: random seed of the bootstrap.
        until: the least AIS of interest, at which runs stop; None: all items count.

    Raises:
        ValueError: k asks for more weights than there are candidates.
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
    """The same of runs that stop when it is known."""
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
    """The statistics by version, the keys that could not be loaded, and damaged entries."""
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


def _stopped_specificity(
    column: StoppedCells, mask: MaskSpec, others: Sequence[MaskSpec], by_probability: bool
) -> Specificity | None:
    """The same of runs that stop when it is known."""
    cells = column.cells([mask, *others])
    if mask not in cells or len(cells) < 2:
        return None
    own, beyond = cells[mask].statistics, column.beyond(list(cells))
    if beyond is None:
        return None
    names = SPECIFICITY_P if by_probability else SPECIFICITY
    figures = [own.ais_p if by_probability else own.ais, *(beyond[0][name] for name in names)]
    known = [figure for figure in figures if figure is not None]
    if len(known) < len(figures):
        return None
    effect, of_others, *difference = known
    return Specificity(effect, of_others, len(cells) - 1, *difference)


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
) -> dict[tuple[MaskSpec, str], Beyond]:
    """What each mask does to each benchmark beyond the others by p(right), by mask and benchmark.

    Args:
        experiment: the model and the cache.
        found: the statistics of the masks that are compared, random ones among them.
        benchmarks: with their numbers of items; drawn ones with `until`.
        seed: random seed of the bootstrap.
        until: see `effects`.

    Raises:
        ValueError: k asks for more weights than there are candidates.
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
        if (versions, seed) not in _known_beyond:
            frames = experiment.store.outcomes.load_many([request.key for request in requests]).frames
            if len(frames) < len({request.key for request in requests}):
                continue
            base, *ablated = (frames[request.key] for request in requests)
            statistics = found[masks[0], benchmark.id]
            compared = beyond_masks(masks, base, ablated, benchmark, statistics, seed, by_score=False)
            if len(_known_beyond) >= MOST_KNOWN // 100:
                _known_beyond.clear()
            _known_beyond[versions, seed] = compared
        rows |= {(m, benchmark.id): one for m, one in zip(masks, _known_beyond[versions, seed], strict=True)}
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

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    others = [replace(mask, ability=one.id) for one in ABILITIES if one.id != mask.ability]
    if until is not None:
        return _stopped_specificity(StoppedCells(experiment, benchmark, until), mask, others, by_probability)
    base, *keys = [experiment.request(one, benchmark, n).key for one in (None, mask, *others)]
    known = [key for key in (base, *keys) if experiment.store.outcomes.entries.has(key)]
    frames = experiment.store.outcomes.load_many(known).frames
    columns = [frames[key] for key in keys if key in frames]
    if base not in frames or keys[0] not in frames or len(columns) < 2:
        return None
    own = frame_statistics(frames[base], columns[:1], benchmark, mask.seed)[0]
    pair = paired_probabilities if by_probability else paired_scores
    paired = pair(frames[base], columns, benchmark)
    if paired is None or (own.ais_p if by_probability else own.ais) is None:
        return None
    return specificities(*paired, seed=mask.seed, clusters=clusters_of(frames[base]))[0]
