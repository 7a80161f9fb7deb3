"""Finds the largest k at which ablated models can still write, from small to large. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.analysis.cache_status import has_ranking
from core.analysis.generation_quality import (
    MOST_RUINED,
    MOST_TIMES,
    GenerationQuality,
    mask_generation_qualities,
)
from core.experiment.plan import ChosenK
from core.experiment.specs import MaskSpec
from core.masks.choices import CONTRASTS, CONTROLS, PAPER_K, REAL_K_GRID, Selection
from core.models.matrices import Variant, weights_of
from core.models.spec import ModelSpec
from core.runner.generation_quality import is_measured, measure_generation_quality, store_generation_quality
from core.runner.runner import Runner

BEYOND_PAPER = (0.03, 0.06)
"""Further k for the embedded models, which are so small that they hardly miss 1 % of their weights. In real
models these would be rankings of hundreds of millions of weights."""


@dataclass(frozen=True, eq=False)
class TriedK:
    """One k, and what was measured at it."""

    k: float
    qualities: Mapping[MaskSpec, GenerationQuality]
    """By mask, in their order; none after the first that is not acceptable."""

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
        return {"k": self.k, "acceptable": self.unacceptable is None, "masks": masks}


@dataclass(frozen=True, eq=False)
class FoundK:
    """The k that was chosen for the masks of one variant."""

    variant: Variant
    selections: tuple[Selection, ...]
    """Selections of the masks that were measured."""
    grid: tuple[float, ...]
    """The k to choose from, ascending."""
    tried: tuple[TriedK, ...]
    """Ascending; all are acceptable but perhaps the last."""

    @property
    def k(self) -> float:
        """The largest k before the first that is not acceptable."""
        return [one.k for one in self.tried if one.unacceptable is None][-1]

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
            "k auto looks at how acceptable top, contrast or top_minus_shared masks are, but only "
            f"{', '.join(selections)} is asked for: add one of them, or give k as a number."
        )


def searched_masks(masks: Sequence[MaskSpec]) -> list[MaskSpec]:
    """Those of the masks whose generation quality decides, each once."""
    return list(dict.fromkeys(mask for mask in masks if mask.selection not in CONTROLS))


def find_k(
    runner: Runner,
    masks: Sequence[MaskSpec],
    emit: Callable[[Variant, TriedK], None] = lambda variant, tried: None,
) -> tuple[FoundK, ...]:
    """For each variant the largest k of the grid at which all of its masks keep their generation quality.

    From small to large, up to the first k at which a mask does not. New rankings are made once, for the
    largest k of the grid; the generation quality of each mask that is tried is measured once, and stored.

    Args:
        runner: the model and the cache.
        masks: all of one k, whichever; controls among them do not count. Rankings are made in their order.
        emit: receives each k when it was tried.

    Raises:
        Cancelled: the runner was cancelled; what was finished is stored.
        ValueError: even the smallest k leaves a mask not acceptable, or the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    wanted = searched_masks(masks)
    if masks:
        require_searchable([mask.selection for mask in masks])
    grids = {variant: _grid(runner, variant) for variant in dict.fromkeys(mask.variant for mask in wanted)}
    try:
        for mask in wanted:  # ability by ability, so that the scores of one serve all its variants
            grid = grids[mask.variant]
            largest = replace(mask, k=grid[-1])
            if not has_ranking(runner, largest):
                runner.check_cancelled()
                runner.mask(largest, grid)
        found = []
        for variant, grid in grids.items():
            of_variant = [mask for mask in wanted if mask.variant == variant]
            found.append(_search(runner, of_variant, grid, emit))
        return tuple(found)
    finally:
        runner.verify_restored()


def _grid(runner: Runner, variant: Variant) -> tuple[float, ...]:
    """The k of the grid that take at least one weight, and no more than the variant has."""
    info, grid = runner.info, grid_of(runner.spec)
    fitting = tuple(k for k in grid if 1 <= weights_of(k, info.parameters) <= info.candidates[variant])
    if not fitting:
        raise ValueError(
            f"k auto tries {grid[0]:g} to {grid[-1]:g} of all parameters, and none of these is a number of "
            f"weights that '{variant}' has: give k as a number."
        )
    return fitting


def _search(
    runner: Runner,
    masks: Sequence[MaskSpec],
    grid: tuple[float, ...],
    emit: Callable[[Variant, TriedK], None],
) -> FoundK:
    """The largest acceptable k for the masks of one variant."""
    variant, tried = masks[0].variant, list[TriedK]()
    for k in grid:
        tried.append(_try(runner, [replace(mask, k=k) for mask in masks], k, grid))
        emit(variant, tried[-1])
        if tried[-1].unacceptable is not None:
            break
    ruined = tried[0].unacceptable
    if ruined is not None:
        others = " or ".join(name for name in (*CONTRASTS, "top_minus_shared") if name != ruined.selection)
        raise ValueError(
            f"k auto, {variant}: even at k {grid[0]:g}: {ruined.ability} · {ruined.selection} is not "
            f"acceptable: choose {others} in place of {ruined.selection}, or give k as a number."
        )
    selections = tuple(dict.fromkeys(mask.selection for mask in masks))
    return FoundK(variant, selections, grid, tuple(tried))


def _try(runner: Runner, masks: Sequence[MaskSpec], k: float, grid: Sequence[float]) -> TriedK:
    """Measures masks of one k, where that is not stored, up to the first that is not acceptable."""
    qualities: dict[MaskSpec, GenerationQuality] = {}
    for mask in masks:
        runner.check_cancelled()
        for one in (None, mask):
            if not is_measured(runner, one):
                with runner.ablated(None if one is None else runner.mask(one, grid)):
                    measured = measure_generation_quality(runner)
                store_generation_quality(runner, one, measured)
        qualities |= mask_generation_qualities(runner, [mask])
        if not qualities[mask].is_acceptable:
            break
    return TriedK(k, qualities)
