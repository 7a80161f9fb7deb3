"""The scores of whole units by ability: each ability's maps are summed over its units and let go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from core.experiment.specs import MaskSpec
from core.masks.contrast import ContrastScores, contrast_scores, no_shares
from core.masks.unit_scores import of_variant, unit_scores
from core.models.matrices import Variant
from core.models.units import unit_blocks
from core.runner.importance import ORDER, ImportanceMaps
from core.runner.kept_scores import kept_scores
from core.runner.loaded import LoadedExperiment


class OfUnits(NamedTuple):
    """The scores of one ability: (count,) float32 for each block of units."""

    whole: list[Tensor]
    """From all items."""
    halves: tuple[list[Tensor], ...]
    """From the items at even and at odd indices; none where the scores of weights were kept without them."""


class UnitScores:
    """The scores of all units of a model by ability; a few bytes a unit, so that all are kept."""

    def __init__(self, experiment: LoadedExperiment, maps: ImportanceMaps) -> None:
        """Nothing is computed yet.

        Args:
            experiment: the model.
            maps: where scores of weights come from.
        """
        self._experiment, self._maps, info = experiment, maps, experiment.info
        widest: Variant = "all" if "all" in info.unit_sizes else "mlp"
        self._blocks = unit_blocks(experiment.space.matrices, widest, info.heads)
        self.by_ability: dict[str, OfUnits] = {}

    def scores(self, mask: MaskSpec, expected: Iterable[MaskSpec] = ()) -> OfUnits:
        """The scores of a mask's ability for the units of its variant.

        Args:
            mask: which.
            expected: masks to come: maps that one of single weights can use are kept.

        Raises:
            Cancelled: it was cancelled between two batches.
            ValueError: importance does not fit in memory and on the disk, or is 0 everywhere.
        """
        whole, halves = self._of(mask.ability, expected, with_halves=True)
        return OfUnits(
            of_variant(self._blocks, whole, mask.variant),
            tuple(of_variant(self._blocks, half, mask.variant) for half in halves),
        )

    def contrast(self, mask: MaskSpec, expected: Iterable[MaskSpec] = ()) -> list[ContrastScores]:
        """The contrast of a mask's ability with all others: of the shares of whole units.

        Raises:
            Cancelled: it was cancelled between two batches.
            ValueError: importance does not fit in memory and on the disk, or is 0 everywhere.
        """
        by_ability = {
            ability: of_variant(
                self._blocks, self._of(ability, expected, with_halves=False).whole, mask.variant
            )
            for ability in ORDER
        }
        own = by_ability[mask.ability]
        shares = no_shares(
            mask.selection,
            lambda dtype: tuple(torch.zeros(len(one), dtype=dtype) for one in own),
            candidates=sum(map(len, own)),
        )
        for ability, scores in by_ability.items():
            shares.add(ability, scores)
        return list(contrast_scores(own, mask.ability, shares))

    def _of(self, ability: str, expected: Iterable[MaskSpec], *, with_halves: bool) -> OfUnits:
        known = self.by_ability.get(ability)
        if known is None or (with_halves and not known.halves):
            kept = None if with_halves else kept_scores(self._experiment, ability, self._maps.n_items)
            if kept is not None:
                known = OfUnits(unit_scores(self._blocks, kept), ())
            else:
                is_wanted = any(mask.scope != "units" for mask in expected)
                importance = self._maps.once(ability, keep=is_wanted)
                whole, *halves = (
                    unit_scores(self._blocks, one) for one in (importance.scores, *importance.halves)
                )
                known = OfUnits(whole, tuple(halves))
            self.by_ability[ability] = known
        return known
