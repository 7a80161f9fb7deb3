"""A calibration from the cache alone, which takes seconds where computing it takes minutes. No torch."""

from __future__ import annotations

from collections.abc import Mapping

from core.analysis.selected import stored_layout
from core.experiment.plan import Plan
from core.phantom.calibration.addresses import stored_masks
from core.phantom.calibration.blocks import Blocks, Placement
from core.phantom.calibration.found import Answers, Calibration, Found
from core.phantom.calibration.localization import stored_localizations
from core.phantom.calibration.plan import CalibrationPlan, Setting
from core.phantom.calibration.subject import BenchFor
from core.phantom.true_matrix import Truth
from core.runner.runner import Runner


def stored_calibration(plan: CalibrationPlan, truth: Truth, runner_for: BenchFor) -> Calibration | None:
    """The calibration of a plan; None if the cache lacks a part of it, or has a damaged one.

    Args:
        plan: what is located and ablated.
        truth: of the phantom.
        runner_for: makes the runner of the phantom that scores weights in one way; nothing is loaded.

    Raises:
        ModelFilesError: the phantom is not here, or broken.
    """
    found = Found(truth)
    for loss, reduction in plan.scoring_rules():
        runner = runner_for(loss, reduction)
        for profile in plan.profiles(loss, reduction):  # first: it is what is lacking where anything is
            answers = _answers(profile, runner)
            if answers is None:
                return None
            found.take_answers(profile, runner.importance, answers)
        localizations = stored_localizations(runner)
        if localizations is None:
            return None
        found.take_localizations(runner.importance, localizations)
        blocks = Blocks(stored_layout(runner))
        for setting in plan.located_by(loss, reduction):
            places = _placements(runner, blocks, setting, plan.seed)
            if places is None:
                return None
            found.placements[setting] = places
    return found.whole(plan)


def _answers(plan: Plan, runner: Runner) -> Answers | None:
    """What is right of all that a profile asks; None if a run is not stored whole."""
    places = {
        (mask, request.benchmark.id): request.key
        for mask in (None, *plan.masks())
        for request in plan.requests(runner, mask)
    }
    frames = runner.store.outcomes.load_many(list(places.values())).frames
    if not all(key in frames for key in places.values()):
        return None
    return {place: frames[key]["correct"].to_numpy() for place, key in places.items()}


def _placements(
    runner: Runner, blocks: Blocks, setting: Setting, seed: int
) -> Mapping[str, Placement] | None:
    """Where the weights of each ability lie; None if a ranking is lacking or damaged."""
    found = {}
    for ability, mask in stored_masks(runner, setting, seed).items():
        if mask is None:
            return None
        found[ability] = blocks.placement(ability, mask)
    return found
