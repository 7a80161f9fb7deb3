"""Finds the largest k at which ablated models can still write, from small to large. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from core.analysis.auto_k import FoundK, TriedK, fitting_grid, require_searchable, searched_masks
from core.analysis.cache_status import has_ranking
from core.analysis.generation_quality import GenerationQuality, mask_generation_qualities
from core.experiment.specs import MaskSpec
from core.models.matrices import Variant
from core.runner.generation_quality import is_measured, measure_generation_quality, store_generation_quality
from core.runner.runner import Runner


def find_k(
    runner: Runner,
    masks: Sequence[MaskSpec],
    emit: Callable[[Variant, TriedK], None] = lambda variant, tried: None,
) -> tuple[FoundK, ...]:
    """For each variant the largest k of the grid at which all of its masks keep their generation quality.

    From small to large, up to the first k at which a mask does not. New rankings are made once, for the
    largest k of the grid; the generation quality of each mask that is tried is measured once, and stored.

    Args:
        runner: the model and the cache.
        masks: all of one k, whichever; controls among them do not count. Rankings are made in their order.
        emit: receives each k when it was tried.

    Raises:
        Cancelled: the runner was cancelled; what was finished is stored.
        ValueError: even the smallest k leaves a mask not acceptable, or the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    wanted = searched_masks(masks)
    if masks:
        require_searchable([mask.selection for mask in masks])
    grids = {
        variant: fitting_grid(runner, variant, scope)
        for variant, scope in dict.fromkeys((mask.variant, mask.scope) for mask in wanted)
    }
    try:
        for mask in wanted:  # ability by ability, so that the scores of one serve all its variants
            grid = grids[mask.variant]
            largest = replace(mask, k=grid[-1])
            if not has_ranking(runner, largest):
                runner.check_cancelled()
                runner.mask(largest, grid)
        found = []
        for variant, grid in grids.items():
            of_variant = [mask for mask in wanted if mask.variant == variant]
            found.append(_search(runner, of_variant, grid, emit))
        return tuple(found)
    finally:
        runner.verify_restored()


def _search(
    runner: Runner,
    masks: Sequence[MaskSpec],
    grid: tuple[float, ...],
    emit: Callable[[Variant, TriedK], None],
) -> FoundK:
    """The largest acceptable k for the masks of one variant."""
    variant, tried = masks[0].variant, list[TriedK]()
    for k in grid:
        tried.append(_try(runner, [replace(mask, k=k) for mask in masks], k, grid))
        emit(variant, tried[-1])
        if tried[-1].unacceptable is not None:
            break
    found = FoundK.of(masks, grid, tried)
    if problem := found.problem:
        raise ValueError(problem)
    return found


def _try(runner: Runner, masks: Sequence[MaskSpec], k: float, grid: Sequence[float]) -> TriedK:
    """Measures masks of one k, where that is not stored, up to the first that is not acceptable."""
    qualities: dict[MaskSpec, GenerationQuality] = {}
    for mask in masks:
        runner.check_cancelled()
        for one in (None, mask):
            if not is_measured(runner, one):
                with runner.ablated(None if one is None else runner.mask(one, grid)):
                    measured = measure_generation_quality(runner)
                store_generation_quality(runner, one, measured)
        qualities |= mask_generation_qualities(runner, [mask])
        if not qualities[mask].is_acceptable:
            break
    return TriedK(k, qualities)
