"""Makes masks: from a stored ranking, from a new one, or at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
from core.runner.contrasts import contrast_of, scored_for_itself

if TYPE_CHECKING:
    from core.runner.runner import Runner


def make_mask(runner: Runner, mask_spec: MaskSpec, ks: Sequence[float] = ()) -> Mask:
    """The selected weights of a mask; what rankings it needs are taken from the cache or made now.

    Args:
        runner: the model and the cache.
        mask_spec: which weights.
        ks: other values of k that will be asked for: a new ranking is made for the largest.

    Raises:
        ValueError: k is out of range, or asks for more weights than there are candidates; or importance
            fits neither in memory nor on the disk.
    """
    layout = Layout(runner.space.matrices)

    def ranked(own: MaskSpec) -> Mask:
        n, *more = (selectable_weights(k, own.variant, runner.info) for k in (own.k, *ks))
        ranking = _ranking(runner, layout, own, n, sorted({n, *more}))
        return Mask.of(layout.starts[ranking.matrix_ids] + ranking.local_indices)

    mask = select(runner, layout, mask_spec, ranked)
    assert mask is not None, "every ranking is stored or made"
    return mask


def _ranking(runner: Runner, layout: Layout, mask_spec: MaskSpec, n: int, ns: Sequence[int]) -> Ranking:
    """The first n of the mask_spec's ranking, stored or made now for all of ns."""
    key_inputs = runner.ranking_key_inputs(mask_spec)
    key = runner.ranking_key(mask_spec)
    with alone_with(runner, key):
        stored = _stored(runner, key, n)
        if stored is not None:
            return stored
        positions, agreement = _rank(runner, mask_spec, ns)
        matrices, local = layout.split(mask_spec.variant, positions.numpy())
        matrix_ids, local_indices = matrices.astype(np.int16), local.astype(np.int32)
        metadata = {"split_half_overlap": agreement, "items": runner.diagnostic_set(mask_spec.ability).n}
        with storing(runner):
            runner.store.rankings.save(key, key_inputs, matrix_ids, local_indices, metadata)
        runner.unverified.append((runner.store.rankings.entries, key))
        return Ranking(matrix_ids[:n], local_indices[:n], metadata)


def _stored(runner: Runner, key: str, n: int) -> Ranking | None:
    """The first n of a stored ranking; None if there is none, a shorter or a damaged one."""
    try:
        length = runner.store.rankings.length(key)
        return None if length is None or length < n else runner.store.rankings.load(key, n)
    except CorruptEntry as error:
        replace_damaged(runner, runner.store.rankings.entries, key, error)
        return None


def _rank(runner: Runner, mask_spec: MaskSpec, ns: Sequence[int]) -> tuple[Tensor, dict[str, float]]:
    """Positions over the candidates in rank order, and how far the items' halves agree at each n."""
    longest, scope = ns[-1], mask_spec.scope
    if mask_spec.selection in CONTRASTS:
        return top_ranking(contrast_of(runner, mask_spec), longest, scope), {}
    own = scored_for_itself(runner, mask_spec.ability)
    matrices = runner.space.candidates(mask_spec.variant)
    scores = [own.scores[matrix.index] for matrix in matrices]
    if mask_spec.selection == "bottom":
        return bottom_ranking(scores, longest, scope), {}
    halves = [top_ranking([half[matrix.index] for matrix in matrices], longest, scope) for half in own.halves]
    agreement = {str(n): _overlap(halves[0][:n], halves[1][:n]) for n in ns if n}
    return top_ranking(scores, longest, scope), agreement


def _overlap(first: Tensor, second: Tensor) -> float:
    """The share of one set of positions that is in another of the same size."""
    return float(torch.isin(first, second).float().mean())
