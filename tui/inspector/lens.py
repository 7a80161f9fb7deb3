"""The lens: what is chosen to look at, and how its numbers are typed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from core.abilities.catalogue import ABILITIES
from core.masks.choices import DEFAULT_SELECTION, REAL_K_GRID, Scope, Selection
from core.models.matrices import Variant
from core.run.specs import MaskSpec
from tui.mask_options import REAL_K, default_k

if TYPE_CHECKING:
    from core.analysis.shown import Shown
    from core.models.spec import ModelSpec

DEMO_GRID = (0.001, 0.003, 0.01, 0.03, 0.1)
"""k of the embedded models, from no effect to collapse; fractions of all parameters."""

REAL_GRID = tuple(sorted({*REAL_K_GRID, REAL_K}))

USUAL_ITEMS = 200
"""Default items: an interval of about 7 points either way at 70 %."""

FEWEST_SCORED = 2
"""Fewest diagnostic items that score weights: each of two halves needs one."""

UNTILS = (None, 0.05, 0.1)
"""The least AIS of interest that can be chosen; None: all items count."""

AUTO: Literal["auto"] = "auto"
"""Typed for the k that is chosen by own against others."""

TypedK = float | Literal["auto"]

ALL = "all"
"""Typed for all items."""

MANY = 1_000_000_000
"""The value of `all`: more items than any benchmark has."""


@dataclass(frozen=True)
class Lens:
    """What is looked at; ability and benchmark are ids."""

    ability: str
    variant: Variant
    selection: Selection
    k: float
    """Fraction of all parameters."""
    benchmark: str
    limit: int | None = USUAL_ITEMS
    """Most items of each benchmark; None for all."""
    seed: int = 0
    scope: Scope = "global"
    n_items: int | None = None
    """Diagnostic items of each ability that score the weights; None for the model's usual number."""
    until: float | None = None
    """The least AIS of interest, at which a run stops as soon as it is settled; None: all items count."""

    @classmethod
    def first(
        cls, spec: ModelSpec, benchmark: str, seed: int = 0, selection: Selection | None = None
    ) -> Lens:
        """The lens before anything was chosen; without a selection, with the model's default."""
        selection = selection or DEFAULT_SELECTION
        ability = benchmark if benchmark in {a.id for a in ABILITIES} else ABILITIES[0].id
        return cls(ability, "mlp", selection, default_k(spec), benchmark, seed=seed)

    @property
    def mask(self) -> MaskSpec | None:
        """The mask to ablate; None for the intact model."""
        return self.mask_of(self.ability)

    def mask_of(self, ability: str) -> MaskSpec | None:
        """The mask for another ability."""
        if self.variant == "base":
            return None
        return MaskSpec(ability, self.variant, self.selection, self.k, self.seed, self.scope, self.n_items)

    @property
    def stops_at(self) -> float | None:
        """`until`, where anything is ablated: the intact model alone answers all items."""
        return None if self.variant == "base" else self.until

    @property
    def control(self) -> MaskSpec | None:
        """The random control; None if nothing is ablated or the mask is random itself."""
        if self.variant == "base" or self.selection == "random":
            return None
        return self.mask_or_fail.control

    @property
    def mask_or_fail(self) -> MaskSpec:
        """The mask, where the variant is not base."""
        mask = self.mask
        assert mask is not None, "the variant is not base"
        return mask


@dataclass(frozen=True)
class Known:
    """What cache and model files say about a lens."""

    abilities: frozenset[str] | None = None
    """Abilities with stored outcomes on the lens's benchmark; None until the cache was read."""
    benchmarks: frozenset[str] | None = None
    """Benchmarks with stored outcomes of the lens's mask; None likewise."""
    weights: int | None = None
    """Ablated weights; None until the model's files were read."""
    candidates: int | None = None
    shown: Mapping[str, Shown] = field(default_factory=dict)
    """How many of an ability's items the intact model answers right, as far as it is known."""
    problem: str = ""
    """Why the lens's k cannot be used; empty if it can."""


def k_grid(spec: ModelSpec) -> tuple[float, ...]:
    """The k that the keys step through."""
    return DEMO_GRID if spec.is_embedded else REAL_GRID


def next_k(k: float, grid: tuple[float, ...], step: int) -> float:
    """The next value of the grid above (step 1) or below (step -1); k itself at the grid's end."""
    beyond = [value for value in grid if (value > k if step > 0 else value < k)]
    if not beyond:
        return k
    return min(beyond) if step > 0 else max(beyond)


def parse_fraction(text: str) -> float:
    """The number in `0.5 %`, `0.005` or `5e-3`: 0.005 in all three.

    Raises:
        ValueError: not a number.
    """
    word = text.strip()
    try:
        value = float(word.removesuffix("%"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"'{word}' is not a number: write 0.5 %, 0.005 or 5e-3.")
    # Divided: multiplying by 0.01 would give a k that differs from the grid's.
    return value / 100 if word.endswith("%") else value


def parse_scored(text: str) -> int:
    """The number of diagnostic items in `200` or `1,000`.

    Raises:
        ValueError: not a whole number from 2.
    """
    count = parse_count(text)
    if not FEWEST_SCORED <= count < MANY:
        raise ValueError(f"Weights are scored by {FEWEST_SCORED} items or more: write 200, say.")
    return count


def parse_count(text: str) -> int:
    """The number in `200` or `1,000`; MANY for `all`.

    Raises:
        ValueError: not a whole number from 1.
    """
    word = text.strip().casefold()
    if word == ALL:
        return MANY
    digits = word.replace(",", "")
    count = int(digits) if digits.isascii() and digits.isdigit() else 0
    if count < 1:
        raise ValueError(f"'{text.strip()}' is not a count: write a number from 1, such as 200, or all.")
    return min(count, MANY)
