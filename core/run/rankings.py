"""Makes masks: from a stored ranking, from a new one, or at random.

`max_minus_shared` compares one ability with the shares of all, which are taken in once, in the catalogue's
order. Where that order comes to an ability whose importance another ranking needs anyway, it is added on the
way: a profile of `top` and `max_minus_shared` scores no ability a third time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cache.files import CorruptEntry
from cache.rankings import Ranking
from core.abilities import ABILITY_IDS
from core.abilities.prompts import render_choice
from core.importance.maps import Importance, MatrixScores, zero_map
from core.importance.plan import (
    SHARE_OF_FREE,
    AvailableMemory,
    ImportancePlan,
    ItemsShape,
    ModelShape,
    Task,
    available_memory,
    plan_importance,
)
from core.importance.scoring import score_importance
from core.importance.unit_effects import UnitImportance, score_units
from core.inference.encoding import EncodedChoice, encode_choice, longest_row
from core.masks.contrast import ContrastScores, Shares, contrast_scores
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.masks.ranking import Scores, bottom_ranking, top_ranking
from core.models.devices import free_on_disk
from core.models.matrices import UnitBlock, Variant, unit_blocks
from core.run.events import ImportancePlanned
from core.run.loaded import LoadedExperiment
from core.run.pace import scoring_phase
from core.run.selected import cut, has_ranking, select, units_of
from core.run.specs import MaskSpec, mask_weights
from core.run.storing import alone_with, replace_damaged, storing


class MaskMaker:
    """Makes the masks of one loaded experiment."""

    def __init__(self, experiment: LoadedExperiment) -> None:
        """Loads the model, if that was not done before."""
        self._experiment = experiment
        self._layout = Layout(experiment.space.matrices)
        self.maps = ImportanceMaps(experiment)

    @cached_property
    def units(self) -> UnitScores:
        """The scores of whole units that were computed."""
        return UnitScores(self._experiment, self.maps.n_items)

    def mask(self, spec: MaskSpec, ks: Sequence[float] = (), expected: Sequence[MaskSpec] = ()) -> Mask:
        """The selected weights; the rankings that it needs are taken from the cache or made now.

        Args:
            spec: which weights.
            ks: other values of k that will be asked for: a new ranking is made for the largest.
            expected: masks to come: what is scored now is kept for their contrasts.

        Raises:
            Cancelled: it was cancelled between two batches.
            ValueError: k is out of range, or asks for more weights than there are candidates; or importance
                fits neither in memory nor on the disk.
        """

        def ranked(own: MaskSpec) -> Mask:
            info = self._experiment.info
            ns = {mask_weights(replace(own, k=k), info) for k in (own.k, *ks)}
            ranking = self._ranking(own, sorted(ns), expected)
            return cut(self._experiment, self._layout, own, ranking)

        mask = select(self._experiment, self._layout, spec, ranked)
        assert mask is not None, "every ranking is stored or made"
        return mask

    def _ranking(self, spec: MaskSpec, ns: Sequence[int], expected: Sequence[MaskSpec]) -> Ranking:
        """The entries that a mask is cut from, of a ranking that is stored, or computed now for all of ns."""
        experiment, rankings = self._experiment, self._experiment.store.rankings
        key_inputs, key = experiment.ranking_key_inputs(spec), experiment.ranking_key(spec)
        with alone_with(experiment, key):
            stored = self._stored(spec, key)
            if stored is not None:
                return stored
            matrix_ids, local_indices, overlaps = self._rank(spec, ns, expected)
            diagnostic = experiment.diagnostic_set(spec.ability, spec.n_items)
            metadata = {"split_half_overlap": overlaps, "items": diagnostic.n}
            with storing(experiment):
                rankings.save(key, key_inputs, matrix_ids, local_indices, metadata)
            experiment.note_stored(rankings.entries, key)
            n = len(matrix_ids) if spec.scope == "units" else experiment.ranking_entries(spec)
            return Ranking(matrix_ids[:n], local_indices[:n], metadata)

    def _stored(self, spec: MaskSpec, key: str) -> Ranking | None:
        """The entries of a stored ranking; None if there is none, a shorter or a damaged one."""
        rankings, n = self._experiment.store.rankings, self._experiment.ranking_entries(spec)
        try:
            length = rankings.length(key)
            if length is None or length < n:
                return None
            return rankings.load(key, length if spec.scope == "units" else n)
        except CorruptEntry as error:
            replace_damaged(self._experiment, rankings.entries, key, error)
            return None

    def _rank(
        self, spec: MaskSpec, ns: Sequence[int], expected: Sequence[MaskSpec]
    ) -> tuple[NDArray[np.int16], NDArray[np.int32], dict[str, float]]:
        """Matrices and places in rank order, of weights or of the first ones of all units.

        With them comes the split-half overlap at each n of `top`.
        """
        n_items = self._experiment.n_items_of(spec)
        if self.maps.n_items != n_items:
            self.maps = ImportanceMaps(self._experiment, n_items)
            vars(self).pop("units", None)
        if spec.scope == "units":
            return self._rank_units(spec, ns)
        scores, halves = self._scores(spec, expected)
        positions, *of_halves = self._ranked(spec, [scores, *halves], ns[-1])
        matrices, local = self._layout.split(spec.variant, positions.numpy())
        overlaps = {str(n): _overlap(*(half[:n] for half in of_halves)) for n in ns if n and of_halves}
        return matrices.astype(np.int16), local.astype(np.int32), overlaps

    def _rank_units(
        self, spec: MaskSpec, ns: Sequence[int]
    ) -> tuple[NDArray[np.int16], NDArray[np.int32], dict[str, float]]:
        """The same of units."""
        units, scored = units_of(self._experiment, self._layout, spec), self.units
        if spec.is_contrast:
            found: Sequence[Sequence[Scores]] = [scored.contrast(spec)]
        else:
            own = scored.scores(spec)
            found = [own.scores, *own.halves] if spec.selection == "top" else [own.scores]
        numbers, *of_halves = self._ranked(spec, found, len(units))
        matrices, local = self._layout.split("all", units.addresses[numbers.numpy()])
        overlaps = {
            str(n): _overlap(*(half[: len(units.fitting(half.numpy(), n))] for half in of_halves))
            for n in ns
            if of_halves
        }
        return matrices.astype(np.int16), local.astype(np.int32), overlaps

    def _scores(
        self, spec: MaskSpec, expected: Sequence[MaskSpec]
    ) -> tuple[Sequence[Scores], list[list[MatrixScores]]]:
        """The scores that a ranking is of, and for `top` those of two halves of the items."""
        if spec.is_contrast:
            return self.maps.contrast(spec, expected), []
        importance = self.maps.scores(spec.ability, expected)
        scores = self.maps.in_variant(spec.variant, importance.scores)
        if spec.selection == "bottom":
            return scores, []
        matrices = self._experiment.space.candidates(spec.variant)
        return scores, [[half[matrix.index] for matrix in matrices] for half in importance.halves]

    def _ranked(self, spec: MaskSpec, scores: Sequence[Sequence[Scores]], n: int) -> list[Tensor]:
        """The first n positions of each ranking."""
        rank = bottom_ranking if spec.selection == "bottom" else top_ranking
        found = []
        with self._experiment.progress.phase("ranking", total=len(scores)) as running:
            for done, values in enumerate(scores, start=1):
                self._experiment.check_cancelled()
                found.append(rank(values, n))
                running.advance(done)
        return found


def _overlap(first: Tensor, second: Tensor) -> float:
    """The share of one set of positions that is in another of the same size."""
    return float(torch.isin(first, second).float().mean())


SHARE_OF_MEMORY = 0.5
"""Share of the memory that the score maps of all abilities may take together."""

MAP_BYTES = 8
"""One ability's score maps, per candidate weight of the model: two float32."""

