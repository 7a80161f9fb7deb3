"""Computes runs: each mask is applied once, and all that it lacks is evaluated under it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from core.recipes import MaskRecipe

if TYPE_CHECKING:
    from core.workbench.workbench import OutcomesRequest, Workbench

Runs = Mapping[MaskRecipe | None, Sequence["OutcomesRequest"]]
"""The runs of each mask; None is the intact model."""


def compute_runs(
    bench: Workbench, runs: Runs, cancelled: Callable[[], bool]
) -> Generator[tuple[OutcomesRequest, float]]:
    """Each run with its score, as it is finished and stored; ends when cancelled.

    Args:
        bench: the model and the cache.
        runs: what to compute; a mask without runs only says which k a new ranking has to reach.
        cancelled: asked between batches.

    Raises:
        Cancelled: `bench` was cancelled while it scored weights.
        ValueError: the model cannot be used, or a mask cannot be made.
    """
    for mask, requests in runs.items():
        if not requests:
            continue
        if cancelled():
            return
        selected = None if mask is None else bench.mask(mask, alike_ks(mask, runs))
        with bench.ablated(selected):
            for request in requests:
                score = None if cancelled() else bench.evaluate(request, cancelled)
                if score is None:
                    return
                yield request, score


def alike_ks(mask: MaskRecipe, masks: Iterable[MaskRecipe | None]) -> list[float]:
    """The values of k of the masks that are cut from the same ranking as a mask."""
    names = (mask.ability, mask.variant, mask.selection)
    return [one.k for one in masks if one and (one.ability, one.variant, one.selection) == names]
