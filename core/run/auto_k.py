"""Finds the k at which masks tell their own ability from others and the model can still write. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core.analysis.auto_k import (
    FoundK,
    TriedK,
    fitting_grid,
    require_searchable,
    searched_masks,
)
from core.analysis.cache_status import has_ranking
from core.analysis.generation_quality import GenerationQuality, mask_generation_qualities
from core.analysis.stored_search import choosing_request, point_from, require_shown, search_steps
from core.models.matrices import Variant
from core.run.events import BatchFinished, RunStarted
from core.run.generation_quality import is_measured, measure_generation_quality, store_generation_quality
from core.run.kept_paces import keep_paces, take_in_known
from core.run.pace import Step
from core.run.quiet import without_events
from core.run.runner import Runner
from core.run.runs import run_missing
from core.run.specs import MaskSpec
from core.run.steps import steps_of_rankings
from core.run.storing import stored_outcomes

if TYPE_CHECKING:
    import polars as pl

    from core.run.experiment import OutcomesRequest

OF_RUNS = (RunStarted, BatchFinished)
"""Events that a screen would take for those of a benchmark that it knows."""

Tries = tuple[tuple[MaskSpec, ...], ...]
"""The masks of one variant, by k, ascending."""


def find_k(
    runner: Runner,
    masks: Sequence[MaskSpec],
    emit: Callable[[Variant, TriedK], None] = lambda variant, tried: None,
) -> tuple[FoundK, ...]:
    """For each variant the k of the grid at which its masks tell their own ability from others.

    From small to large, up to the first k at which a mask does not keep its generation quality: that and all
    larger ones are no candidates. At each acceptable k every mask is asked the choosing items of all
    abilities (`core.benchmarks.choosing`); `core.analysis.statistics.frontier` says what is chosen. New
    rankings are made once, for the largest k of the grid. All that is measured is stored, and not measured
    again.

    Args:
        runner: the model and the cache.
        masks: all of one k, whichever; controls among them do not count. Rankings are made in their order.
        emit: receives each k when it was tried.

    Raises:
        Cancelled: the runner was cancelled; what was finished is stored.
        ValueError: even the smallest k leaves a mask not acceptable, the intact model is at chance on the
            abilities, or the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    wanted = searched_masks(masks)
    if not masks:
        return ()
    require_searchable([mask.selection for mask in masks])
    tries = [_tries(runner, wanted, variant) for variant in dict.fromkeys(mask.variant for mask in wanted)]
    take_in_known(runner, runner.progress.paces)
    try:
        with without_events(runner, OF_RUNS):
            rankings = steps_of_rankings(runner, [mask for one in tries for mask in one[-1]])
            intact_request = choosing_request(runner, wanted[0], intact=True)
            (intact,) = _outcomes(runner, [intact_request], [*rankings, *_steps(runner, tries)])
            require_shown(intact, wanted)
            _make_rankings(runner, wanted, tries)
            return tuple(
                _search(runner, intact, one, tries[place + 1 :], emit) for place, one in enumerate(tries)
            )
    finally:
        keep_paces(runner, runner.progress.paces)
        runner.verify_restored()


def _tries(runner: Runner, masks: Sequence[MaskSpec], variant: Variant) -> Tries:
    of_variant = [mask for mask in masks if mask.variant == variant]
    grid = fitting_grid(runner, variant, of_variant[0].scope)
    return tuple(tuple(replace(mask, k=k) for mask in of_variant) for k in grid)


def _steps(runner: Runner, tries: Sequence[Tries]) -> list[Step]:
    """What is left to measure in some searches."""
    return search_steps(runner, [mask for one in tries for masks in one for mask in masks])


def _make_rankings(runner: Runner, wanted: Sequence[MaskSpec], tries: Sequence[Tries]) -> None:
    """Makes the rankings that are lacking: ability by ability, so that its scores serve all variants."""
    grids = {one[0][0].variant: [masks[0].k for masks in one] for one in tries}
    for mask in wanted:
        grid = grids[mask.variant]
        largest = replace(mask, k=grid[-1])
        if not has_ranking(runner, largest):
            runner.check_cancelled()
            runner.mask(largest, grid)


def _search(
    runner: Runner,
    intact: pl.DataFrame,
    tries: Tries,
    after: Sequence[Tries],
    emit: Callable[[Variant, TriedK], None],
) -> FoundK:
    """The search for the masks of one variant.

    Args:
        runner: the model and the cache.
        intact: its outcomes on the choosing items.
        tries: the masks.
        after: those of the searches that come after it.
        emit: receives each k when it was tried.
    """
    grid, tried = tuple(masks[0].k for masks in tries), list[TriedK]()
    for place, masks in enumerate(tries):
        qualities = _qualities(runner, masks, grid)
        point = None
        if all(one.is_acceptable for one in qualities.values()):
            requests = [choosing_request(runner, mask) for mask in masks]
            outcomes = _outcomes(runner, requests, _steps(runner, [tries[place + 1 :], *after]))
            point = point_from(intact, dict(zip(masks, outcomes, strict=True)))
        tried.append(TriedK(masks[0].k, qualities, point))
        emit(masks[0].variant, tried[-1])
        if point is None:
            break
    found = FoundK.of(tries[0], grid, tried)
    if problem := found.problem:
        raise ValueError(problem)
    return found


def _qualities(
    runner: Runner, masks: Sequence[MaskSpec], grid: Sequence[float]
) -> dict[MaskSpec, GenerationQuality]:
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
    return qualities


def _outcomes(
    runner: Runner, requests: Sequence[OutcomesRequest], later: Sequence[Step]
) -> list[pl.DataFrame]:
    """The outcomes of some requests, computed where they are not stored.

    Args:
        runner: the model and the cache.
        requests: what is asked for.
        later: what there is to do after that, for the time left.
    """
    loaded = stored_outcomes(runner, [request.key for request in requests])
    for _ in run_missing(runner, requests, loaded.frames, later=later):
        pass
    new = [request.key for request in requests if request.key not in loaded.frames]
    frames = loaded.frames | stored_outcomes(runner, new).frames
    return [frames[request.key] for request in requests]
