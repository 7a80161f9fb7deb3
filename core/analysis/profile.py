"""The cells of a profile: score, AIS, tests and controls of each mask on each benchmark. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from core.analysis.comparisons import (
    specificity_of,
    with_collapse,
    with_corrections,
    with_random_masks,
)
from core.analysis.generation_quality import GenerationQuality, mask_generation_qualities
from core.analysis.profile_failures import (
    RUN,
    Frames,
    ProfileFailures,
    profile_failures,
    run_fields,
    run_names,
)
from core.analysis.selected import selected
from core.analysis.statistics.bootstrap import Specificity
from core.analysis.statistics.cells import frame_statistics
from core.experiment.experiment import Experiment
from core.experiment.plan import Plan
from core.experiment.specs import MaskSpec
from core.models.matrices import weights_of

NULLABLE: Mapping[str, pl.DataType] = {
    "seed": pl.Int64(),
    **{name: pl.Float64() for name in ("chance", "ais", "ais_low", "ais_high", "detectable_ais")},
    **{name: pl.Float64() for name in ("others_ais", "specificity", "specificity_low", "specificity_high")},
    **{name: pl.Float64() for name in ("perplexity", "base_perplexity", "repeating", "unreadable")},
    "generation_quality_answers": pl.Int64(),
}
"""Columns that may be empty on a whole benchmark, and are numbers all the same."""

BASE = ("", "base", "", 0.0, None)
"""What stands for a mask where there is none: the columns of `RUN` but the benchmark."""


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
    generation_qualities = mask_generation_qualities(experiment, plan.masks())
    if plan.masks():
        columns = [
            _benchmark_cells(plan, experiment, frames, generation_qualities, place)
            for place in range(len(plan.benchmarks))
        ]
        cells = pl.concat(columns)
    else:
        cells = _base_cells(plan, experiment, frames)
    cells = with_random_masks(with_collapse(with_corrections(cells)))
    failures = profile_failures(plan, experiment, frames)
    return Profile(plan, cells, _outcomes(plan, frames), failures, generation_qualities)


def _benchmark_cells(
    plan: Plan,
    experiment: Experiment,
    frames: Frames,
    generation_qualities: Mapping[MaskSpec, GenerationQuality],
    place: int,
) -> pl.DataFrame:
    """The cells of all masks on one benchmark."""
    benchmark, masks = plan.benchmarks[place], plan.masks()
    base, ablated = frames[None][place], [frames[mask][place] for mask in masks]
    statistics = frame_statistics(base, ablated, benchmark, plan.seed)
    specific = specificity_of(plan, [base, *ablated], place, statistics)
    rows = [
        {
            **_names(experiment, mask),
            "benchmark": benchmark.id,
            **asdict(cell),
            **_specificity_fields(beyond),
            **_generation_quality_fields(generation_qualities.get(mask)),
        }
        for mask, cell, beyond in zip(masks, statistics, specific, strict=True)
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
        fields = {**asdict(cell), **_specificity_fields(None), **_generation_quality_fields(None)}
        rows.append({"model": experiment.spec.name, **names, **fields})
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=NULLABLE)


def _names(experiment: Experiment, mask: MaskSpec) -> dict[str, str | float | int | None]:
    """What says which mask a row is of."""
    weights = _weights(experiment, mask)
    return {
        "model": experiment.spec.name,
        **run_fields(mask),
        "scope": mask.scope,
        "weights": weights,
        "share_of_candidates": weights / experiment.info.candidates[mask.variant],
    }


def _weights(experiment: Experiment, mask: MaskSpec) -> int:
    """How many weights the mask has."""
    stored = selected(experiment, mask) if mask.selection == "top_minus_shared" else None
    return weights_of(mask.k, experiment.info.parameters) if stored is None else len(stored)


def _specificity_fields(beyond: Specificity | None) -> dict[str, float | None]:
    names = ("others_ais", "specificity", "specificity_low", "specificity_high")
    if beyond is None:
        return dict.fromkeys(names)
    values = (beyond.others, beyond.difference, beyond.low, beyond.high)
    return dict(zip(names, values, strict=True))


def _generation_quality_fields(generation_quality: GenerationQuality | None) -> dict[str, Any]:
    names = ("perplexity", "base_perplexity", "repeating", "unreadable", "generation_quality_answers")
    if generation_quality is None:
        return dict.fromkeys(names)
    shares = (
        generation_quality.repeating.score,
        generation_quality.unreadable.score,
        generation_quality.repeating.n,
    )
    return dict(
        zip(names, (generation_quality.perplexity, generation_quality.base_perplexity, *shares), strict=True)
    )


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
