"""The cells of abilities by benchmarks, as far as the cache has them, and what is missing. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import Any, Literal

import polars as pl

from cache.files import CorruptEntry
from core.abilities import ABILITIES
from core.analysis.shown import Shown, flags_of, shown_abilities
from core.analysis.statistics import LEAST_EFFECT
from core.analysis.statistics.cells import CellStatistics
from core.analysis.statistics.scores import EmpiricalP, empirical_p
from core.analysis.stored import Effects, StoppedCells, effects, items_of, stored_beyond, stored_parts
from core.analysis.table import Beyond, MatrixSummary, cell_table, compared, summaries
from core.benchmarks.benchmark import Benchmark
from core.benchmarks.drawn import drawn
from core.run.experiment import Experiment
from core.run.specs import MaskSpec, Run, drawn_seed, mask_weights

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
    """Over the stored, defined cells of its matrix; None if it is not defined."""
    control: CellStatistics | None
    """The same for as many weights drawn at random; None if it is missing."""
    holm_p: float | None = None
    """Adjusted over the same cells; None if it is not defined."""
    empirical: EmpiricalP | None = None
    """Beside all stored random masks of its ability and size; None without an AIS or a random mask, and for a
    mask that is drawn itself."""
    link: bool | None = None
    """Whether the whole interval of its AIS_p is above the least effect, or below; None: not settled."""
    specificity_p_low: float | None = None
    """Lower end of its AIS_p beyond the other abilities' masks; None where that is not known."""
    over_random_p_low: float | None = None
    """The same beyond the random masks of its ability and size."""
    is_unfinished: bool = False
    """Whether its run, which stops when it is known, has to go on: the figures are those so far."""
    is_shown: bool = True
    """Whether the intact model shows the ability, or it is unknown; else nothing about it is significant."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """All abilities on all benchmarks at one variant, selection and k."""

    mask: MaskSpec
    """The mask of its first ability; the others are like it."""
    abilities: tuple[str, ...]
    benchmarks: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    """By ability and benchmark."""
    summary: MatrixSummary
    collapsed: frozenset[str]
    """Abilities whose mask takes every benchmark down to chance, if it is measured on all of them."""
    missing: tuple[Run, ...]
    """What has to be run to fill it, controls included: the intact model first, then mask by mask."""
    weights: int
    """How many are zeroed; of heads and neurons together, at most."""
    share_of_candidates: float
    """Fraction of the variant's candidates."""
    damaged: tuple[CorruptEntry, ...]
    """Entries that were found damaged just now; they count as missing."""
    shown: Mapping[str, Shown]
    """How many of an ability's items the intact model answers right, as far as it is known."""
    until: float | None = None
    """The least AIS of interest, at which runs stop as soon as it is settled; None: all items count."""

    @property
    def least_effect(self) -> float:
        """The least effect of a link."""
        return self.until or LEAST_EFFECT


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
    mask: MaskSpec,
    benchmarks: Sequence[Benchmark],
    limit: int | None = None,
    until: float | None = None,
) -> Matrix:
    """The matrix of all abilities, from the cache.

    Args:
        mask: one of its masks, whatever its ability.
        until: the least AIS of interest, at which runs stop as soon as it is settled; None: all items count.
    """
    seed, masks = mask.seed, [replace(mask, ability=ability.id) for ability in ABILITIES]
    controls = [mask.control for mask in masks]
    ids = [benchmark.id for benchmark in benchmarks]
    sized = sized_benchmarks(benchmarks, limit, until, seed)
    measured = effects(experiment, [*masks, *controls], sized, seed, until)
    draws = [] if mask.selection == "random" else _further_draws(experiment, masks, sized, seed)
    further = effects(experiment, draws, sized, seed, until)
    found = {**measured.found, **further.found}
    beyond = stored_beyond(experiment, found, sized, seed, until)
    random = cell_table([*controls, *draws], ids, found)
    shown = shown_abilities(experiment, limit, None if until is None else evaluated(experiment, sized, until))
    table = compared(cell_table(masks, ids, measured.found), random, flags_of(shown))
    by_ability = {mask.ability: mask for mask in masks}
    cells = [_cell(measured, beyond, by_ability[row["ability"]], row) for row in table.to_dicts()]
    weights = mask_weights(mask, experiment.info)
    return Matrix(
        mask=masks[0],
        abilities=tuple(mask.ability for mask in masks),
        benchmarks=tuple(ids),
        cells={(cell.ability, cell.benchmark): cell for cell in cells},
        summary=summaries(table)[0],
        collapsed=frozenset(table.filter("collapsed")["ability"]),
        missing=measured.missing,
        weights=weights,
        share_of_candidates=weights / experiment.info.candidates[mask.variant],
        damaged=(*measured.damaged, *further.damaged),
        shown=shown,
        until=until,
    )


