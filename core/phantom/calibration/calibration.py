"""A calibration: what the method finds on a phantom beside what was planted. Computed or stored.

Both ways put the same parts together. Reading takes seconds, computing minutes; reading loads no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cache.files import CorruptEntry
from cache.folder import Store
from core.analysis.rounds import run_profile
from core.importance.scoring_rule import ScoringRule
from core.inference.cancelling import Cancelled
from core.masks.choices import Selection
from core.masks.mask import Mask
from core.models.spec import ModelSpec
from core.phantom.calibration.blocks import PRIVATE, Blocks, Localization, Placement
from core.phantom.calibration.localization import Localizations, localizations, stored_localizations
from core.phantom.calibration.matrix import Points, Recovered, recovered
from core.phantom.calibration.plan import KS, CalibrationPlan, Setting
from core.phantom.ground_truth import Truth
from core.run.events import Event
from core.run.plan import Plan
from core.run.runner import Runner
from core.run.selected import StoredMasks, stored_layout
from core.run.specs import ImportanceSpec, MaskSpec

Score = tuple[str, str, Selection]
"""Loss, reduction and selection: what the scores of weights depend on."""

Answers = Mapping[tuple[MaskSpec | None, str], NDArray[np.bool_]]
"""By mask (None: the intact model) and benchmark: (items,) whether each answer is right."""

RunnerFor = Callable[[ScoringRule], Runner]
"""Makes the phantom's runner for a scoring rule."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What the method found, beside what was planted."""

    plan: CalibrationPlan
    truth: Truth
    accuracy: dict[str, float] = field(default_factory=dict)
    """Accuracy of the intact model on the plan's held-out items by ability, a fraction."""
    placements: dict[Setting, Mapping[str, Placement]] = field(default_factory=dict)
    """By setting and ability: where the selected weights lie."""
    localizations: dict[Score, Mapping[str, Localization]] = field(default_factory=dict)
    """By score and ability: how well scores tell the ability's own block from other private ones."""
    matrices: dict[Setting, Recovered] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """The calibration as plain values."""
        return {
            "abilities": list(PRIVATE),
            "heldout_items": self.plan.limit,
            "seed": self.plan.seed,
            "accuracy": dict(self.accuracy),
            "truth": {"items": self.truth.items, "drops": true_matrix(self.truth).tolist()},
            "matrices": [setting.figures() | matrix.figures() for setting, matrix in self.matrices.items()],
            "places": [
                setting.figures()
                | {"abilities": {ability: place.figures() for ability, place in places.items()}}
                for setting, places in self.placements.items()
            ],
            "auroc": [
                dict(zip(("loss", "reduction", "selection"), score, strict=True))
                | {"abilities": {ability: one._asdict() for ability, one in localizations.items()}}
                for score, localizations in self.localizations.items()
            ],
        }


