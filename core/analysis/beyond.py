"""What a mask does beyond the other abilities' masks and beyond random masks of its size. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.statistics.cells import (
    CellStatistics,
    Paired,
    StoppedBenchmark,
    clusters_of,
    paired_probabilities,
    paired_scores,
)
from core.analysis.statistics.intervals import excesses, specificities
from core.benchmarks.benchmark import Benchmark
from core.run.specs import MaskSpec

SPECIFICITY = ("others_ais", "specificity", "specificity_low", "specificity_high")
"""Columns of what a mask does beyond the other abilities' masks."""

SPECIFICITY_P = ("others_ais_p", "specificity_p", "specificity_p_low", "specificity_p_high")
"""The same by p(right)."""

EXCESS_P = ("random_ais_p", "over_random_p", "over_random_p_low", "over_random_p_high")
"""Columns of what a mask does beyond random masks of its size, by p(right)."""

BEYOND = (*SPECIFICITY, *SPECIFICITY_P, *EXCESS_P)

Beyond = dict[str, float | None]
"""Columns of `BEYOND` by name; None where they are not known."""


def beyond_masks(
    masks: Sequence[MaskSpec],
    base: pl.DataFrame,
    ablated: Sequence[pl.DataFrame],
    benchmark: Benchmark,
    statistics: CellStatistics,
    seed: int,
    *,
    by_score: bool = True,
) -> list[Beyond]:
    """The columns `BEYOND` of each mask on one benchmark; None where its AIS or AIS_p is not defined.

    Args:
        masks: those that are compared with each other.
        base: the intact model's outcomes, `cache.outcomes.SCHEMA`.
        ablated: those under each mask.
        benchmark: gives the chance level.
        statistics: of any of the masks; whether there is an AIS and an AIS_p depends on the intact model.
        seed: random seed of the bootstrap.
        by_score: whether the columns of the AIS are asked for, too.
    """
    rows: list[Beyond] = [dict.fromkeys(BEYOND) for _ in masks]
    clusters = clusters_of(base)
    scores = paired_scores(base, ablated, benchmark) if by_score and statistics.ais is not None else None
    probabilities = paired_probabilities(base, ablated, benchmark) if statistics.ais_p is not None else None
    for paired, names in ((scores, SPECIFICITY), (probabilities, SPECIFICITY_P)):
        if paired is not None:
            _add_specificities(rows, names, masks, paired, clusters, seed)
    if probabilities is not None:
        _add_excesses(rows, masks, probabilities, clusters, seed)
    return rows


def _add_specificities(
    rows: list[Beyond],
    names: Sequence[str],
    masks: Sequence[MaskSpec],
    paired: Paired,
    clusters: NDArray[Any] | None,
    seed: int,
) -> None:
    """Fills in what each mask does beyond the other abilities' masks of its kind and size.

    Not for random controls, nor where there is no other ability.
    """
    sizes = [None if m.selection == "random" else (m.variant, m.selection, m.k) for m in masks]
    chosen = [n for n, size in enumerate(sizes) if size is not None and sizes.count(size) > 1]
    if not chosen:
        return
    groups = np.array([sizes.index(sizes[n]) for n in chosen])
    base, ablated, chance = paired
    found = specificities(base, ablated[chosen], chance, groups=groups, seed=seed, clusters=clusters)
    for n, (_, others, _, *beyond) in zip(chosen, found, strict=True):
        rows[n].update(zip(names, (others, *beyond), strict=True))


def _add_excesses(
    rows: list[Beyond],
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


def stopped_beyond(
    masks: Sequence[MaskSpec], stopped: StoppedBenchmark, ablated: Sequence[pl.DataFrame]
) -> list[Beyond]:
    """The columns `BEYOND` of each mask on a benchmark whose runs stop when it is known."""
    rows: list[Beyond] = [dict.fromkeys(BEYOND) for _ in masks]
    rivals, random = _others_of(masks), _random_of(masks)
    compared = [(stopped.score, SPECIFICITY, rivals)]
    if stopped.probability is not None:
        compared += [(stopped.probability, SPECIFICITY_P, rivals), (stopped.probability, EXCESS_P, random)]
    for measure, names, others in compared:
        for row, own, controls in zip(rows, ablated, others, strict=True):
            rival_frames = [ablated[n] for n in controls]
            if controls and all(map(measure.is_of, (own, *rival_frames))):
                found = stopped.beyond(measure, own, rival_frames)
                row.update(zip(names, found, strict=True))
    return rows


def _others_of(masks: Sequence[MaskSpec]) -> list[list[int]]:
    """For each mask the indices of the other abilities' masks of its kind and size; none if it is drawn."""
    groups: dict[tuple[str, str, float], list[int]] = {}
    for n, mask in enumerate(masks):
        groups.setdefault((mask.variant, mask.selection, mask.k), []).append(n)
    return [
        [] if m.selection == "random" else [i for i in groups[m.variant, m.selection, m.k] if i != n]
        for n, m in enumerate(masks)
    ]


def _random_of(masks: Sequence[MaskSpec]) -> list[list[int]]:
    """For each mask the indices of the random masks of its ability, variant and k; none if it is drawn."""
    controls: dict[tuple[str, str, float], list[int]] = {}
    for n, mask in enumerate(masks):
        if mask.selection == "random":
            controls.setdefault((mask.ability, mask.variant, mask.k), []).append(n)
    return [controls.get((m.ability, m.variant, m.k), []) if m.selection != "random" else [] for m in masks]