def sized_benchmarks(
    benchmarks: Sequence[Benchmark], limit: int | None, until: float | None, seed: int
) -> list[tuple[Benchmark, int]]:
    """Benchmarks with their numbers of items; with `until` in an order drawn by seed."""
    sized = [(benchmark, items_of(benchmark, limit)) for benchmark in benchmarks]
    return sized if until is None else [(drawn(benchmark, n, seed), n) for benchmark, n in sized]


def evaluated(
    experiment: Experiment, sized: Sequence[tuple[Benchmark, int]], until: float
) -> dict[str, pl.DataFrame]:
    """The intact model's outcomes on drawn benchmarks, by id, where those of all items are stored."""
    frames = {one.id: StoppedCells(experiment, one, until).frame(None) for one, _ in sized}
    return {name: frame for name, frame in frames.items() if frame is not None}


def sweep(
    experiment: Experiment,
    mask: MaskSpec,
    ks: Sequence[float],
    benchmark: Benchmark,
    limit: int | None,
    until: float | None = None,
) -> list[SweepPoint]:
    """One mask and its control at each k on one benchmark; limit and until: see `matrix`.

    Raises:
        ValueError: a k asks for more weights than there are candidates.
    """
    masks = [replace(mask, k=k) for k in ks]
    sized = sized_benchmarks([benchmark], limit, until, mask.seed)
    measured = effects(experiment, [*masks, *(m.control for m in masks)], sized, mask.seed, until)
    found = measured.found.get
    return [SweepPoint(m.k, found((m, benchmark.id)), found((m.control, benchmark.id))) for m in masks]


def beside_random(
    experiment: Experiment, mask: MaskSpec, benchmark: Benchmark, n: int, until: float | None = None
) -> EmpiricalP | None:
    """A mask beside all stored random masks of its ability and size, on n items of one benchmark.

    With `until`, see `matrix`, the benchmark is drawn.

    None for a drawn mask, and where its AIS is not known or defined, or that of all random masks.
    """
    if mask.selection == "random":
        return None
    sized = [(benchmark, n)]
    draws = [mask.control, *_further_draws(experiment, [mask], sized, mask.seed)]
    found = effects(experiment, [mask, *draws], sized, mask.seed, until).found
    own, *drawn = (found.get((one, benchmark.id)) for one in (mask, *draws))
    known = [one.ais for one in drawn if one is not None and one.ais is not None]
    return None if own is None or own.ais is None or not known else empirical_p(own.ais, known)


def _cell(
    measured: Effects,
    beyond: Mapping[tuple[MaskSpec, str], Beyond],
    mask: MaskSpec,
    row: Mapping[str, Any],
) -> Cell:
    found = measured.found.get((mask, row["benchmark"]))
    others = beyond.get((mask, row["benchmark"]), {})
    p, masks = row["empirical_p"], row["random_masks"]
    return Cell(
        ability=mask.ability,
        benchmark=row["benchmark"],
        state="missing" if found is None else "defined" if found.defined else "not_identifiable",
        statistics=found,
        q_value=row["q_value"],
        control=measured.found.get((mask.control, row["benchmark"])),
        holm_p=row["holm_p"],
        link=row["link"],
        specificity_p_low=others.get("specificity_p_low"),
        over_random_p_low=others.get("over_random_p_low"),
        is_unfinished=(mask, row["benchmark"]) in measured.unfinished,
        is_shown=row["shown"] is not False,
        empirical=None if p is None else EmpiricalP(p, masks),
    )


def _further_draws(
    experiment: Experiment, masks: Sequence[MaskSpec], sized: Sequence[tuple[Benchmark, int]], seed: int
) -> list[MaskSpec]:
    draws = ([replace(mask.control, seed=drawn_seed(seed, draw)) for mask in masks] for draw in count(1))
    stored = takewhile(
        lambda masks: any(stored_parts(experiment, m, *one) for m in masks for one in sized), draws
    )
    return [mask for masks in stored for mask in masks]
