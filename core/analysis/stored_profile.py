"""The profile of what is stored of a matrix, without a run. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from core.abilities import ABILITIES
from core.analysis.cache_status import is_stored, items_of
from core.analysis.matrix import sized_benchmarks
from core.analysis.profile import Profile, profile_of
from core.analysis.stopped_cells import StoppedCells
from core.benchmarks.benchmark import Benchmark
from core.masks.choices import DRAWN, Selection
from core.run.experiment import Experiment
from core.run.plan import Plan
from core.run.specs import MaskSpec, drawn_seed

NOTHING = "Nothing of this matrix is stored whole: r or x runs it, then a report can be made of it."


def stored_profile(
    experiment: Experiment,
    mask: MaskSpec,
    benchmarks: Sequence[Benchmark],
    limit: int | None = None,
    ks: Sequence[float] = (),
    until: float | None = None,
) -> tuple[Profile, Experiment]:
    """The profile of the whole part of a matrix, and the experiment that it is of.

    Abilities and benchmarks that lack most are left out. Random masks, and further k, are in it where they
    are stored for all the rest.

    Args:
        experiment: the model and the cache.
        mask: one of its masks, whatever its ability.
        benchmarks: its columns.
        limit: items of each benchmark; None for all.
        ks: further k.
        until: the least AIS of interest, at which runs stop as soon as it is settled; None: all items count.

    Raises:
        ValueError: nothing is stored whole, or is damaged; k asks for more weights than there are candidates.
    """
    scoring = replace(experiment.importance, n_items=experiment.n_items_of(mask))
    experiment = replace(experiment, importance=scoring)
    stored = (
        _Whole(experiment, limit)
        if until is None
        else _Stopped(experiment, sized_benchmarks(benchmarks, limit, until, mask.seed), until)
    )
    plan = _plan(stored, replace(mask, n_items=None), benchmarks, limit, ks)
    plan = plan if until is None else replace(plan, until=until).drawn()
    frames = stored.frames(plan)
    known = {one: [frame for frame in found if frame is not None] for one, found in frames.items()}
    if lost := sum(len(frames[one]) - len(found) for one, found in known.items()):
        raise ValueError(f"{lost} of the stored runs are damaged: x runs them again.")
    return profile_of(plan, experiment, known), experiment


Found = dict[MaskSpec | None, list[pl.DataFrame | None]]
"""Outcomes by mask, benchmark by benchmark; None for what is damaged."""


class _Whole:
    """What is stored of runs that take all items."""

    def __init__(self, experiment: Experiment, limit: int | None) -> None:
        self._experiment, self._limit = experiment, limit

    def has(self, mask: MaskSpec | None, benchmark: Benchmark) -> bool:
        """Whether the run of a mask (None: the intact model) is stored whole."""
        return is_stored(self._experiment, mask, benchmark, items_of(benchmark, self._limit))

    def frames(self, plan: Plan) -> Found:
        """The outcomes."""
        asked = {mask: plan.requests(self._experiment, mask) for mask in (None, *plan.masks())}
        every = [request.key for requests in asked.values() for request in requests]
        found = self._experiment.store.outcomes.load_many(every).frames
        return {mask: [found.get(request.key) for request in requests] for mask, requests in asked.items()}


class _Stopped:
    """The same of runs that stop when it is known: they are whole once they are settled."""

    def __init__(
        self, experiment: Experiment, benchmarks: Sequence[tuple[Benchmark, int]], until: float
    ) -> None:
        self._columns = {one.id: StoppedCells(experiment, one, until) for one, _ in benchmarks}

    def has(self, mask: MaskSpec | None, benchmark: Benchmark) -> bool:
        """Whether the run of a mask is settled; whether that of the intact model is whole."""
        return self._columns[benchmark.id].are_over([mask])[0]

    def frames(self, plan: Plan) -> Found:
        """The outcomes that count."""
        columns = [self._columns[benchmark.id] for benchmark in plan.benchmarks]
        return {mask: [column.frame(mask) for column in columns] for mask in (None, *plan.masks())}


def _plan(
    of: _Whole | _Stopped,
    mask: MaskSpec,
    benchmarks: Sequence[Benchmark],
    limit: int | None,
    ks: Sequence[float],
) -> Plan:
    """The largest plan of which everything is stored, as far as leaving out what lacks most finds it."""

    def has(ability: str, benchmark: Benchmark, **changes: object) -> bool:
        return of.has(replace(mask, ability=ability, **changes), benchmark)  # type: ignore[arg-type]

    evaluated = [one for one in benchmarks if of.has(None, one)]
    stored = {(a.id, b.id): has(a.id, b) for a in ABILITIES for b in evaluated}
    abilities, columns = whole_part(stored)
    whole = [one for one in evaluated if one.id in columns]
    if not whole or not abilities:
        raise ValueError(NOTHING)

    def has_all(**changes: object) -> bool:
        return all(has(ability, one, **changes) for ability in abilities for one in whole)

    selections: tuple[Selection, ...] = tuple(dict.fromkeys((mask.selection, "random")))
    drawn = [one for one in selections if one in DRAWN]

    def has_draw(draw: int, k: float) -> bool:
        return all(has_all(selection=one, seed=drawn_seed(mask.seed, draw), k=k) for one in drawn)

    draws = 0
    while has_draw(draws, mask.k):
        draws += 1
    further = [k for k in ks if has_all(k=k) and all(has_draw(draw, k) for draw in range(draws))]
    return Plan(
        abilities=tuple(abilities),
        variants=(mask.variant,),
        selections=selections if draws else (mask.selection,),
        ks=tuple(sorted({mask.k, *further})),
        benchmarks=tuple(whole),
        limit=limit,
        seed=mask.seed,
        random_seeds=max(1, draws),
        scope=mask.scope,
    )


def whole_part(stored: Mapping[tuple[str, str], bool]) -> tuple[list[str], list[str]]:
    """The rows and columns that are left once all that is left is stored.

    The row or column with the largest share of gaps goes first; of equal ones a row.

    Args:
        stored: by row and column.
    """
    rows, columns = (
        (list(dict.fromkeys(names)) for names in zip(*stored, strict=True)) if stored else ([], [])
    )
    while rows and columns:
        by_row = {row: sum(not stored[row, one] for one in columns) / len(columns) for row in rows}
        by_column = {one: sum(not stored[row, one] for row in rows) / len(rows) for one in columns}
        row, column = max(rows, key=by_row.__getitem__), max(columns, key=by_column.__getitem__)
        if not by_row[row]:
            break
        if by_row[row] >= by_column[column]:
            rows.remove(row)
        else:
            columns.remove(column)
    return rows, columns
