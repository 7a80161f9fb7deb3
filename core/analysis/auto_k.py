"""The search for the k at which masks tell their own ability from others: what was tried, and what it found.

`core.run.auto_k` measures; `core.analysis.stored_search` reads what is stored of it. No torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.analysis.generation_quality import MOST_RUINED, MOST_TIMES, GenerationQuality
from core.analysis.statistics.frontier import Point, best_of, chosen_of
from core.benchmarks.choosing import CHOOSING_ITEMS
from core.masks.choices import CONTROLS, PAPER_K, REAL_K_GRID, Scope, Selection
from core.models.matrices import Variant, weights_of
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.plan import ChosenK
from core.run.specs import MaskSpec

BEYOND_PAPER = (0.03, 0.06)
"""Further k for the embedded models, which are so small that they hardly miss 1 % of their weights. In real
models these would be rankings of hundreds of millions of weights."""


@dataclass(frozen=True, eq=False)
class TriedK:
    """One k, and what was measured at it."""

    k: float
    qualities: Mapping[MaskSpec, GenerationQuality]
    """By mask, in their order; none after the first that is not acceptable."""
    point: Point | None = None
    """What the masks take from the choosing items; None unless all are acceptable."""

    @property
    def unacceptable(self) -> MaskSpec | None:
        """The mask that does not keep its generation quality; None if all do."""
        return next((mask for mask, one in self.qualities.items() if not one.is_acceptable), None)

    def figures(self) -> dict[str, Any]:
        """Its plain values."""
        masks = [
            {"ability": mask.ability, "selection": mask.selection, "acceptable": one.is_acceptable}
            | one.figures()
            for mask, one in self.qualities.items()
        ]
        found = {} if self.point is None else self.point.figures()
        return {"k": self.k, "acceptable": self.unacceptable is None, **found, "masks": masks}


@dataclass(frozen=True, eq=False)
class FoundK:
    """A search for the k of the masks of one variant: all of it, or as far as it is."""

    variant: Variant
    selections: tuple[Selection, ...]
    """Selections of the masks that were measured."""
    grid: tuple[float, ...]
    """The k to choose from, ascending."""
    tried: tuple[TriedK, ...]
    """Ascending; all are acceptable but perhaps the last."""

    @classmethod
    def of(cls, masks: Sequence[MaskSpec], grid: tuple[float, ...], tried: Sequence[TriedK]) -> FoundK:
        """What a search for masks of one variant found."""
        selections = tuple(dict.fromkeys(mask.selection for mask in masks))
        return cls(masks[0].variant, selections, grid, tuple(tried))

    @property
    def is_over(self) -> bool:
        """Whether there is no more to try."""
        return len(self.tried) == len(self.grid) or self.tried[-1].unacceptable is not None

    @property
    def problem(self) -> str:
        """Why there is no k, in a sentence; empty if there is one."""
        ruined = self.tried[0].unacceptable
        if ruined is None:
            return ""
        other = "" if ruined.selection == "max_minus_shared" else "choose max_minus_shared, or "
        return (
            f"k auto, {self.variant}: even at k {self.grid[0]:g}: {ruined.ability} · {ruined.selection} is "
            f"not acceptable: {other}give k as a number."
        )

    @cached_property
    def frontier(self) -> tuple[tuple[float, Point], ...]:
        """The acceptable k, each with what its masks take."""
        return tuple((one.k, one.point) for one in self.tried if one.point is not None)

    @property
    def best_k(self) -> float:
        """The k with the largest own - others."""
        return self.frontier[best_of([point for _, point in self.frontier])][0]

    @property
    def at(self) -> tuple[float, Point]:
        """The chosen k and its point; there is one unless there is a problem.

        The smallest acceptable k that is within one standard error of the largest own - others.
        """
        return self.frontier[chosen_of([point for _, point in self.frontier])]

    @property
    def k(self) -> float:
        """The chosen k."""
        return self.at[0]

    @property
    def chosen(self) -> ChosenK:
        """The chosen k, as a plan takes it."""
        return ChosenK(self.variant, self.k, self.figures())

    def figures(self) -> dict[str, Any]:
        """Its plain values, with the limits that were in force."""
        return {
            "variant": self.variant,
            "selections": self.selections,
            "k": self.k,
            "best_k": self.best_k,
            "choosing_items": CHOOSING_ITEMS,
            "grid": self.grid,
            "limits": {"times": MOST_TIMES, "ruined": MOST_RUINED},
            "tried": [one.figures() for one in self.tried],
        }


def grid_of(spec: ModelSpec) -> tuple[float, ...]:
    """The k that are tried, ascending."""
    return (*PAPER_K, *BEYOND_PAPER) if spec.is_embedded else REAL_K_GRID


def require_searchable(selections: Sequence[Selection]) -> None:
    """Refuses to look for the k of controls alone, which are as large as what they control.

    Raises:
        ValueError: there are only controls.
    """
    if all(selection in CONTROLS for selection in selections):
        raise ValueError(
            "k auto compares what top, contrast or max_minus_shared masks take, but only "
            f"{', '.join(selections)} is asked for: add one of them, or give k as a number."
        )


def searched_masks(masks: Sequence[MaskSpec]) -> list[MaskSpec]:
    """Those of the masks that decide, each once."""
    return list(dict.fromkeys(mask for mask in masks if mask.selection not in CONTROLS))


def fitting_grid(experiment: Experiment, variant: Variant, scope: Scope = "global") -> tuple[float, ...]:
    """The k of the grid that take at least one weight, or unit, and no more than the variant has.

    Raises:
        ValueError: there is none.
    """
    info, grid = experiment.info, grid_of(experiment.spec)
    least = info.unit_sizes.get(variant, 1) if scope == "units" else 1
    fitting = tuple(k for k in grid if least <= weights_of(k, info.parameters) <= info.candidates[variant])
    if not fitting:
        raise ValueError(
            f"k auto tries {grid[0]:g} to {grid[-1]:g} of all parameters, and none of these is a number of "
            f"weights that '{variant}' has: give k as a number."
        )
    return fitting
