"""What a calibration consists of: ways to select weights, and which of them are ablated. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from core.benchmarks import Benchmark, find_benchmarks
from core.calibration.place import PRIVATE
from core.choices import (
    CONTROLS,
    FORMS,
    LOSSES,
    PAPER_WAY,
    QUOTAS,
    USUAL_WAY,
    Form,
    Loss,
    Quota,
    Selection,
)
from core.profile import Plan
from core.recipes import MaskRecipe

KS = (0.01, 0.03)
"""Fractions of all parameters: where damage begins to be seen in models this small."""

SELECTIONS: tuple[Selection, ...] = ("top", "contrast", "contrast_max", "minus_core")
BESIDE: tuple[Selection, ...] = ("random", "bottom")
"""The controls."""


@dataclass(frozen=True)
class Setting:
    """A way to select the weights of an ability from the MLPs."""

    loss: Loss
    form: Form
    selection: Selection
    quota: Quota
    k: float

    @property
    def is_control(self) -> bool:
        """Whether it selects what is not important."""
        return self.selection in CONTROLS

    def mask(self, ability: str, seed: int) -> MaskRecipe:
        """The mask of one ability; the seed is of random controls."""
        return MaskRecipe(ability, "mlp", self.selection, self.k, seed, self.quota)


USUAL = Setting(*USUAL_WAY, "contrast", "global", KS[0])
"""As the inspector begins on an embedded model, with the smaller k."""

PAPER = Setting(*PAPER_WAY, "top", "global", KS[0])
"""The paper's."""

OTHERS = (
    Setting("margin", "items", "top", "global", KS[0]),
    Setting("margin", "items", "minus_core", "global", KS[0]),
    Setting("margin", "items", "contrast", "matrix", KS[0]),
    Setting("margin", "items", "contrast_max", "global", KS[0]),
    Setting("margin", "items", "contrast_max", "global", KS[1]),
    Setting("margin", "sum", "contrast", "global", KS[0]),
    Setting("margin", "sum", "contrast_max", "global", KS[0]),
)
"""What is one choice away from these two."""

SETTINGS: tuple[Setting, ...] = tuple(
    Setting(loss, form, selection, quota, k)
    for loss, form, selection, quota, k in product(LOSSES, FORMS, SELECTIONS, QUOTAS, KS)
)
"""Every combination."""

CONTROL_SETTINGS: tuple[Setting, ...] = tuple(
    Setting(USUAL.loss, USUAL.form, selection, quota, k)
    for selection, quota, k in product(BESIDE, QUOTAS, KS)
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
    """Of random controls, the bootstrap and all that is drawn."""
    is_backwards: bool = False
    """Whether the usual way to score weights comes last."""

    def recipes(self) -> list[tuple[Loss, Form]]:
        """The ways to score weights, each once; the usual one first, unless it goes backwards."""
        settings = (USUAL, *self.ablated, *self.located)
        found = list(dict.fromkeys((setting.loss, setting.form) for setting in settings))
        return found[::-1] if self.is_backwards else found

    def located_by(self, loss: Loss, form: Form) -> list[Setting]:
        """Whose weights are looked for, of one way to score them."""
        return _scored_by(self.located, loss, form)

    def runs(self) -> int:
        """How many ablated models are asked a benchmark."""
        return len(self.ablated) * len(PRIVATE) ** 2

    def parts(self) -> int:
        """How many runs its profiles ask for, those of the intact model by each of them."""
        profiles = [one for loss, form in self.recipes() for one in self.profiles(loss, form)]
        return sum((1 + len(one.masks())) * len(one.benchmarks) for one in profiles)

    def profiles(self, loss: Loss, form: Form) -> list[Plan]:
        """The profiles that recover the matrices of one way to score weights."""
        chosen = _scored_by(self.ablated, loss, form)
        sizes = dict.fromkeys((setting.quota, setting.k) for setting in chosen)
        return [
            Plan(
                abilities=PRIVATE,
                variants=("mlp",),
                selections=tuple(s.selection for s in chosen if (s.quota, s.k) == (quota, k)),
                ks=(k,),
                benchmarks=benchmarks(),
                limit=self.limit,
                seed=self.seed,
                quota=quota,
            )
            for quota, k in sizes
        ]


def _scored_by(settings: Iterable[Setting], loss: Loss, form: Form) -> list[Setting]:
    return [setting for setting in settings if (setting.loss, setting.form) == (loss, form)]


def benchmarks() -> tuple[Benchmark, ...]:
    """The benchmarks of the planted abilities, in their order."""
    return find_benchmarks(PRIVATE, "basic")


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
    scored = {(setting.loss, setting.form) for setting in main}
    located = tuple(setting for setting in whole if (setting.loss, setting.form) in scored)
    return CalibrationPlan(located, main, limit, seed)


def main_plan(limit: int, seed: int) -> CalibrationPlan:
    """The usual setting, the paper's and the main others, located and ablated; arguments as above."""
    settings = _main_settings()
    return CalibrationPlan(settings, settings, limit, seed)


def _main_settings() -> tuple[Setting, ...]:
    return (USUAL, PAPER, *OTHERS, *_like(USUAL, CONTROL_SETTINGS))


def _like(setting: Setting, controls: Iterable[Setting]) -> Iterable[Setting]:
    """The controls of the same size."""
    return (one for one in controls if (one.quota, one.k) == (setting.quota, setting.k))
