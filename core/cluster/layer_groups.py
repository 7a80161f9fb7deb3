"""A worker's layers: their scores for all abilities, and their part of each contrast.

Where machines share no folder, nobody has the scores of all weights for all abilities. Each worker scores its
own layers for every ability, and keeps them; a contrast is ranked over all of them by counts alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.importance.maps import MatrixScores
from core.importance.plan import Group
from core.masks.contrast import Shares, contrast_scores, no_shares, sums_of
from core.masks.ranking import Part, Scores, Threshold, rankings_of_matrices, size_of
from core.models.matrices import Matrix, Variant
from core.run.computing import computed_importance
from core.run.importance import ORDER
from core.run.runner import Runner
from core.run.specs import MaskSpec


@dataclass(frozen=True)
class Contrast:
    """What is ranked."""

    mask: MaskSpec
    """With the largest k that is cut from the ranking."""
    totals: tuple[float, ...]
    """The sum of each ability's importance over all candidates of the variant, in the order of `ORDER`."""
    candidates: int
    """How many weights the variant has in all layers."""


class LayerGroup:
    """Some consecutive layers of a loaded model."""

    def __init__(self, runner: Runner, layers: Group) -> None:
        """Scores nothing yet."""
        self._runner, self._layers = runner, layers
        self._scores: dict[str, dict[int, MatrixScores]] = {}
        """By ability and the index of the matrix."""
        self._shares: tuple[Contrast, Shares] | None = None
        """The contrast that was asked for last, whatever its ability and k, and its shares."""

    def sums(self, ability: str, variant: Variant) -> list[tuple[float, int]]:
        """The sum of an ability's importance over each candidate matrix, and its size.

        What is here is scored if need be.
        """
        own = self._of(ability, variant)
        return list(zip(sums_of(own), map(size_of, own), strict=True))

    def size(self, contrast: Contrast) -> int:
        """See `RankedPart`, as what follows."""
        return self._part(contrast).size()

    def histogram(self, contrast: Contrast) -> Tensor:
        """See `RankedPart`."""
        return self._part(contrast).histogram()

    def histogram_within(self, contrast: Contrast, upper: int) -> Tensor:
        """See `RankedPart`."""
        return self._part(contrast).histogram_within(upper)

    def selected(self, contrast: Contrast, n: int, threshold: Threshold) -> tuple[Tensor, Tensor]:
        """See `RankedPart`."""
        return self._part(contrast).selected(n, threshold)

    def rankings(self, contrast: Contrast, counts: Sequence[int]) -> list[Tensor]:
        """(count,) int64 positions within each matrix here: its own ranking, as far as its share goes.

        Args:
            contrast: what is ranked, matrix by matrix.
            counts: the share of each candidate matrix of the model.
        """
        part, candidates = self._part(contrast), self._candidates(contrast.mask.variant)
        own = [count for count, one in zip(counts, candidates, strict=True) if self._has(one)]
        return rankings_of_matrices(part.scores, own, part.sign, part.first)

    def _part(self, contrast: Contrast) -> Part:
        mask = contrast.mask
        own = self._of(mask.ability, mask.variant)
        first = next((index for index, one in enumerate(self._candidates(mask.variant)) if self._has(one)), 0)
        return Part(contrast_scores(own, mask.ability, self._shares_of(contrast)), 1, first)

    def _shares_of(self, contrast: Contrast) -> Shares:
        """The aggregate over all abilities, for the candidates here."""
        mask = contrast.mask
        if self._shares is not None:
            known, shares = self._shares
            if (known.mask.variant, known.mask.selection) == (mask.variant, mask.selection):
                return shares
        sizes = [size_of(one) for one in self._of(mask.ability, mask.variant)]
        self._shares = None  # before the next one takes memory
        shares = no_shares(
            mask.selection,
            lambda dtype: tuple(torch.zeros(size, dtype=dtype) for size in sizes),
            contrast.candidates,
        )
        for ability, total in zip(ORDER, contrast.totals, strict=True):
            shares.add(ability, self._of(ability, mask.variant), total)
        self._shares = contrast, shares
        return shares

    def _of(self, ability: str, variant: Variant) -> Sequence[Scores]:
        """An ability's scores of the candidates here."""
        if ability not in self._scores:
            self._scores[ability] = self._computed(ability)
        own = self._scores[ability]
        return [own[one.index] for one in self._candidates(variant) if self._has(one)]

    def _computed(self, ability: str) -> dict[int, MatrixScores]:
        """An ability's scores of the matrices here, by index."""
        n_items = self._runner.importance.n_items
        found = computed_importance(self._runner, ability, n_items, self._layers).scores
        return {one.index: found[one.index] for one in filter(self._has, self._runner.space.matrices)}

    def _candidates(self, variant: Variant) -> Sequence[Matrix]:
        return self._runner.space.candidates(variant)

    def _has(self, matrix: Matrix) -> bool:
        return self._layers[0] <= matrix.layer < self._layers[1]
