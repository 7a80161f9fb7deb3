"""Reads what the tab Weights shows; for a thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.inspector.look.names import ABILITY_WORDS
from tui.inspector.masks.mask_pane import Lacking, lacking_rankings
from tui.inspector.masks.weight_table import MaskView

if TYPE_CHECKING:
    from core.experiment.experiment import Experiment
    from core.experiment.specs import MaskSpec


@dataclass(frozen=True)
class Masks:
    """One mask, and what it is compared with."""

    recipe: MaskSpec
    parameters: int
    """Of the whole model."""
    own: MaskView
    control: MaskView | None
    """As many weights at random; None for a mask that is drawn at random itself."""
    other_recipe: MaskSpec | None
    """The same of another ability, if one is chosen."""
    other: MaskView | None
    """None also if its ranking is not stored."""
    shared: int
    """Weights that the mask and the other one both have."""


def read_masks(experiment: Experiment, recipe: MaskSpec, other: str | None) -> Masks | Lacking:
    """Where the weights of a mask lie, of its random control, and of another ability's mask.

    Args:
        experiment: the model and the cache.
        recipe: the mask.
        other: id of the other ability.

    Raises:
        CorruptEntry: a ranking is damaged.
        OSError: the model's files cannot be read.
        ValueError: k asks for more weights than there are candidates, or the model's config is broken.
    """
    # The plot is drawn on the event loop, and its import would be felt there.
    import textual_plotext  # noqa: F401

    own = _view(experiment, recipe)
    if own is None:
        return lacking_rankings([recipe])
    control = None if recipe.selection == "random" else _view(experiment, replace(recipe, selection="random"))
    other_recipe = None if other is None else replace(recipe, ability=other)
    other_view = None if other_recipe is None else _view(experiment, other_recipe)
    shared = 0
    if other_recipe is not None and other_view is not None:
        shared = _shared(experiment, recipe, other_recipe)
    return Masks(recipe, experiment.info.parameters, own, control, other_recipe, other_view, shared)


def _view(experiment: Experiment, recipe: MaskSpec) -> MaskView | None:
    from core.analysis.stored.mask_distribution import mask_distribution

    found = mask_distribution(experiment, recipe)
    return None if found is None else MaskView(ABILITY_WORDS[recipe.ability], found)


def _shared(experiment: Experiment, first: MaskSpec, second: MaskSpec) -> int:
    from core.analysis.stored.selected import is_in, selected

    some, others = selected(experiment, first), selected(experiment, second)
    return 0 if some is None or others is None else int(is_in(some, others).sum())
