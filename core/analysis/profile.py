"""A profile: its table of cells, its outcomes, and the folder that holds them. No torch."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from cache.files import write_atomically
from cache.keys import as_plain
from core.abilities import GENERATOR_VERSION
from core.analysis.comparisons import (
    RUN,
    STATISTICS,
    AttributionAccuracy,
    attributions_of,
    compared,
    may_be_starred,
    run_fields,
    run_names,
)
from core.analysis.formats import transfer_of_format
from core.analysis.generation_quality import GenerationQuality, mask_generation_qualities
from core.analysis.profile_failures import Frames, ProfileFailures, profile_failures
from core.analysis.samples.items import ensure_items
from core.analysis.selected import selected
from core.analysis.shown import Shown, flags_of, shown_abilities
from core.analysis.statistics import SIGNIFICANT
from core.analysis.statistics.bootstrap import Specificity
from core.analysis.statistics.cells import CellStatistics, frame_specificities, frame_statistics
from core.benchmarks.diagnostic import is_compound
from core.experiment.cache_keys import CONTRAST_VERSION, VERSIONS
from core.experiment.experiment import Experiment
from core.experiment.plan import Plan
from core.experiment.specs import MaskSpec
from core.masks.choices import DRAWN
from core.models.matrices import weights_of

SPECIFICITY = ("others_ais", "specificity", "specificity_low", "specificity_high")
"""Columns of what a mask does beyond the other abilities' masks."""

QUALITY = ("perplexity", "base_perplexity", "repeating", "unreadable", "generation_quality_answers")
"""Columns of the generation quality of a mask."""

NULLABLE: Mapping[str, pl.DataType] = {
    "seed": RUN["seed"],
    **{name: STATISTICS[name] for name in ("chance", "ais", "ais_low", "ais_high", "detectable_ais")},
    **{name: pl.Float64() for name in (*SPECIFICITY, *QUALITY[:-1])},
    QUALITY[-1]: pl.Int64(),
}
"""The types of columns that may be empty on a whole benchmark."""

BASE = ("", "base", "", 0.0, None)
"""The values of `RUN` but the benchmark for the intact model."""

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
    outcomes: pl.DataFrame
    """One row for each mask, benchmark and item; the intact model's have the variant `base`."""
    failures: ProfileFailures
    """How the ablated answers fail."""
    generation_qualities: Mapping[MaskSpec, GenerationQuality]
    """Whether the model can still write under each mask, as far as it is known."""
    shown: Mapping[str, Shown]
    """How many of an ability's items the intact model answers right, as far as it is known."""


def attributions(profile: Profile) -> list[AttributionAccuracy]:
    """How well each matrix of a profile names what its compound benchmarks need; empty without any."""
    needs = {one.id: one.needs for one in profile.plan.benchmarks if is_compound(one)}
    return attributions_of(profile.cells, needs) if profile.plan.masks() else []


def profile_of(plan: Plan, experiment: Experiment, frames: Frames) -> Profile:
    """The profile from all its outcomes."""
    qualities = mask_generation_qualities(experiment, plan.masks())
    cells = (
        _cells(plan, experiment, frames, qualities) if plan.masks() else _base_cells(plan, experiment, frames)
    )
    shown = shown_abilities(experiment, plan.limit)
    cells = compared(cells, cells, flags_of(shown))
    failures = profile_failures(plan, experiment, frames)
    return Profile(plan, cells, _outcomes(plan, frames), failures, qualities, shown)


def _cells(
    plan: Plan, experiment: Experiment, frames: Frames, qualities: Mapping[MaskSpec, GenerationQuality]
) -> pl.DataFrame:
    """The cells of all masks, benchmark by benchmark."""
    masks = plan.masks()
    names = [_names(experiment, mask) for mask in masks]
    quality_fields = [_quality_fields(qualities.get(mask)) for mask in masks]
    rows = []
    for index, benchmark in enumerate(plan.benchmarks):
        base, ablated = frames[None][index], [frames[mask][index] for mask in masks]
        statistics = frame_statistics(base, ablated, benchmark, plan.seed)
        specific = _specificities(plan, [base, *ablated], index, statistics)
        rows += [
            {**name, "benchmark": benchmark.id, **asdict(cell), **_specificity_fields(beyond), **quality}
            for name, cell, beyond, quality in zip(names, statistics, specific, quality_fields, strict=True)
        ]
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=NULLABLE)


