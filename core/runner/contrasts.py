"""The contrast of one ability with the others, from one sum of all abilities' shares that is kept.

The sum is made in the catalogue's order. Where its order comes to an ability whose importance another ranking
needs anyway, that is added on the way: a profile of `top` and `contrast` scores no ability a third time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch

from cache.files import CorruptEntry
from core.abilities import ABILITIES
from core.experiment.specs import MaskSpec
from core.importance.available_memory import free_now
from core.importance.maps import Importance, MatrixScores, zero_map
from core.importance.plan import SHARE_OF_FREE
from core.masks.choices import CONTRASTS, Selection
from core.masks.contrast import ContrastScores, ShareMaxima, ShareSums, contrast_scores
from core.models.description import selectable_weights
from core.models.matrices import Variant
from core.runner import importances
from core.runner.importances import all_fit, drop_maps, scores_of, take_too_much

if TYPE_CHECKING:
    from core.runner.runner import Runner

SUM_BYTES = 9
"""For each candidate weight of a variant, at most: of a sum a float64, of maxima two float32 and a byte."""

Contrast = tuple[Variant, Selection]
"""What shares are kept for."""

ORDER = tuple(ability.id for ability in ABILITIES)
"""In which shares are added: in another one the last digits would differ."""


def contrast_of(runner: Runner, mask_spec: MaskSpec) -> list[ContrastScores]:
    """The contrast of the mask_spec's ability with all others, for each matrix of its variant.

    Raises:
        Cancelled: it was cancelled between two batches.
        ValueError: importance does not fit in memory and on the disk, or is 0 everywhere.
    """
    wanted = mask_spec.variant, mask_spec.selection
    if wanted not in runner.share_sums:
        _begin(runner, wanted)
    for ability in ORDER[len(runner.share_sums[wanted].totals) :]:
        _scored(runner, ability)
        _add(runner, ability, [wanted, *sorted(_ahead(runner) - {wanted})])
    own = scores_in(runner, mask_spec.variant, _scored(runner, mask_spec.ability))
    return contrast_scores(own, mask_spec.ability, runner.share_sums[wanted])


def scored_for_itself(runner: Runner, ability: str) -> Importance:
    """An ability's importance where no other's is needed with it.

    It is added to the sums that masks to come need, if it is its turn.

    Raises:
        Cancelled: it was cancelled between two batches.
        ValueError: it does not fit in memory and on the disk, or is 0 everywhere.
    """
    ahead = _ahead(runner)
    sums_bytes = sum(_size(runner, variant) * SUM_BYTES for variant, _ in {*ahead, *runner.share_sums})
    if take_too_much(runner, [ability], sums_bytes):
        drop_maps(runner, but=[ability])
        _drop_sums(runner, but=ahead)
    importance = scores_of(runner, ability)
    _add(runner, ability, ahead)
    return importance


def scores_in(runner: Runner, variant: Variant, importance: Importance) -> list[MatrixScores]:
    """The scores of a variant's candidate matrices."""
    return [importance.scores[matrix.index] for matrix in runner.space.candidates(variant)]


def _scored(runner: Runner, ability: str) -> Importance:
    """An ability's importance, among that of all others if there is room, else alone."""
    if ability not in runner.importances and not all_fit(runner, ORDER):
        drop_maps(runner)
    return scores_of(runner, ability)


def _ahead(runner: Runner) -> set[Contrast]:
    """What masks to come are contrasts of, whose rankings are not stored."""
    found: set[Contrast] = set()
    for mask in runner.expected:
        contrast = mask.variant, mask.selection
        if mask.selection in CONTRASTS and contrast not in found and not _is_ranked(runner, mask):
            found.add(contrast)
    return found


def _is_ranked(runner: Runner, mask: MaskSpec) -> bool:
    """Whether its ranking is stored, and long enough; a damaged one is told by whoever needs it."""
    try:
        length = runner.store.rankings.length(runner.ranking_key(mask))
    except CorruptEntry:
        return False
    return length is not None and length >= selectable_weights(mask.k, mask.variant, runner.info)


def _add(runner: Runner, ability: str, contrasts: Iterable[Contrast]) -> None:
    """Adds an ability's shares to some sums or maxima whose turn it is, begun now if there is room."""
    for contrast in contrasts:
        if contrast not in runner.share_sums and ability == ORDER[0] and _has_room(runner, contrast[0]):
            _begin(runner, contrast)
        if contrast in runner.share_sums and ORDER.index(ability) == len(runner.share_sums[contrast].totals):
            # Taken away meanwhile: what was left in the middle of an addition must not be found again.
            shares = runner.share_sums.pop(contrast)
            shares.add(ability, scores_in(runner, contrast[0], runner.importances[ability]))
            runner.share_sums[contrast] = shares


def _begin(runner: Runner, contrast: Contrast) -> None:
    """Sums or maxima of nothing, in main memory if there is room, else on the disk."""
    variant, selection = contrast
    if not _has_room(runner, variant):
        _drop_sums(runner)
    folder = None if _fits_in_memory(runner, variant) else runner.store.root

    def zeros(dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
        return tuple(one.view(-1) for one in zero_map(runner.space.candidates(variant), folder, dtype))

    if selection == "contrast":
        runner.share_sums[contrast] = ShareSums(zeros(torch.float64))
    else:
        largest, second = zeros(torch.float32), zeros(torch.float32)
        runner.share_sums[contrast] = ShareMaxima(largest, second, zeros(torch.uint8))


def _drop_sums(runner: Runner, but: Iterable[Contrast] = ()) -> None:
    for contrast in set(runner.share_sums) - set(but):
        del runner.share_sums[contrast]


def _has_room(runner: Runner, variant: Variant) -> bool:
    """Whether sums would leave room for one ability's maps beside them."""
    disk = free_now(runner.space, runner.store.root).disk_bytes or 0
    return _fits_in_memory(runner, variant) or _needed(runner, variant) <= SHARE_OF_FREE * disk


def _fits_in_memory(runner: Runner, variant: Variant) -> bool:
    host = free_now(runner.space, runner.store.root).host_bytes
    return host is None or _needed(runner, variant) <= importances.SHARE_OF_MEMORY * host


def _needed(runner: Runner, variant: Variant) -> int:
    """Bytes of a variant's sums and of one ability's maps."""
    return SUM_BYTES * _size(runner, variant) + importances.BYTES_PER_WEIGHT * runner.space.size


def _size(runner: Runner, variant: Variant) -> int:
    return sum(matrix.size for matrix in runner.space.candidates(variant))
