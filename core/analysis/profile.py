"""The cells of a profile: score, AIS, tests and controls of each mask on each benchmark. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from core.analysis.comparisons import RUN, STATISTICS, compared, run_fields, run_names
from core.analysis.generation_quality import GenerationQuality, mask_generation_qualities
from core.analysis.profile_failures import Frames, ProfileFailures, profile_failures
from core.analysis.selected import selected
from core.analysis.statistics.bootstrap import Specificity
from core.analysis.statistics.cells import CellStatistics, frame_specificities, frame_statistics
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


def profile_of(plan: Plan, experiment: Experiment, frames: Frames) -> Profile:
    """The profile from all its outcomes."""
    qualities = mask_generation_qualities(experiment, plan.masks())
    cells = (
        _cells(plan, experiment, frames, qualities) if plan.masks() else _base_cells(plan, experiment, frames)
    )
    cells = compared(cells, cells)
    failures = profile_failures(plan, experiment, frames)
    return Profile(plan, cells, _outcomes(plan, frames), failures, qualities)


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
        rows.append({"model": experiment.spec.name, **names, **fields})
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=NULLABLE)


def _names(experiment: Experiment, mask: MaskSpec) -> dict[str, str | float | int | None]:
    """The columns that say which mask a row is about."""
    stored = selected(experiment, mask) if mask.selection == "top_minus_shared" else None
    weights = weights_of(mask.k, experiment.info.parameters) if stored is None else len(stored)
    return {
        "model": experiment.spec.name,
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
