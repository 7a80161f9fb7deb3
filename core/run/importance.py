"""The importance maps of a runner: computed when they are needed, kept while there is room.

A contrast compares one ability with the shares of all, which are added once, in the catalogue's order.
Where that order comes to an ability whose importance another ranking needs anyway, it is added on the way: a
profile of `top` and `max_minus_shared` scores no ability a third time.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence

import torch

from cache.files import CorruptEntry
from core.abilities import ABILITIES
from core.importance.maps import Importance, MatrixScores, zero_map
from core.importance.memory import AvailableMemory, available_memory
from core.importance.plan import SHARE_OF_FREE
from core.masks.contrast import ContrastScores, Shares, contrast_scores
from core.models.matrices import Variant
from core.run.computing import computed_importance
from core.run.kept_scores import keep_scores, kept_scores
from core.run.loaded import LoadedExperiment
from core.run.specs import MaskSpec

SHARE_OF_MEMORY = 0.5
"""Share of the memory that the score maps of all abilities may take together."""

MAP_BYTES = 8
"""One ability's score maps, per candidate weight of the model: two float32."""

SUM_BYTES = 10
"""The shares of all abilities, per candidate weight of their variant: two float32 and two bytes."""

ORDER = tuple(ability.id for ability in ABILITIES)
"""The order in which shares are added: in another one the last digits would differ."""


