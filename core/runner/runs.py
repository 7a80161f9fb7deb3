"""Computes runs: each mask is applied once, and all that it lacks is evaluated under it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from core.experiment.specs import MaskSpec
from core.experiment.storing import alone_with_run
from core.runner.cancellation import Cancelled
from core.runner.divergences import BaseLogprobs, pairs_to_compare, see_ablated, store_divergences
from core.runner.generation_quality import (
    masks_to_measure,
    measure_generation_quality,
    store_generation_quality,
)

if TYPE_CHECKING:
    from core.experiment.experiment import OutcomesRequest
    from core.runner.runner import Runner

Runs = Mapping[MaskSpec | None, Sequence["OutcomesRequest"]]
"""The runs of each mask; None is the intact model."""


def compute_runs(
    runner: Runner,
    runs: Runs,
    cancelled: Callable[[], bool],
    stored: Collection[str] = (),
) -> Generator[tuple[OutcomesRequest, float]]:
    """Each run that is not stored with its score, as it is finished and stored.

    Afterwards the generation quality of every mask is stored too, and so are the divergences of every
    ablated run with written answers whose base run is stored.

    Args:
        runner: the model and the cache.
        runs: what is asked for; a mask without runs only says which k a new ranking has to reach.
        cancelled: asked between batches.
        stored: the keys of the runs that are stored and whole.

    Raises:
        Cancelled: it was cancelled, or `bench` was while it scored weights; what was finished is stored.
        ValueError: the model cannot be used, or a mask cannot be made.
    """
    unmeasured = masks_to_measure(runner, runs)
    lacking = {request.mask for asked in runs.values() for request in asked if request.key not in stored}
    runner.expected = tuple(mask for mask in runs if mask is not None and mask in lacking | unmeasured)
    try:
        yield from _computed(runner, runs, unmeasured, cancelled, stored)
    finally:
        runner.expected = ()


def _computed(
    runner: Runner,
    runs: Runs,
    unmeasured: Collection[MaskSpec | None],
    cancelled: Callable[[], bool],
    stored: Collection[str],
) -> Generator[tuple[OutcomesRequest, float]]:
    """The runs mask by mask, each mask with all that it lacks."""
    base_logprobs: BaseLogprobs = {}
    for mask in dict.fromkeys((None, *runs)):  # base first: answers are compared with its
        asked = runs.get(mask, ())
        missing = [request for request in asked if request.key not in stored]
        pairs = pairs_to_compare(runner, asked)
        if not missing and not pairs and mask not in unmeasured:
            continue
        if cancelled():
            raise Cancelled
        selected = None if mask is None else runner.mask(mask, alike_ks(mask, runs))
        with runner.ablated(selected):
            for request in missing:
                score = None if cancelled() else _score(runner, request, cancelled)
                if score is None:
                    raise Cancelled
                yield request, score
            seen = list(see_ablated(runner, pairs, cancelled))
            measured = measure_generation_quality(runner, cancelled) if mask in unmeasured else None
        if measured is not None:
            store_generation_quality(runner, mask, measured, cancelled)
        for one in seen:
            store_divergences(runner, one, cancelled, base_logprobs)


def _score(runner: Runner, request: OutcomesRequest, cancelled: Callable[[], bool]) -> float | None:
    """The score of a run that is evaluated now, or that another process has just stored.

    None if it was cancelled.
    """
    from core.runner.evaluating import take_stored

    with alone_with_run(runner, request.key, cancelled) as is_ours:
        if not is_ours:
            return None
        stored = take_stored(runner, request)
        return runner.evaluate(request, cancelled) if stored is None else stored


def alike_ks(mask: MaskSpec, masks: Iterable[MaskSpec | None]) -> list[float]:
    """The values of k of the masks that are cut from the same ranking as a mask."""
    names = (mask.ability, mask.variant, mask.selection, mask.scope)
    return [one.k for one in masks if one and (one.ability, one.variant, one.selection, one.scope) == names]
