"""A profile: its table of cells, its outcomes, and the folder that holds them. No torch."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from cache.files import write_atomically
from cache.keys import as_plain
from core.abilities import ABILITIES, GENERATOR_VERSION
from core.analysis.failures import ProfileFailures, profile_failures
from core.analysis.generation_quality import GenerationQuality, mask_generation_qualities
from core.analysis.matrix import sized_benchmarks
from core.analysis.shown import Shown, flags_of, shown_abilities
from core.analysis.statistics import SIGNIFICANT
from core.analysis.stored import StoppedCells, is_stored, items_of
from core.analysis.table import (
    BASE,
    RUN,
    AttributionAccuracy,
    Frames,
    attributions_of,
    cells_of,
    compared,
    may_be_starred,
    run_fields,
    run_names,
)
from core.benchmarks.benchmark import Benchmark, cut_new_tokens
from core.benchmarks.diagnostic import is_compound
from core.masks.choices import Selection
from core.run.experiment import CONTRAST_VERSION, VERSIONS, Experiment, OutcomesRequest
from core.run.plan import Plan
from core.run.specs import MaskSpec, drawn_seed
from core.run.storing import ensure_items

KEPT_ROWS = 500_000
"""Outcomes that a profile may have to be kept in memory: 0.1 to 0.5 GB. Of a larger one each run is read, in
a millisecond, whenever it is needed."""


class StoredFrames(Frames):
    """The stored outcomes of a plan."""

    def __init__(
        self, experiment: Experiment, asked: Mapping[MaskSpec | None, Sequence[OutcomesRequest]]
    ) -> None:
        """Reads all, if they are few.

        Args:
            experiment: the model and the cache, which has all of them.
            asked: the runs of each mask, in the order of the benchmarks.
        """
        self._experiment, self._asked = experiment, asked
        every = [request for requests in asked.values() for request in requests]
        self._kept: Mapping[str, pl.DataFrame] = {}
        if sum(request.n for request in every) <= KEPT_ROWS:
            self._kept = experiment.store.outcomes.load_many([request.key for request in every]).frames

    def __getitem__(self, mask: MaskSpec | None) -> Sequence[pl.DataFrame]:
        return _Runs(self, self._asked[mask])

    def __iter__(self) -> Iterator[MaskSpec | None]:
        return iter(self._asked)

    def __len__(self) -> int:
        return len(self._asked)

    def read(self, request: OutcomesRequest) -> pl.DataFrame:
        """The outcomes of one run.

        Raises:
            CorruptEntry: they are damaged by now.
            ValueError: they are not stored any more.
        """
        found = self._kept.get(request.key)
        if found is None:
            found = self._experiment.store.outcomes.load(request.key)
        if found is None:
            root = self._experiment.store.root
            raise ValueError(f"The cache folder {root} has lost a run meanwhile: run this once more.")
        return found


class _Runs(Sequence[pl.DataFrame]):
    """Those of one mask."""

    def __init__(self, frames: StoredFrames, requests: Sequence[OutcomesRequest]) -> None:
        self._frames, self._requests = frames, requests

    def __getitem__(self, index: int) -> pl.DataFrame:  # type: ignore[override]
        return self._frames.read(self._requests[index])

    def __len__(self) -> int:
        return len(self._requests)


ITEM_COLUMNS = ("item_id", "family", "prompt", "options", "targets")
"""Columns of an item that are written beside its outcomes."""

HOLM_COLUMNS = (
    "ability", "variant", "selection", "k", "benchmark", "ais", "holm_p", "empirical_p", "random_masks",
)  # fmt: skip
"""Columns of a cell that is significant by Holm's correction."""

FILES = (
    "cells.parquet",
    "outcomes.parquet",
    "failures.parquet",
    "tags.parquet",
    "choices.parquet",
    "profile.json",
)
"""The files of a profile's folder."""

PACKAGES = ("abilityscope", "torch", "transformers", "polars", "numpy")
"""Packages whose versions are recorded."""


@dataclass(frozen=True, eq=False)
class Profile:
    """What a profile found."""

    plan: Plan
    cells: pl.DataFrame
    """One row for each mask and benchmark."""
    frames: Frames
    """The outcomes of each mask on each benchmark."""
    failures: ProfileFailures
    """How the ablated answers fail."""
    generation_qualities: Mapping[MaskSpec, GenerationQuality]
    """Whether the model can still write under each mask, as far as it is known."""
    shown: Mapping[str, Shown]
    """How many of an ability's items the intact model answers right, as far as it is known."""

    @property
    def outcomes(self) -> pl.DataFrame:
        """One row for each mask, benchmark and item; the intact model's have the variant `base`."""
        return pl.concat(self.tables())

    def tables(self) -> Iterator[pl.DataFrame]:
        """The same mask by mask, as all together may not fit in memory."""
        ids = [benchmark.id for benchmark in self.plan.benchmarks]
        for mask, by_benchmark in self.frames.items():
            names, parts = BASE if mask is None else run_names(mask), list(by_benchmark)
            labels = pl.DataFrame([(*names, one) for one in ids], schema=RUN, orient="row")
            owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
            yield labels[owners].hstack(pl.concat(parts).get_columns())


def attributions(profile: Profile) -> list[AttributionAccuracy]:
    """How well each matrix of a profile names what its compound benchmarks need; empty without any."""
    needs = {one.id: one.needs for one in profile.plan.benchmarks if is_compound(one)}
    return attributions_of(profile.cells, needs) if profile.plan.masks() else []


