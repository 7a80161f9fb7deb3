"""How well each ability's scores tell its block apart: from the cache, or computed and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cache.files import CorruptEntry
from core.masks.choices import Selection
from core.phantom import ground_truth as phantom
from core.phantom.calibration.blocks import PRIVATE, Blocks, Localization
from core.run.cache_keys import cache_key
from core.run.events import EntryReplaced
from core.run.runner import Runner
from core.run.specs import MaskSpec

SCORED: tuple[Selection, ...] = ("top", "max_minus_shared")
"""The selections that rank all weights by a score."""

Localizations = Mapping[Selection, Mapping[str, Localization]]
"""By selection and ability."""


def localizations(runner: Runner, blocks: Blocks) -> Localizations:
    """The localizations of the runner's loss and form.

    Raises:
        Cancelled: it was cancelled.
        ValueError: the model cannot be used.
    """
    key, key_inputs = localization_request(runner)
    with runner.store.lock(key):
        found = _stored(runner, key)
        if found is not None:
            return found
        computed = {selection: _computed(runner, blocks, selection) for selection in SCORED}
        runner.store.localizations.save(key, key_inputs, _columns(computed))
        runner.note_stored(runner.store.localizations.entries, key)
        return computed


def stored_localizations(runner: Runner) -> Localizations | None:
    """The localizations of the runner's loss and form if they are stored; None if not, or damaged."""
    return _stored(runner, localization_request(runner)[0])


def localization_request(runner: Runner) -> tuple[str, dict[str, Any]]:
    """The cache key of the localizations of the runner's loss and form, and what it is made of."""
    masks = [MaskSpec(ability, "mlp", "max_minus_shared", 1.0) for ability in PRIVATE]
    key_inputs = {
        "loss": runner.importance.loss,
        "reduction": runner.importance.reduction,
        "blocks": [phantom.PRIVATE, phantom.SHARED],
        "rankings": [runner.ranking_key(mask) for mask in masks],
    }
    return cache_key("localizations", key_inputs), key_inputs


def _stored(runner: Runner, key: str) -> Localizations | None:
    try:
        frame = runner.store.localizations.load(key)
    except CorruptEntry as error:
        runner.emit(EntryReplaced(str(error)))
        return None
    if frame is None:
        return None
    rows = frame.to_dicts()
    return {
        selection: {
            row["ability"]: Localization(row["neurons"], row["weights"])
            for row in rows
            if row["selection"] == selection
        }
        for selection in SCORED
    }


def _columns(localizations: Localizations) -> dict[str, Sequence[Any]]:
    rows = [
        (s, ability, found)
        for s, by_ability in localizations.items()
        for ability, found in by_ability.items()
    ]
    return {
        "ability": [ability for _, ability, _ in rows],
        "selection": [selection for selection, _, _ in rows],
        "neurons": [found.neurons for _, _, found in rows],
        "weights": [found.weights for _, _, found in rows],
    }


def _computed(runner: Runner, blocks: Blocks, selection: Selection) -> dict[str, Localization]:
    return {ability: blocks.localization(ability, _scores(runner, selection, ability)) for ability in PRIVATE}


def _scores(runner: Runner, selection: Selection, ability: str) -> list[NDArray[np.float32]]:
    """The scores of the MLPs' weights from which a selection is made, matrix by matrix."""
    from core.masks.ranking import whole

    if selection != "top":
        contrasts = runner.maps.contrast(MaskSpec(ability, "mlp", selection, 1.0))
        return [whole(one).numpy() for one in contrasts]
    own = runner.maps.in_variant("mlp", runner.maps.scores(ability).scores)
    return [whole(one).numpy() for one in own]
