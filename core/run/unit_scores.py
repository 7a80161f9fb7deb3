"""The scores of whole units by ability: taken from the cache, or computed and stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from cache.files import CorruptEntry
from core.importance.unit_effects import UnitImportance
from core.masks.contrast import ContrastScores, Shares, contrast_scores
from core.models.matrices import Variant, unit_blocks
from core.run.computing import computed_units
from core.run.importance import ORDER
from core.run.loaded import LoadedExperiment
from core.run.specs import MaskSpec
from core.run.storing import alone_with, replace_damaged, storing


class UnitScores:
    """The scores of all units of a model by ability; a few bytes a unit, so that all are kept and stored."""

    def __init__(self, experiment: LoadedExperiment, n_items: int) -> None:
        """Nothing is computed yet; `n_items` of each ability."""
        self._experiment, self._n_items, info = experiment, n_items, experiment.info
        widest: Variant = "all" if "all" in info.unit_sizes else "mlp"
        self._blocks = unit_blocks(experiment.space.matrices, widest, info.heads)
        self._by_ability: dict[str, UnitImportance] = {}

    def scores(self, mask: MaskSpec) -> UnitImportance:
        """The scores of a mask's ability for the units of its variant.

        Raises:
            Cancelled: it was cancelled between two batches.
            ValueError: importance does not fit in memory, or is not finite.
        """
        found = self.of(mask.ability)
        even, odd = (self._in_variant(mask.variant, half) for half in found.halves)
        return UnitImportance(self._in_variant(mask.variant, found.scores), (even, odd))

    def contrast(self, mask: MaskSpec) -> list[ContrastScores]:
        """The contrast of a mask's ability with all others: of the shares of whole units.

        Raises:
            Cancelled: it was cancelled between two batches.
            ValueError: importance does not fit in memory, is not finite, or is 0 everywhere.
        """
        by_ability = {ability: self._in_variant(mask.variant, self.of(ability).scores) for ability in ORDER}
        own = by_ability[mask.ability]
        shares = Shares.none(lambda dtype: tuple(torch.zeros(len(one), dtype=dtype) for one in own))
        for ability, scores in by_ability.items():
            shares.add(ability, scores)
        return list(contrast_scores(own, mask.ability, shares))

    def of(self, ability: str) -> UnitImportance:
        """An ability's scores for all units; stored ones, unless they have to be computed and stored now.

        Raises:
            Cancelled: it was cancelled between two batches.
            ValueError: importance does not fit in memory, or is not finite.
        """
        if ability not in self._by_ability:
            key, key_inputs = self._experiment.unit_scores_request(ability, self._n_items)
            with alone_with(self._experiment, key):
                found = self._stored(key)
                if found is None:
                    found = computed_units(self._experiment, ability, self._n_items, self._blocks)
                    self._store(key, key_inputs, found)
            self._by_ability[ability] = found
        return self._by_ability[ability]

    def _in_variant(self, variant: Variant, scores: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The scores of the blocks that a variant takes units from, out of the scores of all blocks."""
        of_blocks = zip(self._blocks, scores, strict=True)
        return tuple(one for block, one in of_blocks if variant == "all" or block.parts[0].matrix.is_mlp)

    def _stored(self, key: str) -> UnitImportance | None:
        scores, counts = self._experiment.store.unit_scores, [block.count for block in self._blocks]
        try:
            rows = scores.load(key, sum(counts))
        except CorruptEntry as error:
            replace_damaged(self._experiment, scores.entries, key, error)
            return None
        if rows is None:
            return None
        whole, even, odd = (torch.split(torch.from_numpy(row), counts) for row in rows.copy())
        return UnitImportance(whole, (even, odd))

    def _store(self, key: str, key_inputs: dict[str, object], found: UnitImportance) -> None:
        scores = self._experiment.store.unit_scores
        rows = np.stack([torch.cat(one).numpy() for one in (found.scores, *found.halves)])
        with storing(self._experiment):
            scores.save(key, key_inputs, rows)
        self._experiment.note_stored(scores.entries, key)
