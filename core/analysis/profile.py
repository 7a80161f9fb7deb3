"""A profile: its table of cells, its outcomes, and the folder that holds them. No torch."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from cache.files import write_atomically
from cache.keys import as_plain
from core.abilities import GENERATOR_VERSION
from core.analysis.attribution import AttributionAccuracy, attributions_of
from core.analysis.comparisons import (
    RUN,
    compared,
    may_be_starred,
    run_fields,
    run_names,
)
from core.analysis.failures import Frames, ProfileFailures, profile_failures
from core.analysis.formats import transfer_of_format
from core.analysis.generation_quality import GenerationQuality, mask_generation_qualities
from core.analysis.profile_cells import BASE, cells_of
from core.analysis.shown import Shown, flags_of, shown_abilities
from core.analysis.statistics import SIGNIFICANT
from core.benchmarks.diagnostic import is_compound
from core.masks.choices import DRAWN
from core.run.cache_keys import CONTRAST_VERSION, VERSIONS
from core.run.experiment import Experiment
from core.run.plan import Plan
from core.run.specs import MaskSpec
from core.run.storing import ensure_items

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

    def answers(self, cell: Mapping[str, Any]) -> pl.DataFrame:
        """The items of a cell: `item_id`, the `score` under its mask, and the intact model's, `base`."""
        index = [benchmark.id for benchmark in self.plan.benchmarks].index(cell["benchmark"])
        mask = self._by_names[tuple(cell[name] for name in RUN if name != "benchmark")]
        intact = self.frames[None][index].select("item_id", base="score")
        masked = self.frames[mask][index].select("item_id", "score")
        return masked.join(intact, on="item_id", maintain_order="left")

    @cached_property
    def _by_names(self) -> dict[tuple[Any, ...], MaskSpec]:
        return {run_names(mask): mask for mask in self.plan.masks()}


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
        "memory": experiment.memory_options,
        "abilities": plan.abilities,
        "variants": plan.variants,
        "selections": plan.selections,
        "scope": plan.scope,
        "k": plan.ks,
        "auto_k": [found.record for found in plan.found_ks],
        "benchmarks": [
            {"id": b.id, "version": b.version, "chance": b.chance, "n": plan.items_of(b), "needs": b.needs}
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


def findings_of(profile: Profile) -> dict[str, Any]:
    """What a profile found besides its tables, in plain values.

    `holm_significant`: the cells that are significant with all of their matrix taken together (Holm), and
    their empirical p; `attribution`: how well each matrix names what compound benchmarks need;
    `generation_quality` of each mask; `failures`: how the ablated answers fail; `shown`: whether the intact
    model shows each ability; `transfer_of_format`: AIS in the model's prompt form and in the other one.
    """
    is_drawn = pl.col("selection").is_in(DRAWN)
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
        "transfer_of_format": transfer_of_format(profile.cells, profile.answers, profile.plan.seed),
    }


def _failures_of(profile: Profile) -> dict[str, Any]:
    """Shares of written answers, and each mask's choices on all multiple-choice benchmarks."""
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
    """The outcomes with the `ITEM_COLUMNS`, mask by mask."""
    plan = profile.plan
    paths = [ensure_items(experiment, benchmark, plan.items_of(benchmark)) for benchmark in plan.benchmarks]
    items = pl.concat([pl.read_parquet(path).select(ITEM_COLUMNS) for path in paths]).unique("item_id")

    def tables(*_: object) -> Iterator[pl.DataFrame]:
        for table in profile.tables():
            yield table.join(items, on="item_id", how="left", maintain_order="left")

    return register_io_source(tables, schema=next(tables()).schema)