def run_calibration(plan: CalibrationPlan, truth: Truth, runner_for: RunnerFor) -> Calibration:
    """Computes a calibration; every finished ranking and run is stored as it comes.

    Args:
        plan: what is located and ablated.
        truth: the phantom's truth.
        runner_for: makes the runner for a scoring rule.

    Raises:
        Cancelled: a runner was cancelled.
        ValueError: the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    return _assembled(plan, truth, lambda rule: _Computed(runner_for(rule), plan.seed))


def stored_calibration(plan: CalibrationPlan, truth: Truth, runner_for: RunnerFor) -> Calibration | None:
    """Reads a calibration from the cache; None if a part is missing or damaged. Loads no model.

    Args:
        plan: what is located and ablated.
        truth: the phantom's truth.
        runner_for: makes the runner for a scoring rule.

    Raises:
        ModelFilesError: the phantom's files are missing or broken.
    """
    try:
        return _assembled(plan, truth, lambda rule: _Stored(runner_for(rule), plan.seed))
    except _NotStoredError:
        return None


def runners(
    spec: ModelSpec,
    store: Store,
    n_items: int,
    seed: int,
    emit: Callable[[Event], None] = lambda event: None,
    cancelled: Callable[[], bool] = lambda: False,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> RunnerFor:
    """Makes the runners of a calibration; nothing is read or loaded yet.

    Args:
        spec: the phantom.
        store: the cache.
        n_items: diagnostic items of each ability.
        seed: random seed of these items.
        emit: receives the events.
        cancelled: asked between batches.
        is_cancelled: asked between layers.
    """
    return lambda rule: Runner(
        spec,
        store,
        ImportanceSpec(n_items, *rule, seed),
        emit=emit,
        cancelled=cancelled,
        is_cancelled=is_cancelled,
    )


def true_matrix(truth: Truth) -> Points:
    """(blocks, abilities) points of accuracy that each ability loses when a private block is zeroed."""
    return np.array([[truth.drops[block][ability] for ability in PRIVATE] for block in PRIVATE])


class _NotStoredError(Exception):
    """A part of a calibration is not in the cache, or damaged."""


class _Parts(Protocol):
    """Where the parts of a calibration come from, for one scoring rule."""

    runner: Runner

    def answers(self, plan: Plan) -> Answers: ...

    def localizations(self, blocks: Blocks) -> Localizations: ...

    def mask(self, spec: MaskSpec) -> Mask: ...


def _assembled(
    plan: CalibrationPlan, truth: Truth, parts_for: Callable[[ScoringRule], _Parts]
) -> Calibration:
    found = Calibration(plan, truth)
    for rule in plan.scoring_rules():
        parts = parts_for(rule)
        blocks = Blocks(stored_layout(parts.runner))
        # Matrices first: where the cache lacks anything, it most often lacks these.
        for profile in plan.profiles(rule):
            _take_answers(found, profile, rule, parts.answers(profile))
        for selection, by_ability in parts.localizations(blocks).items():
            found.localizations[(*rule, selection)] = by_ability
        for setting in plan.located_by(rule):
            found.placements[setting] = {
                ability: blocks.placement(ability, parts.mask(setting.mask(ability, plan.seed)))
                for ability in PRIVATE
            }
    return replace(
        found,
        placements={setting: found.placements[setting] for setting in plan.located},
        matrices={setting: found.matrices[setting] for setting in plan.ablated},
    )


def _take_answers(found: Calibration, plan: Plan, rule: ScoringRule, answers: Answers) -> None:
    """Takes the matrix of each selection of a profile from the answers under its masks."""
    intact = [answers[None, benchmark] for benchmark in PRIVATE]
    found.accuracy.update(zip(PRIVATE, (float(right.mean()) for right in intact), strict=True))
    for selection in plan.selections:
        masks = [mask for mask in plan.masks() if mask.selection == selection]
        ablated = [np.stack([answers[mask, benchmark] for mask in masks]) for benchmark in PRIVATE]
        setting = Setting(*rule, selection, plan.scope, plan.ks[0])
        found.matrices[setting] = recovered(true_matrix(found.truth), intact, ablated, plan.seed)


class _Stored:
    """Parts that are read from the cache."""

    def __init__(self, runner: Runner, seed: int) -> None:
        self.runner, self._masks = runner, StoredMasks(runner)

    def answers(self, plan: Plan) -> Answers:
        keys = {
            (mask, request.benchmark.id): request.key
            for mask in (None, *plan.masks())
            for request in plan.requests(self.runner, mask)
        }
        frames = self.runner.store.outcomes.load_many(list(keys.values())).frames
        if not all(key in frames for key in keys.values()):
            raise _NotStoredError
        return {cell: frames[key]["correct"].to_numpy() for cell, key in keys.items()}

    def localizations(self, blocks: Blocks) -> Localizations:
        found = stored_localizations(self.runner)
        if found is None:
            raise _NotStoredError
        return found

    def mask(self, spec: MaskSpec) -> Mask:
        try:
            found = self._masks.mask(spec)
        except CorruptEntry:
            raise _NotStoredError from None
        if found is None:
            raise _NotStoredError
        return found


class _Computed(_Stored):
    """Parts that are computed and stored where the cache lacks them."""

    def answers(self, plan: Plan) -> Answers:
        profile = run_profile(plan, self.runner)
        if profile is None:
            raise Cancelled
        right: dict[tuple[str, str, str], NDArray[np.bool_]] = {
            (str(selection), str(ability), str(benchmark)): rows["correct"].to_numpy()
            for (selection, ability, benchmark), rows in profile.outcomes.group_by(
                ["selection", "ability", "benchmark"], maintain_order=True
            )
        }
        return {
            (mask, one.id): right[(mask.selection, mask.ability, one.id) if mask else ("", "", one.id)]
            for mask in (None, *plan.masks())
            for one in plan.benchmarks
        }

    def localizations(self, blocks: Blocks) -> Localizations:
        return localizations(self.runner, blocks)

    def mask(self, spec: MaskSpec) -> Mask:
        try:
            return super().mask(spec)
        except _NotStoredError:
            return self.runner.mask(spec, KS)  # one ranking for every k