SUM_BYTES = 10
"""The shares of all abilities, per candidate weight of their variant: two float32 and two bytes."""

ORDER = ABILITY_IDS
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
            if mask.is_contrast and mask.variant not in found and not has_ranking(self._experiment, mask):
                found.add(mask.variant)
        return found

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


def computed_importance(experiment: LoadedExperiment, ability: str, n_items: int) -> Importance:
    """The importance of every candidate weight for an ability, computed now.

    Raises:
        Cancelled: it was cancelled between two batches.
        ValueError: it does not fit in memory and on the disk.
    """
    encoded = _encoded(experiment, ability, n_items)
    plan = _plan(experiment, encoded, of_units=False)
    with _announced(experiment, ability, plan, len(encoded), of_units=False) as on_progress:
        return score_importance(
            experiment.loaded.model,
            experiment.space,
            encoded,
            loss=experiment.importance.loss,
            reduction=experiment.importance.reduction,
            plan=plan,
            scratch=experiment.store.root,
            on_progress=on_progress,
        )


def computed_units(
    experiment: LoadedExperiment, ability: str, n_items: int, blocks: Sequence[UnitBlock]
) -> UnitImportance:
    """The importance of whole units for an ability, computed now.

    Raises:
        Cancelled: it was cancelled between two batches.
        ValueError: it does not fit in memory.
    """
    encoded = _encoded(experiment, ability, n_items)
    plan = _plan(experiment, encoded, of_units=True)
    with _announced(experiment, ability, plan, len(encoded), of_units=True) as on_progress:
        return score_units(
            experiment.loaded.model,
            experiment.space,
            blocks,
            encoded,
            loss=experiment.importance.loss,
            reduction=experiment.importance.reduction,
            plan=plan,
            on_progress=on_progress,
        )


