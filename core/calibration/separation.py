"""How well each ability's scores tell its block apart: from the cache, or computed and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cache.files import CorruptEntry
from cache.keys import key_of
from core.calibration.place import PRIVATE, Blocks, Separation
from core.choices import CONTRASTS, Selection
from core.events import EntryReplaced
from core.phantom import layout as phantom
from core.recipes import MaskRecipe
from core.workbench import Workbench

SEPARATION_VERSION = 2
"""Raised whenever the same ingredients give other separations."""

SCORED: tuple[Selection, ...] = ("top", *CONTRASTS)
"""The selections that rank all weights by a score."""

Separations = Mapping[Selection, Mapping[str, Separation]]
"""By selection and ability."""


def separations(bench: Workbench, blocks: Blocks) -> Separations:
    """The separations of the workbench's loss and form.

    Raises:
        Cancelled: it was cancelled.
        ValueError: the model cannot be used.
    """
    key, ingredients = separation_request(bench)
    with bench.store.lock(key):
        found = _stored(bench, key)
        if found is not None:
            return found
        computed = {selection: _computed(bench, blocks, selection) for selection in SCORED}
        bench.store.separations.save(key, ingredients, _columns(computed))
        bench.unproved.append((bench.store.separations.entries, key))
        return computed


def stored_separations(bench: Workbench) -> Separations | None:
    """The separations of the workbench's loss and form if they are stored; None if not, or damaged."""
    return _stored(bench, separation_request(bench)[0])


def separation_request(bench: Workbench) -> tuple[str, dict[str, Any]]:
    """The cache key of the separations of the workbench's loss and form, and what it is made of."""
    masks = [MaskRecipe(ability, "mlp", "contrast", 1.0) for ability in PRIVATE]
    ingredients = {
        "loss": bench.recipe.loss,
        "form": bench.recipe.form,
        "blocks": [phantom.PRIVATE, phantom.SHARED],
        "rankings": [bench.ranking_key(mask) for mask in masks],
    }
    return key_of("separations", SEPARATION_VERSION, ingredients), ingredients


def _stored(bench: Workbench, key: str) -> Separations | None:
    try:
        frame = bench.store.separations.load(key)
    except CorruptEntry as error:
        bench.tell(EntryReplaced(str(error)))
        return None
    if frame is None:
        return None
    rows = frame.to_dicts()
    return {
        selection: {
            row["ability"]: Separation(row["neurons"], row["weights"])
            for row in rows
            if row["selection"] == selection
        }
        for selection in SCORED
    }


def _columns(separations: Separations) -> dict[str, Sequence[Any]]:
    rows = [
        (s, ability, found) for s, by_ability in separations.items() for ability, found in by_ability.items()
    ]
    return {
        "ability": [ability for _, ability, _ in rows],
        "selection": [selection for selection, _, _ in rows],
        "neurons": [found.neurons for _, _, found in rows],
        "weights": [found.weights for _, _, found in rows],
    }


def _computed(bench: Workbench, blocks: Blocks, selection: Selection) -> dict[str, Separation]:
    return {ability: blocks.separation(ability, _scores(bench, selection, ability)) for ability in PRIVATE}


def _scores(bench: Workbench, selection: Selection, ability: str) -> list[NDArray[np.float32]]:
    """The scores of the MLPs' weights from which a selection is made, matrix by matrix."""
    from core.selection.scores import whole
    from core.workbench.contrasts import contrast_of, scored_for_itself, scores_in

    if selection in CONTRASTS:
        contrasts = contrast_of(bench, MaskRecipe(ability, "mlp", selection, 1.0))
        return [whole(one).numpy() for one in contrasts]
    own = scores_in(bench, "mlp", scored_for_itself(bench, ability))
    return [whole(one).numpy() for one in own]
