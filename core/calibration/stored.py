"""A calibration from the cache alone, which takes seconds where computing it takes minutes. No torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from core.calibration.addresses import stored_addresses
from core.calibration.matrix import Recovered, recovered
from core.calibration.place import PRIVATE, Blocks, Placement, Separation
from core.calibration.plan import CalibrationPlan, Setting
from core.calibration.run import Calibration, Score, true_matrix
from core.calibration.separation import stored_separations
from core.calibration.subject import BenchFor
from core.phantom.true_matrix import Truth
from core.profile import Plan
from core.recipes import MaskRecipe
from core.results.selected import Layout
from core.workbench import Workbench

Answers = Mapping[tuple[MaskRecipe | None, str], NDArray[np.bool_]]
"""By mask (None: the intact model) and benchmark: (items,) what is right."""


def stored_calibration(plan: CalibrationPlan, truth: Truth, bench_for: BenchFor) -> Calibration | None:
    """The calibration of a plan; None if the cache lacks a part of it, or has a damaged one.

    Args:
        plan: what is located and ablated.
        truth: of the phantom.
        bench_for: makes the workbench of the phantom that scores weights in one way; nothing is loaded.

    Raises:
        ModelFilesError: the phantom is not here, or broken.
    """
    placements: dict[Setting, Mapping[str, Placement]] = {}
    separated: dict[Score, Mapping[str, Separation]] = {}
    matrices: dict[Setting, Recovered] = {}
    accuracy: Mapping[str, float] = {}
    for loss, form in plan.recipes():
        bench = bench_for(loss, form)
        for profile in plan.profiles(loss, form):  # first: it is what is lacking where anything is
            answers = _answers(profile, bench)
            if answers is None:
                return None
            accuracy = {ability: float(answers[None, ability].mean()) for ability in PRIVATE}
            matrices |= _matrices(profile, bench, answers, truth)
        found = stored_separations(bench)
        if found is None:
            return None
        separated |= {(loss, form, selection): one for selection, one in found.items()}
        blocks = Blocks(Layout.of(bench))
        for setting in plan.located:
            if (setting.loss, setting.form) == (loss, form):
                places = _placements(bench, blocks, setting, plan.seed)
                if places is None:
                    return None
                placements[setting] = places
    return Calibration(
        plan=plan,
        truth=truth,
        accuracy=accuracy,
        placements={setting: placements[setting] for setting in plan.located},
        separations=separated,
        matrices={setting: matrices[setting] for setting in plan.ablated},
    )


def _answers(plan: Plan, bench: Workbench) -> Answers | None:
    """What is right of all that a profile asks; None if a run is not stored whole."""
    places = {
        (mask, request.benchmark.id): request.key
        for mask in (None, *plan.masks())
        for request in plan.requests(bench, mask)
    }
    frames = bench.store.outcomes.load_many(list(places.values())).frames
    if not all(key in frames for key in places.values()):
        return None
    return {place: frames[key]["correct"].to_numpy() for place, key in places.items()}


def _matrices(plan: Plan, bench: Workbench, answers: Answers, truth: Truth) -> dict[Setting, Recovered]:
    """The matrix of each selection of a profile."""
    intact = [answers[None, benchmark] for benchmark in PRIVATE]
    found = {}
    for selection in plan.selections:
        masks = [mask for mask in plan.masks() if mask.selection == selection]
        ablated = [np.stack([answers[mask, benchmark] for mask in masks]) for benchmark in PRIVATE]
        setting = Setting(bench.recipe.loss, bench.recipe.form, selection, plan.quota, plan.ks[0])
        found[setting] = recovered(true_matrix(truth), intact, ablated, plan.seed)
    return found


def _placements(
    bench: Workbench, blocks: Blocks, setting: Setting, seed: int
) -> Mapping[str, Placement] | None:
    """Where the weights of each ability lie; None if a ranking is lacking or damaged."""
    found = {}
    for ability, addresses in stored_addresses(bench, setting, seed).items():
        if addresses is None:
            return None
        found[ability] = blocks.placement(ability, addresses)
    return found