class ImportanceMaps:
    """Score maps by ability, and the sums over all abilities that contrasts need."""

    def __init__(self, experiment: LoadedExperiment, n_items: int | None = None) -> None:
        """Nothing is computed yet; `n_items` of each ability, by default as many as the experiment says."""
        self._experiment = experiment
        self.n_items = n_items or experiment.importance.n_items
        self.by_ability: dict[str, Importance] = {}
        self.share_sums: dict[Variant, Shares] = {}
        """Over all abilities, or the first of them."""

    def scores(self, ability: str, expected: Iterable[MaskSpec] = ()) -> Importance:
        """An ability's importance where no other's is needed with it.

        Args:
            ability: which.
            expected: masks to come: the importance is added to the sums that they need, if it is its turn.

        Raises:
            Cancelled: it was cancelled between two batches.
            ValueError: it does not fit in memory and on the disk, or is 0 everywhere.
        """
        ahead = self._contrasts_ahead(expected)
        sums_bytes = sum(self._size(variant) * SUM_BYTES for variant in {*ahead, *self.share_sums})
        if self._takes_too_much(ability, sums_bytes):
            self._drop_maps(but=ability)
            self._drop_sums(but=ahead)
        importance = self._of(ability)
        self._add(ability, importance.scores, ahead)
        return importance

    def contrast(self, mask_spec: MaskSpec, expected: Iterable[MaskSpec] = ()) -> list[ContrastScores]:
        """The contrast of a mask's ability with all others, for each matrix of its variant.

        Raises:
            Cancelled: it was cancelled between two batches.
            ValueError: importance does not fit in memory and on the disk, or is 0 everywhere.
        """
        wanted = mask_spec.variant
        if wanted not in self.share_sums:
            self._begin(wanted)
        for ability in ORDER[len(self.share_sums[wanted].totals) :]:
            scores = self._beside_all(ability)
            self._add(ability, scores, [wanted, *sorted(self._contrasts_ahead(expected) - {wanted})])
        own = self.in_variant(mask_spec.variant, self._beside_all(mask_spec.ability))
        return contrast_scores(own, mask_spec.ability, self.share_sums[wanted])

    def in_variant(self, variant: Variant, scores: Sequence[MatrixScores]) -> list[MatrixScores]:
        """The scores of a variant's candidate matrices."""
        return [scores[matrix.index] for matrix in self._experiment.space.candidates(variant)]

    def keep(self, ability: str) -> None:
        """Stores an ability's scores, if they are not, for contrasts that other processes make.

        Where the disk has no room, nothing is stored, and whoever needs the scores computes them.

        Raises:
            Cancelled: it was cancelled between two batches.
            ValueError: the importance does not fit in memory and on the disk.
        """
        experiment = self._experiment
        if kept_scores(experiment, ability, self.n_items) is None:
            keep_scores(experiment, ability, self.n_items, self.scores(ability))

    # Maps.

    def _of(self, ability: str) -> Importance:
        if ability not in self.by_ability:
            self.by_ability[ability] = computed_importance(self._experiment, ability, self.n_items)
        return self.by_ability[ability]

    def _beside_all(self, ability: str) -> Sequence[MatrixScores]:
        """An ability's scores: kept ones, or among those of all others if there is room, else alone."""
        if ability not in self.by_ability:
            kept = kept_scores(self._experiment, ability, self.n_items)
            if kept is not None:
                return kept
            if not self._all_fit():
                self._drop_maps()
        return self._of(ability).scores

    def _drop_maps(self, but: str = "") -> None:
        for ability in set(self.by_ability) - {but}:
            del self.by_ability[ability]

    def _takes_too_much(self, ability: str, others_bytes: int) -> bool:
        """Whether the maps that are kept, this ability's and something else take more than their share."""
        together = len({ability, *self.by_ability}) * MAP_BYTES * self._experiment.space.size
        return together + others_bytes > SHARE_OF_MEMORY * _memory_bytes()

    def _all_fit(self) -> bool:
        """Whether the maps of all abilities fit at once, in main memory or on the disk."""
        missing = len(set(ORDER) - set(self.by_ability)) * MAP_BYTES * self._experiment.space.size
        free = self._free()
        memory = _memory_bytes() if free.host_bytes is None else free.host_bytes
        return missing <= SHARE_OF_MEMORY * memory + SHARE_OF_FREE * (free.disk_bytes or 0)

    # Sums.

    def _contrasts_ahead(self, expected: Iterable[MaskSpec]) -> set[Variant]:
        """The variants whose contrasts masks to come need and whose rankings are not stored."""
        found: set[Variant] = set()
        for mask in expected:
            if self._experiment.n_items_of(mask) != self.n_items or mask.scope == "units":
                continue
            is_contrast = mask.selection == "max_minus_shared" and mask.variant not in found
            if is_contrast and not self._is_ranked(mask):
                found.add(mask.variant)
        return found

    def _is_ranked(self, mask: MaskSpec) -> bool:
        """Whether its ranking is stored and long enough; whoever needs a damaged one reports it."""
        experiment = self._experiment
        try:
            length = experiment.store.rankings.length(experiment.ranking_key(mask))
        except CorruptEntry:
            return False
        return length is not None and length >= experiment.ranking_entries(mask)

    def _add(self, ability: str, scores: Sequence[MatrixScores], variants: Iterable[Variant]) -> None:
        """Adds an ability's shares to some sums, if it is its turn; begins them if there is room."""
        for variant in variants:
            if variant not in self.share_sums and ability == ORDER[0] and self._has_room(variant):
                self._begin(variant)
            if variant in self.share_sums and ORDER.index(ability) == len(self.share_sums[variant].totals):
                # Taken out meanwhile: a sum that was left in the middle of an addition must not be used.
                shares = self.share_sums.pop(variant)
                shares.add(ability, self.in_variant(variant, scores))
                self.share_sums[variant] = shares

    def _begin(self, variant: Variant) -> None:
        """Starts an empty sum, in main memory if there is room, else on the disk."""
        if not self._has_room(variant):
            self._drop_sums()
        folder = None if self._fits_in_memory(variant) else self._experiment.store.root
        matrices = self._experiment.space.candidates(variant)

        def zeros(dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
            return tuple(one.view(-1) for one in zero_map(matrices, folder, dtype))

        self.share_sums[variant] = Shares.none(zeros)

    def _drop_sums(self, but: Collection[Variant] = ()) -> None:
        for variant in set(self.share_sums) - set(but):
            del self.share_sums[variant]

    def _has_room(self, variant: Variant) -> bool:
        """Whether a sum would leave room for one ability's maps beside it."""
        disk = self._free().disk_bytes or 0
        return self._fits_in_memory(variant) or self._needed_bytes(variant) <= SHARE_OF_FREE * disk

    def _fits_in_memory(self, variant: Variant) -> bool:
        host = self._free().host_bytes
        return host is None or self._needed_bytes(variant) <= SHARE_OF_MEMORY * host

    def _free(self) -> AvailableMemory:
        return available_memory(self._experiment.space, self._experiment.store.root)

    def _needed_bytes(self, variant: Variant) -> int:
        """A variant's sum and one ability's maps."""
        return SUM_BYTES * self._size(variant) + MAP_BYTES * self._experiment.space.size

    def _size(self, variant: Variant) -> int:
        return sum(matrix.size for matrix in self._experiment.space.candidates(variant))


def _memory_bytes() -> int:
    """The machine's main memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