def _base_cells(plan: Plan, experiment: Experiment, frames: Frames) -> pl.DataFrame:
    """One row for each benchmark of a profile that ablates nothing."""
    rows = []
    for benchmark, frame in zip(plan.benchmarks, frames[None], strict=True):
        (cell,) = frame_statistics(frame, [frame], benchmark, plan.seed)
        names = {
            **dict(zip(RUN, BASE, strict=False)),
            "scope": "",
            "weights": 0,
            "share_of_candidates": 0.0,
            "benchmark": benchmark.id,
        }
        fields = {**asdict(cell), **_specificity_fields(None), **_quality_fields(None)}
        rows.append({**_model_names(experiment), **names, **fields})
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=NULLABLE)


def _model_names(experiment: Experiment) -> dict[str, str]:
    """The columns that say which model a row is about, and how it was asked."""
    spec = experiment.spec
    return {"model": spec.name, "prompt": spec.style, "level": spec.level}


def _names(experiment: Experiment, mask: MaskSpec) -> dict[str, str | float | int | None]:
    """The columns that say which model and mask a row is about."""
    stored = selected(experiment, mask) if mask.selection == "top_minus_shared" else None
    weights = weights_of(mask.k, experiment.info.parameters) if stored is None else len(stored)
    return {
        **_model_names(experiment),
        **run_fields(mask),
        "scope": mask.scope,
        "weights": weights,
        "share_of_candidates": weights / experiment.info.candidates[mask.variant],
    }


def _specificities(
    plan: Plan, frames: Sequence[pl.DataFrame], index: int, statistics: Sequence[CellStatistics]
) -> list[Specificity | None]:
    """For each mask, what it does to a benchmark beyond the other abilities' masks of its kind and size.

    None for the random controls, where the AIS is not defined, and where there is no other ability.

    Args:
        plan: which masks there are.
        frames: the intact model's outcomes on the benchmark, then each mask's.
        index: of the benchmark in the plan.
        statistics: of each mask on it.
    """
    masks = plan.masks()
    found: list[Specificity | None] = [None] * len(masks)
    if len(plan.abilities) < 2:
        return found
    chosen = [n for n, mask in enumerate(masks) if mask.selection not in DRAWN and statistics[n].defined]
    if chosen:
        base, *ablated = frames
        sizes = [(mask.variant, mask.selection, mask.k) for mask in (masks[number] for number in chosen)]
        groups = [sizes.index(size) for size in sizes]
        columns = [ablated[number] for number in chosen]
        values = frame_specificities(base, columns, groups, plan.benchmarks[index], plan.seed)
        for number, value in zip(chosen, values, strict=True):
            found[number] = value
    return found


def _specificity_fields(beyond: Specificity | None) -> dict[str, float | None]:
    values = [None] * 4 if beyond is None else [beyond.others, beyond.difference, beyond.low, beyond.high]
    return dict(zip(SPECIFICITY, values, strict=True))


def _quality_fields(quality: GenerationQuality | None) -> dict[str, Any]:
    if quality is None:
        return dict.fromkeys(QUALITY)
    repeating, unreadable = quality.repeating, quality.unreadable
    values = (quality.perplexity, quality.base_perplexity, repeating.score, unreadable.score, repeating.n)
    return dict(zip(QUALITY, values, strict=True))


def _outcomes(plan: Plan, frames: Frames) -> pl.DataFrame:
    """Every outcome with the names of its mask and benchmark."""
    labels, parts = [], []
    for mask, by_benchmark in frames.items():
        names = BASE if mask is None else run_names(mask)
        for benchmark, frame in zip(plan.benchmarks, by_benchmark, strict=True):
            labels.append((*names, benchmark.id))
            parts.append(frame)
    table = pl.DataFrame(labels, schema=RUN, orient="row")
    # One gather over all runs: a column added to each of thousands of frames takes seconds.
    owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return table[owners].hstack(pl.concat(parts).get_columns())


def write_profile(profile: Profile, experiment: Experiment, folder: Path) -> None:
    """Writes the profile's files, each atomically.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failures = profile.failures
    outcomes = _with_items(profile, experiment)
    frames = (profile.cells, outcomes, failures.shares, failures.tags, failures.choices)
    for name, frame in zip(FILES, frames, strict=False):
        write_atomically(folder / name, frame.write_parquet)
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
        "transfer_of_format": transfer_of_format(profile.cells),
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


def _with_items(profile: Profile, experiment: Experiment) -> pl.DataFrame:
    """The outcomes with the `ITEM_COLUMNS`."""
    plan = profile.plan
    paths = [ensure_items(experiment, benchmark, plan.items_of(benchmark)) for benchmark in plan.benchmarks]
    items = pl.concat([pl.read_parquet(path).select(ITEM_COLUMNS) for path in paths])
    return profile.outcomes.join(items.unique("item_id"), on="item_id", how="left")
