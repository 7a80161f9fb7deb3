"""A calibration, and how it is put together of what was computed or read. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.experiment.plan import Plan
from core.experiment.specs import ImportanceSpec, MaskSpec
from core.importance.scoring_rule import Loss, Reduction
from core.masks.choices import Selection
from core.phantom.calibration.blocks import PRIVATE, Localization, Placement
from core.phantom.calibration.localization import Localizations
from core.phantom.calibration.matrix import Points, Recovered, recovered
from core.phantom.calibration.plan import CalibrationPlan, Setting
from core.phantom.true_matrix import Truth

Score = tuple[Loss, Reduction, Selection]
"""What the scores of weights depend on."""

Answers = Mapping[tuple[MaskSpec | None, str], NDArray[np.bool_]]
"""By mask (None: the intact model) and benchmark: (items,) what is right."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What the method found, beside what was planted."""

    plan: CalibrationPlan
    truth: Truth
    accuracy: Mapping[str, float]
    """Of the intact model on the held-out items of the plan, by ability, a fraction."""
    placements: Mapping[Setting, Mapping[str, Placement]]
    """By ability: where the selected weights lie."""
    localizations: Mapping[Score, Mapping[str, Localization]]
    """By ability: how well scores tell its own block from other private ones."""
    matrices: Mapping[Setting, Recovered]


@dataclass(frozen=True, eq=False)
class Found:
    """What is known of a calibration so far."""

    truth: Truth
    accuracy: dict[str, float] = field(default_factory=dict)
    placements: dict[Setting, Mapping[str, Placement]] = field(default_factory=dict)
    localizations: dict[Score, Mapping[str, Localization]] = field(default_factory=dict)
    matrices: dict[Setting, Recovered] = field(default_factory=dict)

    def take_localizations(self, importance: ImportanceSpec, localizations: Localizations) -> None:
        """Takes how well the scores of one way tell blocks apart."""
        for selection, localization in localizations.items():
            self.localizations[importance.loss, importance.reduction, selection] = localization

    def take_answers(self, plan: Plan, importance: ImportanceSpec, answers: Answers) -> None:
        """Takes the matrix of each selection of a profile from what was answered under its masks."""
        intact = [answers[None, benchmark] for benchmark in PRIVATE]
        self.accuracy.update(zip(PRIVATE, (float(right.mean()) for right in intact), strict=True))
        for selection in plan.selections:
            masks = [mask for mask in plan.masks() if mask.selection == selection]
            ablated = [np.stack([answers[mask, benchmark] for mask in masks]) for benchmark in PRIVATE]
            setting = Setting(importance.loss, importance.reduction, selection, plan.scope, plan.ks[0])
            self.matrices[setting] = recovered(true_matrix(self.truth), intact, ablated, plan.seed)

    def whole(self, plan: CalibrationPlan) -> Calibration:
        """The calibration, all its parts being known."""
        return Calibration(
            plan=plan,
            truth=self.truth,
            accuracy=self.accuracy,
            placements={setting: self.placements[setting] for setting in plan.located},
            localizations=self.localizations,
            matrices={setting: self.matrices[setting] for setting in plan.ablated},
        )


def true_matrix(truth: Truth) -> Points:
    """(blocks, abilities) what each ability loses when a private block is zeroed."""
    return np.array([[truth.drops[block][ability] for ability in PRIVATE] for block in PRIVATE])
