"""Contrasts over the layers of several workers: counts are added up here, and only what is selected comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from torch import Tensor

from core.cluster.layer_groups import Contrast
from core.cluster.units import WantedRanking
from core.masks.contrast import checked_total
from core.masks.layout import Addresses, Layout, shares_of_matrices
from core.masks.ranking import Threshold, merged_by_matrix, merged_ranking
from core.models.matrices import Variant
from core.run.experiment import Experiment
from core.run.importance import ORDER
from core.run.selected import stored_layout
from core.run.specs import mask_weights


class Groups(Protocol):
    """The layer groups of all workers, in the order of their layers."""

    def all(self, name: str, *arguments: Any) -> list[Any]:
        """What a method of `LayerGroup` gives on each, all at once."""

    def one(self, index: int, name: str, *arguments: Any) -> Any:
        """What it gives on one of them."""


class _Parts:
    """A contrast on all groups. What one part is asked, all are asked at once."""

    def __init__(self, groups: Groups, n: int, contrast: Contrast) -> None:
        self.groups, self.contrast = groups, contrast
        self.each = [_Part(self, index) for index in range(n)]
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


class _Scored(NamedTuple):
    """The importance of a variant's candidates in all groups."""

    totals: tuple[float, ...]
    """The sum of each ability's, in the order of `ORDER`."""
    sizes: tuple[int, ...]
    """Weights of each matrix."""


def rank_contrasts(experiment: Experiment, groups: Groups, n: int, wanted: Sequence[WantedRanking]) -> None:
    """Ranks contrasts over n groups of layers, and stores them: as one process would rank them.

    Raises:
        ValueError: an ability's importance is 0 or not finite.
    """
    layout, scored = stored_layout(experiment), dict[Variant, _Scored]()
    for one in wanted:
        mask = one.mask
        if mask.variant not in scored:
            scored[mask.variant] = _scored(groups, mask.variant)
        totals, sizes = scored[mask.variant]
        parts = _Parts(groups, n, Contrast(mask, totals, sum(sizes)))
        matrices, local = _ranked(experiment, layout, parts, sizes)
        key_inputs, key = experiment.ranking_key_inputs(mask), experiment.ranking_key(mask)
        items = experiment.diagnostic_set(mask.ability, mask.n_items).n
        metadata = {"split_half_overlap": {}, "items": items}
        ids = matrices.astype(np.int16), local.astype(np.int32)
        experiment.store.rankings.save(key, key_inputs, *ids, metadata)


def _scored(groups: Groups, variant: Variant) -> _Scored:
    totals, sizes = [], tuple[int, ...]()
    for ability in ORDER:
        found = [each for of_group in groups.all("sums", ability, variant) for each in of_group]
        sizes = tuple(size for _, size in found)
        totals.append(checked_total([total for total, _ in found], ability))
    return _Scored(tuple(totals), sizes)


def _ranked(
    experiment: Experiment, layout: Layout, parts: _Parts, sizes: Sequence[int]
) -> tuple[Addresses, Addresses]:
    """Matrices and positions in them, in rank order."""
    mask = parts.contrast.mask
    n = mask_weights(mask, experiment.info)
    if mask.scope == "per-matrix":
        counts = tuple(shares_of_matrices(sizes, n))
        rankings = [own for of_group in parts.answers("rankings", counts) for own in of_group]
        ranked = merged_by_matrix(sizes, counts, rankings)
    else:
        ranked = merged_ranking(parts.each, n)
    return layout.split(mask.variant, ranked.numpy())
