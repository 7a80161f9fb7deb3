"""The cells of a profile: every mask on every benchmark. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from core.analysis.beyond import BEYOND, beyond_masks, stopped_beyond
from core.analysis.comparisons import PROBABILITY, RUN, STATISTICS, run_fields
from core.analysis.failures import Frames
from core.analysis.generation_quality import GenerationQuality
from core.analysis.statistics.cells import StoppedBenchmark, frame_statistics
from core.run.experiment import Experiment
from core.run.plan import Plan
from core.run.selected import selected
from core.run.specs import MaskSpec, mask_weights

QUALITY = ("perplexity", "base_perplexity", "repeating", "unreadable", "generation_quality_answers")
"""Columns of the generation quality of a mask."""

NULLABLE: Mapping[str, pl.DataType] = {
    "seed": RUN["seed"],
    **{name: STATISTICS[name] for name in ("chance", "ais", "ais_low", "ais_high", "detectable_ais")},
    **{name: pl.Float64() for name in ("until", *PROBABILITY, *BEYOND, *QUALITY[:-1])},
    QUALITY[-1]: pl.Int64(),
}
"""The types of columns that may be empty on a whole benchmark."""

HEAVY = ("text", "answer", "finish", "tokens")
"""Columns of outcomes that no cell needs, and that take most of the memory: all masks are read at once."""

BASE = ("", "base", "", 0.0, None)
"""The values of `RUN` but the benchmark for the intact model."""


def cells_of(
    plan: Plan, experiment: Experiment, frames: Frames, qualities: Mapping[MaskSpec, GenerationQuality]
) -> pl.DataFrame:
    """One row per mask and benchmark, benchmark by benchmark; of the intact model if nothing is ablated."""
    masks = plan.masks()
    if not masks:
        return _base_cells(plan, experiment, frames)
    names = [_names(experiment, mask) for mask in masks]
    quality_fields = [_quality_fields(qualities.get(mask)) for mask in masks]
    rows = []
    for index, benchmark in enumerate(plan.benchmarks):
        base, ablated = frames[None][index], [frames[mask][index].drop(HEAVY) for mask in masks]
        if plan.until is None:
            statistics = frame_statistics(base, ablated, benchmark, plan.seed)
            beyond = beyond_masks(masks, base, ablated, benchmark, statistics[0], plan.seed)
        else:
            stopped = StoppedBenchmark(base, benchmark)
            statistics = [stopped.statistics(frame, plan.until) for frame in ablated]
            beyond = stopped_beyond(masks, stopped, ablated)
        rows += [
            {**name, "benchmark": benchmark.id, **asdict(cell), **excess, **quality}
            for name, cell, excess, quality in zip(names, statistics, beyond, quality_fields, strict=True)
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
        fields = {**asdict(cell), **dict.fromkeys(BEYOND), **_quality_fields(None)}
        rows.append({**_model_names(experiment), **names, **fields})
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=NULLABLE)


def _model_names(experiment: Experiment) -> dict[str, str]:
    """The columns that say which model a row is about, and how it was asked."""
    spec = experiment.spec
    return {"model": spec.name, "prompt": spec.style, "level": spec.level}


def _names(experiment: Experiment, mask: MaskSpec) -> dict[str, str | float | int | None]:
    """The columns that say which model and mask a row is about."""
    may_be_fewer = mask.selection == "top_minus_shared" or (mask.scope, mask.variant) == ("units", "all")
    stored = selected(experiment, mask) if may_be_fewer else None
    weights = mask_weights(mask, experiment.info) if stored is None else len(stored)
    return {
        **_model_names(experiment),
        **run_fields(mask),
        "scope": mask.scope,
        "weights": weights,
        "share_of_candidates": weights / experiment.info.candidates[mask.variant],
    }


def _quality_fields(quality: GenerationQuality | None) -> dict[str, Any]:
    if quality is None:
        return dict.fromkeys(QUALITY)
    repeating, unreadable = quality.repeating, quality.unreadable
    values = (quality.perplexity, quality.base_perplexity, repeating.score, unreadable.score, repeating.n)
    return dict(zip(QUALITY, values, strict=True))
