"""Runs a profile: takes from the cache what is there, computes and stores the rest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from core.cancellation import Cancelled
from core.events import EntryReplaced, RunFinished, RunsFound
from core.models.description import selectable_weights
from core.profile.cells import Profile, profile_of
from core.profile.plan import Plan
from core.workbench import MaskRecipe, Workbench
from core.workbench.runs import compute_runs
from core.workbench.workbench import OutcomesRequest

if TYPE_CHECKING:
    from cache.outcomes import Loaded

Runs = dict[MaskRecipe | None, list[OutcomesRequest]]
"""The runs of each mask; None is the intact model."""


def run_profile(
    plan: Plan, bench: Workbench, cancelled: Callable[[], bool] = lambda: False
) -> Profile | None:
    """The profile of a plan; None if it was cancelled, with every finished run stored.

    Raises:
        ValueError: a k asks for more weights than there are candidates, or the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    _check_ks(plan, bench)
    runs: Runs = {mask: plan.requests(bench, mask) for mask in (None, *plan.masks())}
    keys = [request.key for requests in runs.values() for request in requests]
    loaded = bench.store.outcomes.load_many(keys)
    for problem in loaded.corrupt:
        bench.tell(EntryReplaced(str(problem)))
    total = sum(key not in loaded.frames for key in keys)
    bench.tell(RunsFound(total=len(keys), cached=len(keys) - total))
    try:
        with closing(compute_runs(bench, runs, cancelled, loaded.frames.keys())) as computed:
            for done, (request, score) in enumerate(computed, start=1):
                name = "base" if request.mask is None else str(request.mask)
                bench.tell(RunFinished(name, request.benchmark.id, score, done, total))
    except Cancelled:
        return None
    finally:
        bench.prove_restored()
    if total:
        loaded = bench.store.outcomes.load_many(keys)
    return _assemble(plan, bench, runs, loaded)


def _check_ks(plan: Plan, bench: Workbench) -> None:
    """Refuses a k that is out of range before anything is computed."""
    for mask in plan.masks():
        selectable_weights(mask.k, mask.variant, bench.info)


def _assemble(plan: Plan, bench: Workbench, runs: Runs, loaded: Loaded) -> Profile:
    """The profile from stored outcomes, all of which are there."""
    frames = {mask: [loaded.frames[request.key] for request in requests] for mask, requests in runs.items()}
    return profile_of(plan, bench, frames)
