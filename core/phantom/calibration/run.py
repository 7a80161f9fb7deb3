"""Runs a calibration: the product's own rankings, masks and profiles, beside what a phantom has planted."""

from __future__ import annotations

import polars as pl

from core.analysis.profile import Profile
from core.analysis.selected import stored_layout
from core.experiment.plan import Plan
from core.phantom.calibration.addresses import stored_masks
from core.phantom.calibration.blocks import Blocks, Placement
from core.phantom.calibration.found import Answers, Calibration, Found
from core.phantom.calibration.localization import localizations
from core.phantom.calibration.plan import KS, CalibrationPlan, Setting
from core.phantom.calibration.subject import BenchFor
from core.phantom.true_matrix import Truth
from core.runner.loaded import Cancelled
from core.runner.runner import Runner
from core.runner.runs import run_profile


def run_calibration(plan: CalibrationPlan, truth: Truth, runner_for: BenchFor) -> Calibration:
    """The calibration of a plan; every finished ranking and run is stored as it comes.

    Args:
        plan: what is located and ablated.
        truth: of the phantom.
        runner_for: makes the runner of the phantom that scores weights in one way.

    Raises:
        Cancelled: a runner was cancelled.
        ValueError: the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    found = Found(truth)
    for loss, reduction in plan.scoring_rules():
        runner = runner_for(loss, reduction)
        blocks = Blocks(stored_layout(runner))
        found.take_localizations(runner.importance, localizations(runner, blocks))
        for setting in plan.located_by(loss, reduction):
            found.placements[setting] = _placements(runner, blocks, setting, plan.seed)
        for profile_plan in plan.profiles(loss, reduction):
            found.take_answers(profile_plan, runner.importance, _answers(_profile(profile_plan, runner)))
    return found.whole(plan)


def _placements(runner: Runner, blocks: Blocks, setting: Setting, seed: int) -> dict[str, Placement]:
    """Where each ability's weights lie; a ranking that is not stored is made for every k."""
    found = {}
    for ability, stored in stored_masks(runner, setting, seed).items():
        mask = runner.mask(setting.mask(ability, seed), KS) if stored is None else stored
        found[ability] = blocks.placement(ability, mask)
    return found


def _profile(plan: Plan, runner: Runner) -> Profile:
    profile = run_profile(plan, runner, runner.cancelled)
    if profile is None:
        raise Cancelled
    return profile


def _answers(profile: Profile) -> Answers:
    """What is right, mask by mask and benchmark by benchmark."""
    right = {
        (str(selection), str(ability), str(benchmark)): rows["correct"].to_numpy()
        for (selection, ability, benchmark), rows in profile.outcomes.group_by(
            pl.col("selection", "ability", "benchmark"), maintain_order=True
        )
    }
    return {
        (mask, benchmark.id): right[
            ("", "", benchmark.id) if mask is None else (mask.selection, mask.ability, benchmark.id)
        ]
        for mask in (None, *profile.plan.masks())
        for benchmark in profile.plan.benchmarks
    }