def _encoded(experiment: LoadedExperiment, ability: str, n_items: int) -> list[EncodedChoice]:
    tokenizer, diagnostic = experiment.loaded.tokenizer, experiment.diagnostic_set(ability, n_items)
    return [encode_choice(render_choice(item, diagnostic.style), tokenizer) for item in diagnostic.items()]


def _plan(experiment: LoadedExperiment, items: Sequence[EncodedChoice], *, of_units: bool) -> ImportancePlan:
    """How the importance from these items is computed in the memory that is free now."""
    loaded, space = experiment.loaded, experiment.space
    info = loaded.info
    task = Task(
        ModelShape.of(space.matrices, info.vocabulary, info.dtype, is_four_bit=info.quantization != "none"),
        ItemsShape.of(items, experiment.importance.loss, longest_row(loaded.model.config)),
        on_gpu=_is_on_gpu(experiment),
        weights_bytes=0,
        of_units=of_units,
    )
    return plan_importance(task, available_memory(space, experiment.store.root))


def _is_on_gpu(experiment: LoadedExperiment) -> bool:
    return experiment.space.device(experiment.space.matrices[0]).type != "cpu"


@contextmanager
def _announced(
    experiment: LoadedExperiment, ability: str, plan: ImportancePlan, items: int, *, of_units: bool
) -> Iterator[Callable[[int, int], None]]:
    """A context whose plan is emitted first; given is what to call after each batch, which may raise."""
    experiment.emit(
        ImportancePlanned(
            ability=ability,
            passes=len(plan.groups),
            accumulate_on=plan.accumulate_on,
            maps=plan.maps,
            scoring_batch=plan.scoring_batch,
            checkpointing=plan.checkpointing,
            on_gpu=_is_on_gpu(experiment),
            device_bytes=plan.device_bytes,
            host_bytes=plan.host_bytes,
            disk_bytes=plan.disk_bytes,
        )
    )
    with experiment.progress.phase(scoring_phase(of_units=of_units), ability, items) as running:

        def on_progress(done: int, total: int) -> None:
            running.advance(done)
            experiment.check_cancelled()

        yield on_progress


def kept_scores(experiment: LoadedExperiment, ability: str, n_items: int) -> Sequence[MatrixScores] | None:
    """The kept scores of all candidate matrices, read from the disk as they are used; None without them."""
    scores = experiment.store.scores
    key, _ = experiment.scores_request(ability, n_items)
    shapes = [(matrix.rows, matrix.columns) for matrix in experiment.space.matrices]
    try:
        arrays = scores.load(key, shapes)
    except CorruptEntry as error:
        replace_damaged(experiment, scores.entries, key, error)
        return None
    return None if arrays is None else [MatrixScores(torch.from_numpy(array)) for array in arrays]


def keep_scores(experiment: LoadedExperiment, ability: str, n_items: int, importance: Importance) -> None:
    """Stores an ability's scores; where the disk has no room, nothing is stored."""
    size_bytes = sum(products.nbytes for products in importance.products)
    if free_on_disk(experiment.store.root) < size_bytes:
        return
    key, key_inputs = experiment.scores_request(ability, n_items)
    with storing(experiment):
        experiment.store.scores.save(key, key_inputs, [one.numpy() for one in importance.products])
    experiment.note_stored(experiment.store.scores.entries, key)


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
