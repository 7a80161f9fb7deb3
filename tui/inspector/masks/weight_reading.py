"""Reads what the tab Weights shows; for a thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.inspector.masks.mask_pane import Lacking, lacking_rankings
from tui.inspector.masks.weight_table import MaskView
from tui.names import ABILITY_WORDS

if TYPE_CHECKING:
    from core.experiment.experiment import Experiment
    from core.experiment.specs import MaskSpec


@dataclass(frozen=True)
class Masks:
    """One mask, and what it is compared with."""

    mask_spec: MaskSpec
    parameters: int
    """Of the whole model."""
    own: MaskView
    control: MaskView | None
    """As many weights at random; None for a mask that is drawn at random itself."""
    other_spec: MaskSpec | None
    """The same of another ability, if one is chosen."""
    other: MaskView | None
    """None also if its ranking is not stored."""
    shared: int
    """Weights that the mask and the other one both have."""


def read_masks(experiment: Experiment, mask_spec: MaskSpec, other: str | None) -> Masks | Lacking:
    """Where the weights of a mask lie, of its random control, and of another ability's mask.

    Args:
        experiment: the model and the cache.
        mask_spec: the mask.
        other: id of the other ability.

    Raises:
        CorruptEntry: a ranking is damaged.
        OSError: the model's files cannot be read.
        ValueError: k asks for more weights than there are candidates, or the model's config is broken.
    """
    # The plot is drawn on the event loop, and its import would be felt there.
    import textual_plotext  # noqa: F401

    own = _view(experiment, mask_spec)
    if own is None:
        return lacking_rankings([mask_spec])
    control = (
        None if mask_spec.selection == "random" else _view(experiment, replace(mask_spec, selection="random"))
    )
    other_spec = None if other is None else replace(mask_spec, ability=other)
    other_view = None if other_spec is None else _view(experiment, other_spec)
    shared = 0
    if other_spec is not None and other_view is not None:
        shared = _shared(experiment, mask_spec, other_spec)
    return Masks(mask_spec, experiment.info.parameters, own, control, other_spec, other_view, shared)


def _view(experiment: Experiment, mask_spec: MaskSpec) -> MaskView | None:
    from core.analysis.mask_distribution import mask_distribution

    found = mask_distribution(experiment, mask_spec)
    return None if found is None else MaskView(ABILITY_WORDS[mask_spec.ability], found)


def _shared(experiment: Experiment, first: MaskSpec, second: MaskSpec) -> int:
    from core.analysis.selected import selected

    some, others = selected(experiment, first), selected(experiment, second)
    return 0 if some is None or others is None else len(some.intersection(others))
