"""The cells of a profile: every mask on every benchmark, and what it does beyond other masks. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.comparisons import PROBABILITY, RUN, STATISTICS, run_fields
from core.analysis.generation_quality import GenerationQuality
from core.analysis.profile_failures import Frames
from core.analysis.selected import selected
from core.analysis.statistics.bootstrap import excesses, specificities
from core.analysis.statistics.cells import (
    CellStatistics,
    Paired,
    clusters_of,
    frame_statistics,
    paired_probabilities,
    paired_scores,
)
from core.analysis.statistics.stopped import StoppedBenchmark
from core.benchmarks.benchmark import Benchmark
from core.experiment.experiment import Experiment
from core.experiment.plan import Plan
from core.experiment.specs import MaskSpec, mask_weights
from core.masks.choices import DRAWN

SPECIFICITY = ("others_ais", "specificity", "specificity_low", "specificity_high")
"""Columns of what a mask does beyond the other abilities' masks."""

SPECIFICITY_P = ("others_ais_p", "specificity_p", "specificity_p_low", "specificity_p_high")
"""The same by p(right)."""

EXCESS_P = ("random_ais_p", "over_random_p", "over_random_p_low", "over_random_p_high")
"""Columns of what a mask does beyond random masks of its size, by p(right)."""

BEYOND = (*SPECIFICITY, *SPECIFICITY_P, *EXCESS_P)

QUALITY = ("perplexity", "base_perplexity", "repeating", "unreadable", "generation_quality_answers")
"""Columns of the generation quality of a mask."""

NULLABLE: Mapping[str, pl.DataType] = {
    "seed": RUN["seed"],
    **{name: STATISTICS[name] for name in ("chance", "ais", "ais_low", "ais_high", "detectable_ais")},
    **{name: pl.Float64() for name in ("until", *PROBABILITY, *BEYOND, *QUALITY[:-1])},
    QUALITY[-1]: pl.Int64(),
}
"""The types of columns that may be empty on a whole benchmark."""

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
        base, ablated = frames[None][index], [frames[mask][index] for mask in masks]
        if plan.until is None:
            statistics = frame_statistics(base, ablated, benchmark, plan.seed)
            beyond = _beyond(masks, base, ablated, benchmark, statistics, plan.seed)
        else:
            stopped = StoppedBenchmark(base, benchmark)
            statistics = [stopped.statistics(frame, plan.until) for frame in ablated]
            beyond = _stopped_beyond(masks, stopped, ablated)
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


def _beyond(
    masks: Sequence[MaskSpec],
    base: pl.DataFrame,
    ablated: Sequence[pl.DataFrame],
    benchmark: Benchmark,
    statistics: Sequence[CellStatistics],
    seed: int,
) -> list[dict[str, float | None]]:
    """The columns `BEYOND` of each mask on one benchmark; None where its AIS or AIS_p is not defined."""
    rows: list[dict[str, float | None]] = [dict.fromkeys(BEYOND) for _ in masks]
    clusters, first = clusters_of(base), statistics[0]
    scores = paired_scores(base, ablated, benchmark) if first.ais is not None else None
    probabilities = paired_probabilities(base, ablated, benchmark) if first.ais_p is not None else None
    for paired, names in ((scores, SPECIFICITY), (probabilities, SPECIFICITY_P)):
        if paired is not None:
            _add_specificities(rows, names, masks, paired, clusters, seed)
    if probabilities is not None:
        _add_excesses(rows, masks, probabilities, clusters, seed)
    return rows


def _add_specificities(
    rows: list[dict[str, float | None]],
    names: Sequence[str],
    masks: Sequence[MaskSpec],
    paired: Paired,
    clusters: NDArray[Any] | None,
    seed: int,
) -> None:
    """Fills in what each mask does beyond the other abilities' masks of its kind and size.

    Not for random controls, nor where there is no other ability.
    """
    chosen = [n for n, mask in enumerate(masks) if mask.selection not in DRAWN]
    if len({mask.ability for mask in masks}) < 2 or not chosen:
        return
    sizes = [(mask.variant, mask.selection, mask.k) for mask in (masks[n] for n in chosen)]
    groups = np.array([sizes.index(size) for size in sizes])
    base, ablated, chance = paired
    found = specificities(base, ablated[chosen], chance, groups=groups, seed=seed, clusters=clusters)
    for n, (_, others, _, *beyond) in zip(chosen, found, strict=True):
        rows[n].update(zip(names, (others, *beyond), strict=True))


def _add_excesses(
    rows: list[dict[str, float | None]],
    masks: Sequence[MaskSpec],
    paired: Paired,
    clusters: NDArray[Any] | None,
    seed: int,
) -> None:
    """Fills in what each mask does beyond the random masks of its ability, variant and k, if any."""
    drawn = _random_of(masks)
    chosen = [n for n, found in enumerate(drawn) if found]
    if not chosen:
        return
    base, ablated, chance = paired
    means = np.stack([ablated[drawn[n]].mean(axis=0) for n in chosen])
    found = excesses(base, ablated[chosen], means, chance, seed=seed, clusters=clusters)
    for n, one in zip(chosen, found, strict=True):
        rows[n].update(zip(EXCESS_P, one, strict=True))


def _stopped_beyond(
    masks: Sequence[MaskSpec], stopped: StoppedBenchmark, ablated: Sequence[pl.DataFrame]
) -> list[dict[str, float | None]]:
    """The columns `BEYOND` of each mask on a benchmark whose runs stop when it is known."""
    rows: list[dict[str, float | None]] = [dict.fromkeys(BEYOND) for _ in masks]
    rivals, random = _others_of(masks), _random_of(masks)
    compared = [(stopped.score, SPECIFICITY, rivals)]
    if stopped.probability is not None:
        compared += [(stopped.probability, SPECIFICITY_P, rivals), (stopped.probability, EXCESS_P, random)]
    for measure, names, others in compared:
        for row, own, controls in zip(rows, ablated, others, strict=True):
            if controls:
                found = stopped.beyond(measure, own, [ablated[n] for n in controls])
                row.update(zip(names, found, strict=True))
    return rows


def _others_of(masks: Sequence[MaskSpec]) -> list[list[int]]:
    """For each mask the indices of the other abilities' masks of its kind and size; none if it is drawn."""
    groups: dict[tuple[str, str, float], list[int]] = {}
    for n, mask in enumerate(masks):
        groups.setdefault((mask.variant, mask.selection, mask.k), []).append(n)
    return [
        [] if m.selection in DRAWN else [i for i in groups[m.variant, m.selection, m.k] if i != n]
        for n, m in enumerate(masks)
    ]


def _random_of(masks: Sequence[MaskSpec]) -> list[list[int]]:
    """For each mask the indices of the random masks of its ability, variant and k; none if it is drawn."""
    controls: dict[tuple[str, str, float], list[int]] = {}
    for n, mask in enumerate(masks):
        if mask.selection == "random":
            controls.setdefault((mask.ability, mask.variant, mask.k), []).append(n)
    return [controls.get((m.ability, m.variant, m.k), []) if m.selection not in DRAWN else [] for m in masks]


def _quality_fields(quality: GenerationQuality | None) -> dict[str, Any]:
    if quality is None:
        return dict.fromkeys(QUALITY)
    repeating, unreadable = quality.repeating, quality.unreadable
    values = (quality.perplexity, quality.base_perplexity, repeating.score, unreadable.score, repeating.n)
    return dict(zip(QUALITY, values, strict=True))
