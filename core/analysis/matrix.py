"""The cells of abilities by benchmarks, as far as the cache has them, and what is lacking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import Literal

import numpy as np

from cache.files import CorruptEntry
from core.abilities import ABILITIES
from core.analysis.cache_status import control_of, is_stored, items_of
from core.analysis.effects import Effects, effects
from core.analysis.statistics.accuracy import collapsed
from core.analysis.statistics.cells import CellStatistics
from core.analysis.statistics.significance import EmpiricalP, benjamini_hochberg, empirical_p, holm
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
    """Over the defined cells of its matrix that are there; None outside a matrix and if it is not defined."""
    control: CellStatistics | None
    """The same for as many weights drawn at random; None if it is missing."""
    holm_p: float | None = None
    """Adjusted over the same cells as the q-value; None where that is."""
    empirical: EmpiricalP | None = None
    """Beside all random masks of its ability and size that are stored; None outside a matrix, without an AIS
    or a random mask, and for what is drawn itself."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """All abilities on all benchmarks at one variant, selection and k."""

    variant: Variant
    selection: Selection
    k: float
    abilities: tuple[str, ...]
    benchmarks: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    """By ability and benchmark."""
    collapsed: frozenset[str]
    """Abilities whose mask takes every benchmark that the intact model can do down to chance. Told only of
    those that are measured on all benchmarks."""
    missing: tuple[Run, ...]
    """What has to be run to fill it, controls included: the intact model first, then mask by mask."""
    weights: int
    """How many are zeroed."""
    share_of_candidates: float
    """Fraction of the variant's candidates."""
    damaged: tuple[CorruptEntry, ...]
    """Entries that were found damaged just now; they count as missing."""
    scope: Scope = "global"


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
    sized = [(benchmark, items_of(benchmark, limit)) for benchmark in benchmarks]
    measured = effects(experiment, [*masks, *map(control_of, masks)], sized, seed)
    drawn = [] if selection in DRAWN else _further_draws(experiment, masks, sized, seed)
    further = effects(experiment, drawn, sized, seed)
    cells = _with_corrections([_cell(measured, mask, b.id) for mask in masks for b in benchmarks])
    if selection not in DRAWN:
        cells = _with_empirical(cells, further)
    weights = selectable_weights(k, variant, experiment.info)
    return Matrix(
        variant=variant,
        selection=selection,
        k=k,
        abilities=tuple(mask.ability for mask in masks),
        benchmarks=tuple(benchmark.id for benchmark in benchmarks),
        cells={(cell.ability, cell.benchmark): cell for cell in cells},
        collapsed=_collapsed_abilities(cells),
        missing=measured.missing,
        weights=weights,
        share_of_candidates=weights / experiment.info.candidates[variant],
        damaged=(*measured.damaged, *further.damaged),
        scope=scope,
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


def _cell(measured: Effects, mask: MaskSpec, benchmark: str) -> Cell:
    """The cell without its q-value."""
    found = measured.found.get((mask, benchmark))
    state: State = "missing" if found is None else "defined" if found.defined else "not_identifiable"
    control = measured.found.get((control_of(mask), benchmark))
    return Cell(mask.ability, benchmark, state, found, None, control)


def _further_draws(
    experiment: Experiment, masks: Sequence[MaskSpec], sized: Sequence[tuple[Benchmark, int]], seed: int
) -> list[MaskSpec]:
    """The random masks after the first of each ability, up to the first draw of which nothing is stored."""
    draws = ([replace(control_of(mask), seed=drawn_seed(seed, draw)) for mask in masks] for draw in count(1))
    stored = takewhile(
        lambda drawn: any(is_stored(experiment, m, *one) for m in drawn for one in sized), draws
    )
    return [mask for drawn in stored for mask in drawn]


def _with_corrections(cells: Sequence[Cell]) -> list[Cell]:
    p_values = [c.statistics.p_value for c in cells if c.statistics is not None and c.state == "defined"]
    adjusted = (benjamini_hochberg(np.array(p_values)).tolist(), holm(np.array(p_values)).tolist())
    pairs = zip(*adjusted, strict=True)
    corrected = []
    for cell in cells:
        if cell.state == "defined":
            q_value, holm_p = next(pairs)
            cell = replace(cell, q_value=q_value, holm_p=holm_p)
        corrected.append(cell)
    return corrected


def _with_empirical(cells: Sequence[Cell], further: Effects) -> list[Cell]:
    """The cells with their empirical p, from their controls and the further draws together."""
    by_cell: dict[tuple[str, str], list[CellStatistics]] = {}
    for cell in cells:
        by_cell[cell.ability, cell.benchmark] = [] if cell.control is None else [cell.control]
    for (mask, benchmark), found in further.found.items():
        by_cell[mask.ability, benchmark].append(found)
    return [replace(c, empirical=_empirical(c, by_cell[c.ability, c.benchmark])) for c in cells]


def _empirical(cell: Cell, random: Sequence[CellStatistics]) -> EmpiricalP | None:
    """How often random masks go as far; None without one, or without an AIS."""
    ais = None if cell.statistics is None else cell.statistics.ais
    drawn = [one.ais for one in random if one.ais is not None]
    return empirical_p(ais, drawn) if ais is not None and drawn else None


def _collapsed_abilities(cells: Sequence[Cell]) -> frozenset[str]:
    """The abilities whose cells are all measured, and all that are defined down to chance."""
    by_ability: dict[str, list[CellStatistics | None]] = {}
    for cell in cells:
        by_ability.setdefault(cell.ability, []).append(cell.statistics)
    return frozenset(
        ability for ability, found in by_ability.items() if None not in found and _collapses(found)
    )


def _collapses(row: Sequence[CellStatistics | None]) -> bool:
    """Whether a mask takes every benchmark that the intact model can do down to chance."""
    able = [cell for cell in row if cell is not None and cell.defined]
    chances = [cell.chance for cell in able if cell.chance is not None]
    return bool(able) and collapsed([c.score for c in able], chances, [c.n for c in able])
