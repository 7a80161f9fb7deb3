"""The weights that stored rankings give the abilities' masks. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cache.files import CorruptEntry
from core.analysis.selected import Addresses, selected, without_core
from core.experiment.specs import MaskSpec
from core.phantom.calibration.blocks import PRIVATE
from core.phantom.calibration.plan import Setting
from core.runner.runner import Runner


def stored_addresses(runner: Runner, setting: Setting, seed: int) -> Mapping[str, Addresses | None]:
    """By ability: the weights of its mask; None where a ranking is not stored, too short or damaged.

    Args:
        runner: of the setting's loss and form.
        setting: how weights are selected.
        seed: of random controls.

    Raises:
        ModelFilesError: there is no such model, or its config is broken.
    """
    if setting.selection == "top_minus_shared":  # each is cut from all tops: these are read once
        return _top_minus_shared(stored_addresses(runner, replace(setting, selection="top"), seed))
    return {ability: _stored(runner, setting.mask(ability, seed)) for ability in PRIVATE}


def _top_minus_shared(tops: Mapping[str, Addresses | None]) -> Mapping[str, Addresses | None]:
    whole = {ability: top for ability, top in tops.items() if top is not None}
    if len(whole) < len(PRIVATE):
        return dict.fromkeys(PRIVATE)
    return {
        ability: without_core(own, [top for other, top in whole.items() if other != ability])
        for ability, own in whole.items()
    }


def _stored(runner: Runner, mask: MaskSpec) -> Addresses | None:
    try:
        return selected(runner, mask)
    except CorruptEntry:  # told by whoever makes it anew
        return None
