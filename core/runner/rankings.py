"""Makes masks: from a stored ranking, from a new one, or at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cache.files import CorruptEntry
from cache.rankings import Ranking
from core.experiment.specs import SHARED_ABILITIES, MaskSpec
from core.experiment.storing import alone_with, replace_damaged, storing
from core.masks.addresses import to_addresses
from core.masks.choices import CONTRASTS
from core.masks.mask import Mask, top_minus_shared
from core.masks.random_masks import random_addresses, random_like
from core.masks.ranking import bottom_ranking, top_ranking
from core.masks.scope import shares_of_matrices
from core.models.matrices import Matrix
from core.runner.contrasts import contrast_of, scored_for_itself

if TYPE_CHECKING:
    from core.runner.runner import Runner


def make_mask(runner: Runner, mask_spec: MaskSpec, ks: Sequence[float] = ()) -> Mask:
    """The selected weights of a mask_spec.

    Args:
        runner: the model and the cache.
        mask_spec: which weights.
        ks: other values of k that will be asked for: a new ranking is made for the largest.

    Raises:
        ValueError: k is out of range, or asks for more weights than there are candidates; or importance
            fits neither in memory nor on the disk.
    """
    if mask_spec.selection == "top_minus_shared":
        return _without_core(runner, mask_spec, ks)
    if mask_spec.selection == "random_matched":
        return _matched(runner, mask_spec, ks)
    space = runner.space
    n = space.number_of_weights(mask_spec.k, mask_spec.variant)
    if mask_spec.selection == "random":
        return _drawn(space.candidates(mask_spec.variant), n, mask_spec)
    ns = sorted({n, *(space.number_of_weights(k, mask_spec.variant) for k in ks)})
    ranking = _ranking(runner, mask_spec, n, ns)
    offsets = torch.tensor([matrix.offset for matrix in space.matrices])
    matrix_ids = torch.from_numpy(ranking.matrix_ids.astype(np.int64))
    return Mask.of(offsets[matrix_ids] + torch.from_numpy(ranking.local_indices.astype(np.int64)))


def _without_core(runner: Runner, mask_spec: MaskSpec, ks: Sequence[float]) -> Mask:
    """The ability's `top` mask without the weights that most abilities' `top` masks share."""
    masks = {one.ability: make_mask(runner, one, ks) for one in runner.rankings_of(mask_spec)}
    return top_minus_shared(masks, mask_spec.ability, SHARED_ABILITIES)


def _drawn(matrices: Sequence[Matrix], n: int, mask_spec: MaskSpec) -> Mask:
    """The random control: of all candidates, or of each matrix its share."""
    sizes = [matrix.size for matrix in matrices]
    if mask_spec.scope == "per-matrix":
        return Mask(random_like(matrices, shares_of_matrices(sizes, n), mask_spec.random_seed))
    return Mask.of(to_addresses(matrices, random_addresses(sum(sizes), n, mask_spec.random_seed)))


def _matched(runner: Runner, mask_spec: MaskSpec, ks: Sequence[float]) -> Mask:
    """As many weights at random in each matrix as the ability's `top` mask has there."""
    counts = make_mask(runner, replace(mask_spec, selection="top"), ks).count_by_matrix(runner.space)
    matrices = runner.space.candidates(mask_spec.variant)
    return Mask(random_like(matrices, [counts[matrix.index] for matrix in matrices], mask_spec.random_seed))


def _ranking(runner: Runner, mask_spec: MaskSpec, n: int, ns: Sequence[int]) -> Ranking:
    """The first n of the mask_spec's ranking, stored or made now for all of ns."""
    key_inputs = runner.ranking_key_inputs(mask_spec)
    key = runner.ranking_key(mask_spec)
    with alone_with(runner, key):
        stored = _stored(runner, key, n)
        if stored is not None:
            return stored
        positions, agreement = _rank(runner, mask_spec, ns)
        matrices = runner.space.candidates(mask_spec.variant)
        matrix_ids, local = _by_matrix(matrices, positions)
        metadata = {"split_half_overlap": agreement, "items": runner.diagnostic_set(mask_spec.ability).n}
        with storing(runner):
            runner.store.rankings.save(key, key_inputs, matrix_ids, local, metadata)
        runner.unverified.append((runner.store.rankings.entries, key))
        return Ranking(matrix_ids[:n], local[:n], metadata)


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


def _by_matrix(matrices: Sequence[Matrix], positions: Tensor) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
    """The matrix of each position over the concatenated matrices, and its place in it."""
    sizes = torch.tensor([matrix.size for matrix in matrices])
    ends = sizes.cumsum(0)
    order = torch.searchsorted(ends, positions, right=True)
    local = positions - (ends - sizes)[order]
    ids = torch.tensor([matrix.index for matrix in matrices])[order]
    return ids.numpy().astype(np.int16), local.numpy().astype(np.int32)


def _overlap(first: Tensor, second: Tensor) -> float:
    """The share of one set of positions that is in another of the same size."""
    return float(torch.isin(first, second).float().mean())
