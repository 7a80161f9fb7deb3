"""The cells of a profile: score, AIS, tests and controls of each mask on each benchmark. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from core.choices import weights_of
from core.profile.comparisons import specificity_of, with_collapse, with_corrections, with_random_masks
from core.profile.failures import RUN, Frames, ProfileFailures, profile_failures, run_fields, run_names
from core.profile.plan import Plan
from core.results.frames import frame_statistics
from core.results.health import MaskHealth, mask_healths
from core.results.selected import selected
from core.statistics import Specificity
from core.workbench import MaskRecipe, Workbench

NULLABLE: Mapping[str, pl.DataType] = {
    "seed": pl.Int64(),
    **{name: pl.Float64() for name in ("chance", "ais", "ais_low", "ais_high", "detectable_ais")},
    **{name: pl.Float64() for name in ("others_ais", "specificity", "specificity_low", "specificity_high")},
    **{name: pl.Float64() for name in ("perplexity", "base_perplexity", "repeating", "unreadable")},
    "health_answers": pl.Int64(),
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
    healths: Mapping[MaskRecipe, MaskHealth]
    """Whether the model can still write under each mask, as far as it is known."""


def profile_of(plan: Plan, bench: Workbench, frames: Frames) -> Profile:
    """The profile from all its outcomes."""
    healths = mask_healths(bench, plan.masks())
    if plan.masks():
        columns = [
            _benchmark_cells(plan, bench, frames, healths, place) for place in range(len(plan.benchmarks))
        ]
        cells = pl.concat(columns)
    else:
        cells = _base_cells(plan, bench, frames)
    cells = with_random_masks(with_collapse(with_corrections(cells)))
    failures = profile_failures(plan, bench, frames)
    return Profile(plan, cells, _outcomes(plan, frames), failures, healths)


def _benchmark_cells(
    plan: Plan, bench: Workbench, frames: Frames, healths: Mapping[MaskRecipe, MaskHealth], place: int
) -> pl.DataFrame:
    """The cells of all masks on one benchmark."""
    benchmark, masks = plan.benchmarks[place], plan.masks()
    base, ablated = frames[None][place], [frames[mask][place] for mask in masks]
    statistics = frame_statistics(base, ablated, benchmark, plan.seed)
    specific = specificity_of(plan, [base, *ablated], place, statistics)
    rows = [
        {
            **_names(bench, mask),
            "benchmark": benchmark.id,
            **asdict(cell),
            **_specificity_fields(beyond),
            **_health_fields(healths.get(mask)),
        }
        for mask, cell, beyond in zip(masks, statistics, specific, strict=True)
    ]
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=NULLABLE)


def _base_cells(plan: Plan, bench: Workbench, frames: Frames) -> pl.DataFrame:
    """One row for each benchmark of a profile that ablates nothing."""
    rows = []
    for benchmark, frame in zip(plan.benchmarks, frames[None], strict=True):
        (cell,) = frame_statistics(frame, [frame], benchmark, plan.seed)
        names = {
            **dict(zip(RUN, BASE, strict=False)),
            "quota": "",
            "weights": 0,
            "share_of_candidates": 0.0,
            "benchmark": benchmark.id,
        }
        fields = {**asdict(cell), **_specificity_fields(None), **_health_fields(None)}
        rows.append({"model": bench.spec.name, **names, **fields})
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=NULLABLE)


def _names(bench: Workbench, mask: MaskRecipe) -> dict[str, str | float | int | None]:
    """What says which mask a row is of."""
    weights = _weights(bench, mask)
    return {
        "model": bench.spec.name,
        **run_fields(mask),
        "quota": mask.quota,
        "weights": weights,
        "share_of_candidates": weights / bench.info.candidates[mask.variant],
    }


def _weights(bench: Workbench, mask: MaskRecipe) -> int:
    """How many weights the mask has."""
    stored = selected(bench, mask) if mask.selection == "minus_core" else None
    return weights_of(mask.k, bench.info.parameters) if stored is None else len(stored)


def _specificity_fields(beyond: Specificity | None) -> dict[str, float | None]:
    names = ("others_ais", "specificity", "specificity_low", "specificity_high")
    if beyond is None:
        return dict.fromkeys(names)
    values = (beyond.others, beyond.difference, beyond.low, beyond.high)
    return dict(zip(names, values, strict=True))


def _health_fields(health: MaskHealth | None) -> dict[str, Any]:
    names = ("perplexity", "base_perplexity", "repeating", "unreadable", "health_answers")
    if health is None:
        return dict.fromkeys(names)
    shares = (health.repeating.score, health.unreadable.score, health.repeating.n)
    return dict(zip(names, (health.perplexity, health.base_perplexity, *shares), strict=True))


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
