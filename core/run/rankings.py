"""Makes masks: from a stored ranking, from a new one, or at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cache.files import CorruptEntry
from cache.rankings import Ranking
from core.importance.maps import MatrixScores
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.masks.ranking import Scores, bottom_ranking, top_ranking
from core.run.importance import ImportanceMaps
from core.run.loaded import LoadedExperiment
from core.run.selected import cut, select, units_of
from core.run.specs import MaskSpec, mask_weights
from core.run.storing import alone_with, replace_damaged, storing
from core.run.unit_scores import UnitScores


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
        if spec.selection == "max_minus_shared":
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
        if spec.selection == "max_minus_shared":
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
