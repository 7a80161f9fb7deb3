"""Runs a calibration: the product's own rankings, masks and profiles, beside what a phantom has planted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import polars as pl

from core.calibration.addresses import stored_addresses
from core.calibration.matrix import Points, Recovered, recovered
from core.calibration.place import PRIVATE, Blocks, Placement, Separation
from core.calibration.plan import KS, CalibrationPlan, Setting
from core.calibration.separation import separations
from core.calibration.subject import PHANTOMS, BenchFor
from core.cancellation import Cancelled
from core.choices import Form, Loss, Selection
from core.models.files import model_folder
from core.models.spec import ModelSpec
from core.phantom.true_matrix import TRUTH_FILE, Truth, read_truth
from core.profile import Plan, Profile, run_profile
from core.results.selected import Addresses, Layout
from core.workbench import Workbench

Score = tuple[Loss, Form, Selection]
"""What the scores of weights depend on."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What the method found, beside what was planted."""

    plan: CalibrationPlan
    truth: Truth
    accuracy: Mapping[str, float]
    """Of the intact model on the held-out items of the plan, by ability, a fraction."""
    placements: Mapping[Setting, Mapping[str, Placement]]
    """By ability: where the selected weights lie."""
    separations: Mapping[Score, Mapping[str, Separation]]
    """By ability: how well scores tell its own block from other private ones."""
    matrices: Mapping[Setting, Recovered]


def truth_of(spec: ModelSpec) -> Truth:
    """What was measured on a phantom.

    Raises:
        ValueError: the model is none, or is not here.
    """
    if not spec.is_embedded or not (model_folder(spec) / TRUTH_FILE).is_file():
        raise ValueError(
            f"Nobody knows which weights of '{spec.name}' an ability needs, so it calibrates nothing: "
            f"give --model {' or '.join(PHANTOMS)}."
        )
    return read_truth(model_folder(spec))


def true_matrix(truth: Truth) -> Points:
    """(blocks, abilities) what each ability loses when a private block is zeroed."""
    return np.array([[truth.drops[block][ability] for ability in PRIVATE] for block in PRIVATE])


def run_calibration(plan: CalibrationPlan, truth: Truth, bench_for: BenchFor) -> Calibration:
    """The calibration of a plan; every finished ranking and run is stored as it comes.

    Args:
        plan: what is located and ablated.
        truth: of the phantom.
        bench_for: makes the workbench of the phantom that scores weights in one way.

    Raises:
        Cancelled: a workbench was cancelled.
        ValueError: the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    placements: dict[Setting, Mapping[str, Placement]] = {}
    separated: dict[Score, Mapping[str, Separation]] = {}
    matrices: dict[Setting, Recovered] = {}
    accuracy: Mapping[str, float] = {}
    for loss, form in plan.recipes():
        bench = bench_for(loss, form)
        blocks = Blocks(Layout.of(bench))
        for selection, found in separations(bench, blocks).items():
            separated[loss, form, selection] = found
        settings = [setting for setting in plan.located if (setting.loss, setting.form) == (loss, form)]
        placements |= {setting: _placements(bench, blocks, setting, plan.seed) for setting in settings}
        for profile_plan in plan.profiles(loss, form):
            profile = _profile(profile_plan, bench)
            accuracy = accuracy or _accuracy(profile)
            matrices |= _matrices(profile, bench, true_matrix(truth))
    return Calibration(
        plan=plan,
        truth=truth,
        accuracy=accuracy,
        placements={setting: placements[setting] for setting in plan.located},
        separations=separated,
        matrices={setting: matrices[setting] for setting in plan.ablated},
    )


def _placements(bench: Workbench, blocks: Blocks, setting: Setting, seed: int) -> dict[str, Placement]:
    """Where each ability's weights lie; a ranking that is not stored is made for every k."""
    found = {}
    for ability, stored in stored_addresses(bench, setting, seed).items():
        mask = setting.mask(ability, seed)
        addresses = cast(Addresses, bench.mask(mask, KS).addresses.numpy()) if stored is None else stored
        found[ability] = blocks.placement(ability, addresses)
    return found


def _profile(plan: Plan, bench: Workbench) -> Profile:
    profile = run_profile(plan, bench, bench.cancelled)
    if profile is None:
        raise Cancelled
    return profile


def _accuracy(profile: Profile) -> dict[str, float]:
    return {ability: float(_right(profile, "", ability).mean()) for ability in PRIVATE}


def _matrices(profile: Profile, bench: Workbench, true: Points) -> dict[Setting, Recovered]:
    """The matrix of each selection of a profile."""
    plan, recipe = profile.plan, bench.recipe
    intact = [_right(profile, "", ability)[0] for ability in PRIVATE]
    return {
        Setting(recipe.loss, recipe.form, selection, plan.quota, plan.ks[0]): recovered(
            true, intact, [_right(profile, selection, ability) for ability in PRIVATE], plan.seed
        )
        for selection in plan.selections
    }


def _right(
    profile: Profile, selection: str, benchmark: str
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """(masks, items) what is right on a benchmark under the masks of a selection; of the intact model "" ."""
    is_asked = (pl.col("selection") == selection) & (pl.col("benchmark") == benchmark)
    right = profile.outcomes.filter(is_asked)["correct"].to_numpy()
    return right.reshape(len(PRIVATE) if selection else 1, -1)
