"""Finds the largest k at which masks leave the model able to write, from small to large. No torch."""

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
from core.masks.choices import CONTRASTS, CONTROLS, PAPER_K, Selection
from core.models.matrices import Variant, weights_of
from core.models.spec import ModelSpec
from core.runner.generation_quality import is_measured, measure_generation_quality, store_generation_quality
from core.runner.loaded import Cancelled
from core.runner.runner import Runner

BEYOND_PAPER = (0.03, 0.06)
"""Further k for the embedded models, which are so small that less than 1 % of them is hardly missed. For real
ones they would make rankings of hundreds of millions of weights."""


@dataclass(frozen=True, eq=False)
class TriedK:
    """One k, and what was measured at it."""

    k: float
    qualities: Mapping[MaskSpec, GenerationQuality]
    """Of the masks, in their order; none after the first that is not acceptable."""

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
    """Of the masks that were measured."""
    grid: tuple[float, ...]
    """What there was to choose from, ascending."""
    tried: tuple[TriedK, ...]
    """From the smallest on; all but the last are acceptable, or all."""

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
    """The k that are tried, ascending: the paper's, for embedded models some beyond."""
    return (*PAPER_K, *BEYOND_PAPER) if spec.is_embedded else PAPER_K


def require_searchable(selections: Sequence[Selection]) -> None:
    """Refuses to look for the k of controls alone, which are as large as what they control.

    Raises:
        ValueError: there are only controls.
    """
    if all(selection in CONTROLS for selection in selections):
        raise ValueError(
            f"k auto looks at how acceptable top, contrast or top_minus_shared masks are, but only "
            f"{', '.join(selections)} is asked for: add one of them, or give k as a number."
        )


def searched_masks(masks: Sequence[MaskSpec]) -> list[MaskSpec]:
    """Those of the masks whose generation quality decides, each once."""
    return list(dict.fromkeys(mask for mask in masks if mask.selection not in CONTROLS))


def find_k(
    runner: Runner,
    masks: Sequence[MaskSpec],
    cancelled: Callable[[], bool] = lambda: False,
    emit: Callable[[Variant, TriedK], None] = lambda variant, tried: None,
) -> tuple[FoundK, ...]:
    """For each variant the largest k of the grid at which all of its masks keep their generation quality.

    From small to large, up to the first k at which a mask does not. New rankings are made once, for the
    largest k of the grid; the generation quality of each mask that is tried is measured once, and stored.

    Args:
        runner: the model and the cache.
        masks: of one k, whichever; controls among them do not count. Rankings are made in their order.
        cancelled: asked between masks and between batches.
        emit: is told each k when it is done.

    Raises:
        Cancelled: it was cancelled; what was finished is stored.
        ValueError: even the smallest k leaves a mask not acceptable, or the model cannot be used.
        WeightsChangedError: the weights were not restored.
    """
    wanted = searched_masks(masks)
    if masks:
        require_searchable([mask.selection for mask in masks])
    variants = tuple(dict.fromkeys(mask.variant for mask in wanted))
    grids = {variant: _grid(runner, variant) for variant in variants}
    try:
        _make_rankings(runner, wanted, grids, cancelled)
        found = []
        for variant in variants:
            of_variant = [mask for mask in wanted if mask.variant == variant]
            found.append(_search(runner, of_variant, grids[variant], cancelled, emit))
        return tuple(found)
    finally:
        runner.verify_restored()


def _grid(runner: Runner, variant: Variant) -> tuple[float, ...]:
    """The k of the grid that take at least one weight, and no more than the variant has."""
    info = runner.info
    grid = grid_of(runner.spec)
    fitting = tuple(k for k in grid if 1 <= weights_of(k, info.parameters) <= info.candidates[variant])
    if not fitting:
        raise ValueError(
            f"k auto tries {grid[0]:g} to {grid[-1]:g} of all parameters, and none of these is a number of "
            f"weights that '{variant}' has: give k as a number."
        )
    return fitting


def _make_rankings(
    runner: Runner,
    masks: Sequence[MaskSpec],
    grids: Mapping[Variant, tuple[float, ...]],
    cancelled: Callable[[], bool],
) -> None:
    """Makes what is not stored, ability by ability, so that the scores of one serve all its variants."""
    for mask in masks:
        grid = grids[mask.variant]
        largest = replace(mask, k=grid[-1])
        if not has_ranking(runner, largest):
            _go_on(cancelled)
            runner.mask(largest, grid)


def _search(
    runner: Runner,
    masks: Sequence[MaskSpec],
    grid: tuple[float, ...],
    cancelled: Callable[[], bool],
    emit: Callable[[Variant, TriedK], None],
) -> FoundK:
    """The largest acceptable k of the masks of one variant."""
    tried: list[TriedK] = []
    variant = masks[0].variant
    for k in grid:
        tried.append(_try(runner, [replace(mask, k=k) for mask in masks], k, grid, cancelled))
        emit(variant, tried[-1])
        if tried[-1].unacceptable is not None:
            break
    ruined = tried[0].unacceptable
    if ruined is not None:
        raise ValueError(_none_is_acceptable(variant, tried[0], ruined))
    selections = tuple(dict.fromkeys(mask.selection for mask in masks))
    return FoundK(variant, selections, grid, tuple(tried))


def _try(
    runner: Runner,
    masks: Sequence[MaskSpec],
    k: float,
    grid: Sequence[float],
    cancelled: Callable[[], bool],
) -> TriedK:
    """Measures masks of one k up to the first that is not acceptable, as far as that is not stored."""
    qualities: dict[MaskSpec, GenerationQuality] = {}
    for mask in masks:
        _go_on(cancelled)
        _ensure_generation_quality(runner, mask, grid, cancelled)
        qualities |= mask_generation_qualities(runner, [mask])
        if not qualities[mask].is_acceptable:
            break
    return TriedK(k, qualities)


def _ensure_generation_quality(
    runner: Runner, mask: MaskSpec, grid: Sequence[float], cancelled: Callable[[], bool]
) -> None:
    """Measures and stores the generation quality of a mask and of the intact model, where it is lacking."""
    for one in (None, mask):
        if is_measured(runner, one):
            continue
        with runner.ablated(None if one is None else runner.mask(one, grid)):
            measured = measure_generation_quality(runner, cancelled)
        store_generation_quality(runner, one, measured, cancelled)


def _go_on(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled


def _none_is_acceptable(variant: Variant, tried: TriedK, mask: MaskSpec) -> str:
    others = " or ".join(name for name in (*CONTRASTS, "top_minus_shared") if name != mask.selection)
    return (
        f"k auto, {variant}: even at k {tried.k:g}: {mask.ability} · {mask.selection} is not acceptable: "
        f"choose {others} in place of {mask.selection}, or give k as a number."
    )
