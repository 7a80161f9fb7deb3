"""Makes masks: from a stored ranking, from a new one, or at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from cache.files import CorruptEntry
from cache.rankings import Ranking
from core.analysis.selected import select
from core.experiment.specs import MaskSpec
from core.experiment.storing import alone_with, replace_damaged, storing
from core.masks.choices import CONTRASTS
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.masks.ranking import bottom_ranking, top_ranking
from core.models.description import selectable_weights
from core.runner.importance import ImportanceMaps
from core.runner.loaded import LoadedExperiment


class MaskMaker:
    """Makes the masks of one loaded experiment."""

    def __init__(self, experiment: LoadedExperiment) -> None:
        """Loads the model, if that was not done before."""
        self._experiment = experiment
        self._layout = Layout(experiment.space.matrices)
        self.maps = ImportanceMaps(experiment)

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
            n, *more = (selectable_weights(k, own.variant, self._experiment.info) for k in (own.k, *ks))
            ranking = self._ranking(own, n, sorted({n, *more}), expected)
            return Mask.of(self._layout.starts[ranking.matrix_ids] + ranking.local_indices)

        mask = select(self._experiment, self._layout, spec, ranked)
        assert mask is not None, "every ranking is stored or made"
        return mask

    def _ranking(self, spec: MaskSpec, n: int, ns: Sequence[int], expected: Sequence[MaskSpec]) -> Ranking:
        """The first n weights of a ranking that is stored, or computed now for all of ns."""
        experiment, rankings = self._experiment, self._experiment.store.rankings
        key_inputs, key = experiment.ranking_key_inputs(spec), experiment.ranking_key(spec)
        with alone_with(experiment, key):
            stored = self._stored(key, n)
            if stored is not None:
                return stored
            positions, overlaps = self._rank(spec, ns, expected)
            matrices, local = self._layout.split(spec.variant, positions.numpy())
            matrix_ids, local_indices = matrices.astype(np.int16), local.astype(np.int32)
            diagnostic = experiment.diagnostic_set(spec.ability, spec.n_items)
            metadata = {"split_half_overlap": overlaps, "items": diagnostic.n}
            with storing(experiment):
                rankings.save(key, key_inputs, matrix_ids, local_indices, metadata)
            experiment.note_stored(rankings.entries, key)
            return Ranking(matrix_ids[:n], local_indices[:n], metadata)

    def _stored(self, key: str, n: int) -> Ranking | None:
        """The first n weights of a stored ranking; None if there is none, a shorter or a damaged one."""
        rankings = self._experiment.store.rankings
        try:
            length = rankings.length(key)
            return None if length is None or length < n else rankings.load(key, n)
        except CorruptEntry as error:
            replace_damaged(self._experiment, rankings.entries, key, error)
            return None

    def _rank(
        self, spec: MaskSpec, ns: Sequence[int], expected: Sequence[MaskSpec]
    ) -> tuple[Tensor, dict[str, float]]:
        """Positions over the candidates in rank order, and the split-half overlap at each n."""
        n_items = self._experiment.n_items_of(spec)
        if self.maps.n_items != n_items:
            self.maps = ImportanceMaps(self._experiment, n_items)
        longest, scope, progress = ns[-1], spec.scope, self._experiment.progress
        if spec.selection in CONTRASTS:
            contrast = self.maps.contrast(spec, expected)
            with progress.phase("ranking"):
                return top_ranking(contrast, longest, scope), {}
        importance = self.maps.scores(spec.ability, expected)
        scores = self.maps.in_variant(spec.variant, importance.scores)
        if spec.selection == "bottom":
            with progress.phase("ranking"):
                return bottom_ranking(scores, longest, scope), {}
        matrices = self._experiment.space.candidates(spec.variant)
        halves = ([half[matrix.index] for matrix in matrices] for half in importance.halves)
        found = []
        with progress.phase("ranking", total=3) as running:
            for done, values in enumerate((scores, *halves), start=1):
                self._experiment.check_cancelled()
                found.append(top_ranking(values, longest, scope))
                running.advance(done)
        whole, first, second = found
        return whole, {str(n): _overlap(first[:n], second[:n]) for n in ns if n}


def _overlap(first: Tensor, second: Tensor) -> float:
    """The share of one set of positions that is in another of the same size."""
    return float(torch.isin(first, second).float().mean())