def profile_of(plan: Plan, experiment: Experiment, frames: Frames) -> Profile:
    """The profile from all its outcomes."""
    qualities = mask_generation_qualities(experiment, plan.masks())
    cells = cells_of(plan, experiment, frames, qualities)
    evaluated = {one.id: frame for one, frame in zip(plan.benchmarks, frames[None], strict=True)}
    shown = shown_abilities(experiment, plan.limit, evaluated)
    cells = compared(cells, cells, flags_of(shown))
    failures = profile_failures(plan, experiment, frames)
    return Profile(plan, cells, frames, failures, qualities, shown)


def write_profile(profile: Profile, experiment: Experiment, folder: Path) -> None:
    """Writes the profile's files, each atomically.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failures = profile.failures
    writers: list[Callable[[Path], None]] = [
        profile.cells.write_parquet,
        _with_items(profile, experiment).sink_parquet,
        *(frame.write_parquet for frame in (failures.shares, failures.tags, failures.choices)),
    ]
    for name, write in zip(FILES, writers, strict=False):
        write_atomically(folder / name, write)
    document = {**settings_of(profile, experiment), **findings_of(profile)}
    text = json.dumps(as_plain(document), indent=2, ensure_ascii=False)
    write_atomically(folder / FILES[-1], (text + "\n").encode())


def settings_of(profile: Profile, experiment: Experiment) -> dict[str, Any]:
    """Every setting, seed, version and fingerprint: enough to run the profile again."""
    plan = profile.plan
    return {
        "model": {"spec": experiment.spec, "info": experiment.info, "identity": experiment.identity},
        "prompt": experiment.spec.style,
        "level": experiment.spec.level,
        "importance": experiment.importance,
        "abilities": plan.abilities,
        "variants": plan.variants,
        "selections": plan.selections,
        "scope": plan.scope,
        "k": plan.ks,
        "auto_k": [found.record for found in plan.found_ks],
        "benchmarks": [
            {
                "id": b.id,
                "version": b.version,
                "chance": b.chance,
                "n": plan.items_of(b),
                "needs": b.needs,
                "new_tokens_cut": _new_tokens_cut(b, plan.items_of(b), experiment),
            }
            for b in plan.benchmarks
        ],
        "until": plan.until,
        "seed": plan.seed,
        "random_seeds": plan.seeds_of("random"),
        "formats": {
            "ranking": VERSIONS["ranking"],
            "contrast": CONTRAST_VERSION,
            "outcomes": VERSIONS["outcomes"],
            "generation_quality": VERSIONS["generation_quality"],
            "generator": GENERATOR_VERSION,
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def _new_tokens_cut(benchmark: Benchmark, n: int, experiment: Experiment) -> dict[str, int] | None:
    """The benchmark's own number of new tokens, and what it was cut to for this model; None if it was not."""
    if benchmark.kind != "generation":
        return None
    cut = cut_new_tokens(benchmark.documents(experiment.spec, n), experiment.info.positions)
    return None if cut is None else {"from": cut[0], "to": cut[1]}


def findings_of(profile: Profile) -> dict[str, Any]:
    """What a profile found besides its tables, in plain values.

    `holm_significant`: the cells that are significant with all of their matrix taken together (Holm), and
    their empirical p; `attribution`: how well each matrix names what compound benchmarks need;
    `generation_quality` of each mask; `failures`: how the ablated answers fail; `shown`: whether the intact
    model shows each ability.
    """
    is_drawn = pl.col("selection") == "random"
    is_significant = (pl.col("holm_p") < SIGNIFICANT) & ~is_drawn & may_be_starred()
    return {
        "holm_significant": profile.cells.filter(is_significant).select(*HOLM_COLUMNS).to_dicts(),
        "attribution": [attribution.figures() for attribution in attributions(profile)],
        "generation_quality": [
            {**run_fields(mask), **quality.figures()}
            for mask, quality in profile.generation_qualities.items()
        ],
        "failures": _failures_of(profile),
        "shown": [one.figures() for one in profile.shown.values()],
    }


def _failures_of(profile: Profile) -> dict[str, Any]:
    failures = profile.failures
    return {
        "written_benchmarks": failures.written,
        "choice_benchmarks": failures.choice,
        "written": failures.shares.to_dicts(),
        "choices": [
            {
                **{name: getattr(one.mask, name) for name in ("ability", "variant", "selection", "k")},
                "n": one.n_choices,
                "base_margin": one.margins[0] if one.margins else None,
                "margin": one.margins[1] if one.margins else None,
                "preferences": one.preferences,
            }
            for one in failures.sums
            if one.n_choices
        ],
    }


def _with_items(profile: Profile, experiment: Experiment) -> pl.LazyFrame:
    plan = profile.plan
    paths = [ensure_items(experiment, benchmark, plan.items_of(benchmark)) for benchmark in plan.benchmarks]
    items = pl.concat([pl.read_parquet(path).select(ITEM_COLUMNS) for path in paths]).unique("item_id")

    def tables(*_: object) -> Iterator[pl.DataFrame]:
        for table in profile.tables():
            yield table.join(items, on="item_id", how="left", maintain_order="left")

    return register_io_source(tables, schema=next(tables()).schema)


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
        mask: one of its masks, whatever its ability.
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
    drawn = [one for one in selections if one == "random"]

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
