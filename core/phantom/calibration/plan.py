"""What a calibration consists of: ways to select weights, and which of them are ablated. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from core.benchmarks.benchmark import Benchmark
from core.benchmarks.registry import find_benchmarks
from core.importance.scoring_rule import (
    DEFAULT_RULE,
    LOSSES,
    PAPER_RULE,
    REDUCTIONS,
    Loss,
    Reduction,
    ScoringRule,
)
from core.masks.choices import CONTROLS, DEFAULT_SELECTION, Scope, Selection
from core.phantom.calibration.blocks import PRIVATE
from core.run.plan import Plan
from core.run.specs import MaskSpec

KS = (0.001, 0.01)
"""Fractions of all parameters: the smaller takes an ability away, the larger what others need too."""

SELECTIONS: tuple[Selection, ...] = ("top", "max_minus_shared")
SCOPES: tuple[Scope, ...] = ("global",)
BESIDE: tuple[Selection, ...] = ("random", "bottom")
"""The controls."""


@dataclass(frozen=True)
class Setting:
    """A way to select the weights of an ability from the MLPs."""

    loss: Loss
    reduction: Reduction
    selection: Selection
    scope: Scope
    k: float

    def figures(self) -> dict[str, Any]:
        """The setting as plain values."""
        return {**asdict(self), "control": self.is_control}

    @property
    def rule(self) -> ScoringRule:
        """How the weights are scored."""
        return ScoringRule(self.loss, self.reduction)

    @property
    def is_control(self) -> bool:
        """Whether it selects what is not important."""
        return self.selection in CONTROLS

    def mask(self, ability: str, seed: int) -> MaskSpec:
        """The mask of one ability; the seed is of random controls."""
        return MaskSpec(ability, "mlp", self.selection, self.k, seed, self.scope)


USUAL = Setting(*DEFAULT_RULE, DEFAULT_SELECTION, "global", KS[0])
"""As the inspector begins on an embedded model, with a smaller k."""

PAPER = Setting(*PAPER_RULE, "top", "global", KS[0])
"""The paper's."""

OTHERS = (
    Setting("margin", "sum-lost", "max_minus_shared", "global", KS[1]),
    Setting("margin", "sum-lost", "top", "global", KS[0]),
    Setting("margin", "sum-abs", "max_minus_shared", "global", KS[0]),
    Setting("margin", "sum-abs", "max_minus_shared", "global", KS[1]),
    Setting("margin", "abs-sum", "max_minus_shared", "global", KS[0]),
)
"""What is one choice away from these two."""

SETTINGS: tuple[Setting, ...] = tuple(
    Setting(loss, reduction, selection, scope, k)
    for loss, reduction, selection, scope, k in product(LOSSES, REDUCTIONS, SELECTIONS, SCOPES, KS)
)
"""Every combination."""

CONTROL_SETTINGS: tuple[Setting, ...] = tuple(
    Setting(USUAL.loss, USUAL.reduction, selection, scope, k)
    for selection, scope, k in product(BESIDE, SCOPES, KS)
)
"""Loss and form say nothing of random ones."""


@dataclass(frozen=True)
class CalibrationPlan:
    """What is located, and what is ablated."""

    located: tuple[Setting, ...]
    """Whose weights are looked for in the planted blocks."""
    ablated: tuple[Setting, ...]
    """Whose matrices are recovered."""
    limit: int
    """Held-out items of each benchmark."""
    seed: int
    """Random seed of the controls and the bootstrap."""

    def scoring_rules(self) -> list[ScoringRule]:
        """The scoring rules, each once, the default first."""
        return list(dict.fromkeys(setting.rule for setting in (USUAL, *self.ablated, *self.located)))

    def located_by(self, rule: ScoringRule) -> list[Setting]:
        """The located settings of one scoring rule."""
        return [setting for setting in self.located if setting.rule == rule]

    def runs(self) -> int:
        """How many ablated models are asked a benchmark."""
        return len(self.ablated) * len(PRIVATE) ** 2

    def parts(self) -> int:
        """How many runs its profiles ask for, those of the intact model by each of them."""
        profiles = [one for rule in self.scoring_rules() for one in self.profiles(rule)]
        return sum((1 + len(one.masks())) * len(one.benchmarks) for one in profiles)

    def profiles(self, rule: ScoringRule) -> list[Plan]:
        """The profiles that recover the matrices of one scoring rule."""
        chosen = [setting for setting in self.ablated if setting.rule == rule]
        sizes = dict.fromkeys((setting.scope, setting.k) for setting in chosen)
        return [
            Plan(
                abilities=PRIVATE,
                variants=("mlp",),
                selections=tuple(s.selection for s in chosen if (s.scope, s.k) == (scope, k)),
                ks=(k,),
                benchmarks=benchmarks(),
                limit=self.limit,
                seed=self.seed,
                scope=scope,
            )
            for scope, k in sizes
        ]


def benchmarks() -> tuple[Benchmark, ...]:
    """The benchmarks of the planted abilities, in their order."""
    return find_benchmarks(PRIVATE)


def calibration_plan(limit: int, seed: int, *, every: bool) -> CalibrationPlan:
    """All settings located and ablated; or ablated the main ones, and located all that share their scores.

    Args:
        limit: held-out items of each benchmark.
        seed: of all that is drawn.
        every: whether the matrix of every setting is recovered.
    """
    main, whole = _main_settings(), (*SETTINGS, *CONTROL_SETTINGS)
    if every:
        return CalibrationPlan(whole, tuple(dict.fromkeys((*main, *whole))), limit, seed)
    rules = {setting.rule for setting in main}
    located = tuple(setting for setting in whole if setting.rule in rules)
    return CalibrationPlan(located, main, limit, seed)


def main_plan(limit: int, seed: int) -> CalibrationPlan:
    """The usual setting, the paper's and the main others, located and ablated; arguments as above."""
    settings = _main_settings()
    return CalibrationPlan(settings, settings, limit, seed)


def _main_settings() -> tuple[Setting, ...]:
    return (USUAL, PAPER, *OTHERS, *_like(USUAL, CONTROL_SETTINGS))


def _like(setting: Setting, controls: Iterable[Setting]) -> Iterable[Setting]:
    """The controls of the same size."""
    return (one for one in controls if (one.scope, one.k) == (setting.scope, setting.k))
