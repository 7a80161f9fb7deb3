"""The cells of abilities by benchmarks, as far as the cache has them, and what is missing. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import Any, Literal

from cache.files import CorruptEntry
from core.abilities import ABILITIES
from core.analysis.cache_status import control_of, is_stored, items_of
from core.analysis.comparisons import MatrixSummary, cell_table, compared, summaries
from core.analysis.effects import Effects, effects
from core.analysis.statistics.cells import CellStatistics
from core.analysis.statistics.significance import EmpiricalP
from core.benchmarks.benchmark import Benchmark
from core.experiment.experiment import Experiment
from core.experiment.specs import MaskSpec, Run, drawn_seed
from core.masks.choices import DRAWN, Scope, Selection
from core.models.description import selectable_weights
from core.models.matrices import Variant

State = Literal["missing", "defined", "not_identifiable"]
"""`missing`: base or ablated outcomes are not stored; `not_identifiable`: `statistics.reason` says why."""


@dataclass(frozen=True)
class Cell:
    """What the ablation of one ability does to one benchmark."""

    ability: str
    benchmark: str
    state: State
    statistics: CellStatistics | None
    """None if it is missing."""
    q_value: float | None
    """Over the defined cells of its matrix that are stored; None outside a matrix, and if not defined."""
    control: CellStatistics | None
    """The same for as many weights drawn at random; None if it is missing."""
    holm_p: float | None = None
    """Adjusted over the same cells as the q-value; None where that is."""
    empirical: EmpiricalP | None = None
    """Beside all stored random masks of its ability and size; None outside a matrix, without an AIS or a
    random mask, and for a mask that is drawn itself."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """All abilities on all benchmarks at one variant, selection and k."""

    variant: Variant
    selection: Selection
    k: float
    scope: Scope
    abilities: tuple[str, ...]
    benchmarks: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    """By ability and benchmark."""
    summary: MatrixSummary
    collapsed: frozenset[str]
    """Abilities whose mask takes every benchmark that the intact model can do down to chance, among those
    that are measured on all benchmarks."""
    missing: tuple[Run, ...]
    """What has to be run to fill it, controls included: the intact model first, then mask by mask."""
    weights: int
    """How many are zeroed."""
    share_of_candidates: float
    """Fraction of the variant's candidates."""
    damaged: tuple[CorruptEntry, ...]
    """Entries that were found damaged just now; they count as missing."""


@dataclass(frozen=True)
class SweepPoint:
    """One cell at one k."""

    k: float
    statistics: CellStatistics | None
    """None if it is missing."""
    control: CellStatistics | None
    """The same for as many weights drawn at random; None if it is missing."""


def matrix(
    experiment: Experiment,
    variant: Variant,
    selection: Selection,
    k: float,
    benchmarks: Sequence[Benchmark],
    limit: int | None = None,
    seed: int = 0,
    scope: Scope = "global",
) -> Matrix:
    """The matrix of all abilities, from the cache.

    Args:
        experiment: the model and the cache.
        variant: `mlp` or `all`.
        selection: of the weights.
        k: fraction of all parameters.
        benchmarks: the columns.
        limit: items of each benchmark; None for all.
        seed: of the random controls and the bootstrap.
        scope: whether each matrix gives the same share.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    masks = _masks(variant, selection, k, seed, scope)
    controls = [control_of(mask) for mask in masks]
    ids = [benchmark.id for benchmark in benchmarks]
    sized = [(benchmark, items_of(benchmark, limit)) for benchmark in benchmarks]
    measured = effects(experiment, [*masks, *controls], sized, seed)
    draws = [] if selection in DRAWN else _further_draws(experiment, masks, sized, seed)
    further = effects(experiment, draws, sized, seed)
    random = cell_table([*controls, *draws], ids, {**measured.found, **further.found})
    table = compared(cell_table(masks, ids, measured.found), random)
    rows = dict(zip(((mask, name) for mask in masks for name in ids), table.to_dicts(), strict=True))
    weights = selectable_weights(k, variant, experiment.info)
    return Matrix(
        variant=variant,
        selection=selection,
        k=k,
        scope=scope,
        abilities=tuple(mask.ability for mask in masks),
        benchmarks=tuple(ids),
        cells={(mask.ability, name): _cell(measured, mask, name, rows[mask, name]) for mask, name in rows},
        summary=summaries(table)[0],
        collapsed=frozenset(table.filter("collapsed")["ability"]),
        missing=measured.missing,
        weights=weights,
        share_of_candidates=weights / experiment.info.candidates[variant],
        damaged=(*measured.damaged, *further.damaged),
    )


def column(
    experiment: Experiment,
    variant: Variant,
    selection: Selection,
    k: float,
    benchmark: Benchmark,
    n: int,
    seed: int = 0,
    scope: Scope = "global",
) -> list[Cell]:
    """All abilities on n items of one benchmark; q-values need the whole matrix and are None.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    masks = _masks(variant, selection, k, seed, scope)
    measured = effects(experiment, [*masks, *map(control_of, masks)], [(benchmark, n)], seed)
    return [_cell(measured, mask, benchmark.id) for mask in masks]


def sweep(
    experiment: Experiment, mask: MaskSpec, ks: Sequence[float], benchmark: Benchmark, n: int
) -> list[SweepPoint]:
    """One mask and its control at each k, on n items of one benchmark.

    Raises:
        ValueError: a k asks for more weights than there are candidates.
    """
    masks = [replace(mask, k=k) for k in ks]
    measured = effects(experiment, [*masks, *map(control_of, masks)], [(benchmark, n)], mask.seed)
    found = measured.found.get
    return [SweepPoint(m.k, found((m, benchmark.id)), found((control_of(m), benchmark.id))) for m in masks]


def _masks(variant: Variant, selection: Selection, k: float, seed: int, scope: Scope) -> list[MaskSpec]:
    return [MaskSpec(ability.id, variant, selection, k, seed, scope) for ability in ABILITIES]


def _cell(measured: Effects, mask: MaskSpec, benchmark: str, row: Mapping[str, Any] | None = None) -> Cell:
    """The cell, with what its row of the compared table says."""
    found = measured.found.get((mask, benchmark))
    state: State = "missing" if found is None else "defined" if found.defined else "not_identifiable"
    cell = Cell(
        mask.ability, benchmark, state, found, None, measured.found.get((control_of(mask), benchmark))
    )
    if row is None:
        return cell
    p, masks = row["empirical_p"], row["random_masks"]
    empirical = None if p is None else EmpiricalP(p, masks)
    return replace(cell, q_value=row["q_value"], holm_p=row["holm_p"], empirical=empirical)


def _further_draws(
    experiment: Experiment, masks: Sequence[MaskSpec], sized: Sequence[tuple[Benchmark, int]], seed: int
) -> list[MaskSpec]:
    """The random masks after the first of each ability, up to the first draw of which nothing is stored."""
    draws = ([replace(control_of(mask), seed=drawn_seed(seed, draw)) for mask in masks] for draw in count(1))
    stored = takewhile(
        lambda drawn: any(is_stored(experiment, m, *one) for m in drawn for one in sized), draws
    )
    return [mask for drawn in stored for mask in drawn]
