"""The lens: the things that one chooses, and how many items. Every tab shows the world through it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.abilities.catalogue import ABILITIES
from core.experiment.specs import MaskSpec
from core.masks.choices import PAPER_K, Scope, Selection
from core.models.matrices import Variant
from tui.mask_options import DEMO_K, REAL_K

if TYPE_CHECKING:
    from core.models.spec import ModelSpec

DEMO_GRID = (0.001, 0.003, 0.01, 0.03, 0.1)
"""Fractions of all parameters between nothing and ruin for the embedded models."""

REAL_GRID = tuple(sorted({*PAPER_K, REAL_K}))

USUAL_ITEMS = 200
"""Items of a first look: an interval of about 7 points either way at 70 %."""


@dataclass(frozen=True)
class Lens:
    """What is looked at."""

    ability: str
    """Its id."""
    variant: Variant
    selection: Selection
    k: float
    """Fraction of all parameters."""
    benchmark: str
    """Its id."""
    limit: int | None = USUAL_ITEMS
    """Items of each benchmark; None for all."""
    seed: int = 0
    scope: Scope = "global"

    @classmethod
    def first(cls, spec: ModelSpec, benchmark: str, seed: int = 0) -> Lens:
        """What one sees before one has chosen anything."""
        k, selection = (DEMO_K["mlp"], "contrast") if spec.is_embedded else (REAL_K, "top")
        ability = benchmark if benchmark in {a.id for a in ABILITIES} else ABILITIES[0].id
        return cls(ability, "mlp", "contrast" if selection == "contrast" else "top", k, benchmark, seed=seed)

    @property
    def mask(self) -> MaskSpec | None:
        """What is ablated; None for the intact model."""
        return self.mask_of(self.ability)

    def mask_of(self, ability: str) -> MaskSpec | None:
        """The same for another ability."""
        if self.variant == "base":
            return None
        return MaskSpec(ability, self.variant, self.selection, self.k, self.seed, self.scope)

    @property
    def control(self) -> MaskSpec | None:
        """As many weights at random; None if nothing is ablated, or that is what is looked at already."""
        if self.variant == "base" or self.selection == "random":
            return None
        return replace(self.mask_or_fail, selection="random")

    @property
    def mask_or_fail(self) -> MaskSpec:
        """What is ablated, where something is."""
        mask = self.mask
        assert mask is not None, "the variant is not base"
        return mask


@dataclass(frozen=True)
class Known:
    """What is known of what the lens looks at."""

    abilities: frozenset[str] = frozenset()
    """Those whose outcomes on the lens's benchmark are stored."""
    benchmarks: frozenset[str] = frozenset()
    """Those on which the lens's ability is stored."""
    weights: int | None = None
    """How many weights are ablated; None until the model's files were read."""
    candidates: int | None = None
    problem: str = ""
    """Why the lens's k cannot be used; empty if it can."""


def k_grid(spec: ModelSpec) -> tuple[float, ...]:
    """The values of k that the keys step through."""
    return DEMO_GRID if spec.is_embedded else REAL_GRID


def next_k(k: float, grid: tuple[float, ...], step: int) -> float:
    """The next value of the grid above (step 1) or below (step -1); k itself at the grid's end."""
    beyond = [value for value in grid if (value > k if step > 0 else value < k)]
    if not beyond:
        return k
    return min(beyond) if step > 0 else max(beyond)
