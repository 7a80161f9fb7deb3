"""The cells of a profile: score, AIS, interval and tests of each mask on each benchmark. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from core.choices import weights_of
from core.profile.failures import Frames, ProfileFailures, profile_failures
from core.profile.plan import Plan
from core.results.frames import frame_statistics
from core.results.selected import selected
from core.statistics import benjamini_hochberg, collapsed
from core.workbench import MaskRecipe, Workbench

NULLABLE = {name: pl.Float64() for name in ("chance", "ais", "ais_low", "ais_high")}
"""Columns that may be empty on a whole benchmark, and are numbers all the same."""

MATRIX = ["variant", "selection", "k"]
"""What one matrix of abilities by benchmarks has in common; q-values are over one matrix."""


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


def profile_of(
    plan: Plan, bench: Workbench, frames: Frames, keys: Mapping[MaskRecipe | None, Sequence[str]]
) -> Profile:
    """The profile from all its outcomes."""
    columns = [_benchmark_cells(plan, bench, frames, place) for place in range(len(plan.benchmarks))]
    cells = pl.concat(columns) if plan.masks() else _base_cells(plan, bench, frames)
    failures = profile_failures(plan, bench, frames)
    return Profile(plan, _with_flags(cells), _outcomes(plan, frames), failures)


def _benchmark_cells(plan: Plan, bench: Workbench, frames: Frames, place: int) -> pl.DataFrame:
    """The cells of all masks on one benchmark."""
    benchmark, masks = plan.benchmarks[place], plan.masks()
    if not masks:
        return pl.DataFrame()
    ablated = [frames[mask][place] for mask in masks]
    statistics = frame_statistics(frames[None][place], ablated, benchmark.chance, plan.seed)
    rows = [
        {**_names(bench, mask), "benchmark": benchmark.id, **asdict(cell)}
        for mask, cell in zip(masks, statistics, strict=True)
    ]
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=NULLABLE)


def _base_cells(plan: Plan, bench: Workbench, frames: Frames) -> pl.DataFrame:
    """One row for each benchmark of a profile that ablates nothing."""
    rows = []
    for benchmark, frame in zip(plan.benchmarks, frames[None], strict=True):
        (cell,) = frame_statistics(frame, [frame], benchmark.chance, plan.seed)
        names = {
            "ability": "",
            "variant": "base",
            "selection": "",
            "k": 0.0,
            "weights": 0,
            "share_of_candidates": 0.0,
        }
        rows.append({"model": bench.spec.name, **names, "benchmark": benchmark.id, **asdict(cell)})
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=NULLABLE)


def _names(bench: Workbench, mask: MaskRecipe) -> dict[str, str | float | int]:
    """What says which mask a row is of."""
    weights = _weights(bench, mask)
    return {
        "model": bench.spec.name,
        "ability": mask.ability,
        "variant": mask.variant,
        "selection": mask.selection,
        "k": mask.k,
        "weights": weights,
        "share_of_candidates": weights / bench.info.candidates[mask.variant],
    }


def _weights(bench: Workbench, mask: MaskRecipe) -> int:
    """How many weights the mask has."""
    stored = selected(bench, mask) if mask.selection == "minus_core" else None
    return weights_of(mask.k, bench.info.parameters) if stored is None else len(stored)


def _with_flags(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with their q-values (over the defined cells of one matrix) and each mask's collapse flag."""
    parts = []
    for matrix in cells.partition_by(MATRIX, maintain_order=True):
        defined = matrix["defined"].to_numpy()
        q_values = np.full(len(matrix), np.nan)
        q_values[defined] = benjamini_hochberg(matrix["p_value"].to_numpy()[defined])
        parts.append(matrix.with_columns(q_value=pl.Series(q_values).fill_nan(None)))
    whole = pl.concat(parts)
    flags = {names: _is_collapsed(group) for names, group in whole.group_by("ability", *MATRIX)}
    rows = whole.select("ability", *MATRIX).rows()
    is_base = whole["variant"] == "base"
    return whole.with_columns(collapsed=pl.Series([flags[row] for row in rows], dtype=pl.Boolean) & ~is_base)


def _is_collapsed(cells: pl.DataFrame) -> bool:
    """Whether a mask took every benchmark that the intact model can do down to chance."""
    able = cells.filter("defined")
    return bool(len(able)) and collapsed(
        able["score"].to_list(), able["chance"].to_list(), able["n"].to_list()
    )


def _outcomes(plan: Plan, frames: Frames) -> pl.DataFrame:
    """Every outcome with the names of its mask and benchmark."""
    labels, parts = [], []
    for mask, by_benchmark in frames.items():
        names = ("", "base", "", 0.0)
        if mask is not None:
            names = (mask.ability, mask.variant, mask.selection, mask.k)
        for benchmark, frame in zip(plan.benchmarks, by_benchmark, strict=True):
            labels.append((*names, benchmark.id))
            parts.append(frame)
    table = pl.DataFrame(labels, schema=["ability", "variant", "selection", "k", "benchmark"], orient="row")
    # One gather over all runs: a column added to each of thousands of frames takes seconds.
    owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return table[owners].hstack(pl.concat(parts).get_columns())
