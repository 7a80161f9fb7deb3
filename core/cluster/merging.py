"""Contrasts over the layers of several workers: counts are added up here, and only what is selected comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from core.analysis.selected import stored_layout
from core.cluster.layer_groups import Contrast
from core.cluster.units import WantedRanking
from core.experiment.experiment import Experiment
from core.experiment.specs import mask_weights
from core.masks.contrast import checked_total
from core.masks.ranking import Threshold, merged_ranking
from core.models.matrices import Variant
from core.runner.importance import ORDER


class Groups(Protocol):
    """The layer groups of all workers, in the order of their layers."""

    def all(self, name: str, *arguments: Any) -> list[Any]:
        """What a method of `LayerGroup` gives on each, all at once."""

    def one(self, index: int, name: str, *arguments: Any) -> Any:
        """What it gives on one of them."""


class _Parts:
    """A contrast on all groups. What one part is asked, all are asked at once."""

    def __init__(self, groups: Groups, contrast: Contrast) -> None:
        self.groups, self.contrast = groups, contrast
        self._answers: dict[tuple[Any, ...], list[Any]] = {}

    def answers(self, name: str, *arguments: Any) -> list[Any]:
        """What all of them answer."""
        asked = name, *arguments
        if asked not in self._answers:
            self._answers[asked] = self.groups.all(name, self.contrast, *arguments)
        return self._answers[asked]


class _Part:
    """One of them, as `RankedPart`."""

    def __init__(self, parts: _Parts, index: int) -> None:
        self._parts, self._index = parts, index

    def size(self) -> int:
        found: int = self._parts.answers("size")[self._index]
        return found

    def histogram(self) -> Tensor:
        found: Tensor = self._parts.answers("histogram")[self._index]
        return found

    def histogram_within(self, upper: int) -> Tensor:
        found: Tensor = self._parts.answers("histogram_within", upper)[self._index]
        return found

    def selected(self, n: int, threshold: Threshold) -> tuple[Tensor, Tensor]:
        asked = self._parts.contrast, n, threshold
        found: tuple[Tensor, Tensor] = self._parts.groups.one(self._index, "selected", *asked)
        return found


def rank_contrasts(experiment: Experiment, groups: Groups, n: int, wanted: Sequence[WantedRanking]) -> None:
    """Ranks contrasts over n groups of layers, and stores them: as one process would rank them.

    Raises:
        ValueError: an ability's importance is 0 or not finite.
    """
    layout, totals = stored_layout(experiment), dict[Variant, tuple[float, ...]]()
    for one in wanted:
        variant = one.mask.variant
        if variant not in totals:
            totals[variant] = tuple(_total(groups, ability, variant) for ability in ORDER)
        parts = _Parts(groups, Contrast(one.mask, totals[variant]))
        ranked = merged_ranking(
            [_Part(parts, index) for index in range(n)], mask_weights(one.mask, experiment.info)
        )
        matrices, local = layout.split(variant, ranked.numpy())
        key_inputs, key = experiment.ranking_key_inputs(one.mask), experiment.ranking_key(one.mask)
        items = experiment.diagnostic_set(one.mask.ability, one.mask.n_items).n
        metadata = {"split_half_overlap": {}, "items": items}
        ids = matrices.astype(np.int16), local.astype(np.int32)
        experiment.store.rankings.save(key, key_inputs, *ids, metadata)


def _total(groups: Groups, ability: str, variant: Variant) -> float:
    sums = groups.all("sums", ability, variant)
    return checked_total([each for of_group in sums for each in of_group], ability)
