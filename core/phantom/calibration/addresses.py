"""The weights that stored rankings give the abilities' masks. No torch."""

from __future__ import annotations

from collections.abc import Mapping

from cache.files import CorruptEntry
from core.analysis.selected import StoredMasks
from core.experiment.specs import MaskSpec
from core.masks.mask import Mask
from core.phantom.calibration.blocks import PRIVATE
from core.phantom.calibration.plan import Setting
from core.runner.runner import Runner


def stored_masks(runner: Runner, setting: Setting, seed: int) -> Mapping[str, Mask | None]:
    """By ability: its mask; None where a ranking is not stored, too short or damaged.

    Args:
        runner: of the setting's loss and reduction.
        setting: how weights are selected.
        seed: of random controls.

    Raises:
        ModelFilesError: the model is missing, or its config is broken.
    """
    stored = StoredMasks(runner)
    return {ability: _mask(stored, setting.mask(ability, seed)) for ability in PRIVATE}


def _mask(stored: StoredMasks, spec: MaskSpec) -> Mask | None:
    try:
        return stored.mask(spec)
    except CorruptEntry:  # reported by whoever makes it anew
        return None
