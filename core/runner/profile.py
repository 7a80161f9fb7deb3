"""Runs a profile: takes from the cache what is there, computes and stores the rest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from core.analysis.profile import Profile, profile_of
from core.experiment.events import RunFinished, RunsFound
from core.experiment.experiment import OutcomesRequest
from core.experiment.plan import Plan
from core.experiment.specs import MaskSpec
from core.experiment.storing import stored_outcomes
from core.models.description import selectable_weights
from core.runner.cancellation import Cancelled
from core.runner.runner import Runner
from core.runner.runs import compute_runs

if TYPE_CHECKING:
    from cache.outcomes import Loaded

ROUNDS = 2
"""How often what is lacking is computed: again what was deleted or damaged while the first round went on."""

Runs = dict[MaskSpec | None, list[OutcomesRequest]]
"""The runs of each mask; None is the intact model."""


def run_profile(plan: Plan, runner: Runner, cancelled: Callable[[], bool] = lambda: False) -> Profile | None:
    """The profile of a plan; None if it was cancelled, with every finished run stored.

    Raises:
        ValueError: a k asks for more weights than there are candidates, or the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    _check_ks(plan, runner)
    runs: Runs = {mask: plan.requests(runner, mask) for mask in (None, *plan.masks())}
    keys = [request.key for requests in runs.values() for request in requests]
    loaded = stored_outcomes(runner, keys)
    lacking = len(set(keys) - set(loaded.frames))
    runner.emit(RunsFound(total=len(keys), cached=sum(key in loaded.frames for key in keys)))
    for _ in range(ROUNDS):
        try:
            _compute(runner, runs, loaded, lacking, cancelled)
        except Cancelled:
            return None
        finally:
            runner.verify_restored()
        loaded = stored_outcomes(runner, keys) if lacking else loaded
        lacking = len(set(keys) - set(loaded.frames))
        if not lacking:
            return _assemble(plan, runner, runs, loaded)
    raise ValueError(
        f"The cache folder {runner.store.root} loses what is stored in it: {lacking} runs are not there any "
        "more, or damaged. Check the disk, or give another --cache-dir."
    )


def _compute(runner: Runner, runs: Runs, loaded: Loaded, lacking: int, cancelled: Callable[[], bool]) -> None:
    """Computes what is lacking, and tells each run as it is finished."""
    with closing(compute_runs(runner, runs, cancelled, loaded.frames.keys())) as computed:
        for done, (request, score) in enumerate(computed, start=1):
            name = "base" if request.mask is None else str(request.mask)
            runner.emit(RunFinished(name, request.benchmark.id, score, done, lacking))


def _check_ks(plan: Plan, runner: Runner) -> None:
    """Refuses a k that is out of range before anything is computed."""
    for mask in plan.masks():
        selectable_weights(mask.k, mask.variant, runner.info)


def _assemble(plan: Plan, runner: Runner, runs: Runs, loaded: Loaded) -> Profile:
    """The profile from stored outcomes, all of which are there."""
    frames = {mask: [loaded.frames[request.key] for request in requests] for mask, requests in runs.items()}
    return profile_of(plan, runner, frames)
