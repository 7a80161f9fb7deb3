"""Makes masks: from a stored ranking, from a new one, or at random."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cache.files import CorruptEntry
from cache.rankings import Ranking
from core.abilities import Item
from core.cancellation import Cancelled
from core.events import EntryReplaced, ImportancePlanned, ItemsScored
from core.importance.free import free_now
from core.importance.maps import Importance, MatrixScores, zero_map
from core.importance.needs import ItemsShape, ModelShape
from core.importance.plan import SHARE_OF_FREE, ImportancePlan, Task, plan_importance
from core.importance.scoring import score_importance
from core.inference.encoding import EncodedChoice, encode_choice, longest_row
from core.masks import Mask, minus_core
from core.prompts import render_choice
from core.recipes import CORE_ABILITIES, MaskRecipe
from core.selection import (
    ContrastScores,
    StoredMean,
    bottom_ranking,
    contrast_scores,
    contrast_with,
    random_addresses,
    to_addresses,
    top_ranking,
    total_of,
)
from core.weights import Matrix

if TYPE_CHECKING:
    from core.workbench.workbench import Workbench

SHARE_OF_MEMORY = 0.5
"""Of the memory, what the score maps of all abilities may take together."""

BYTES_PER_WEIGHT = 8
"""Of one ability's score maps: two float32 for each candidate weight."""

Pick = Callable[[Sequence[MatrixScores]], list[MatrixScores]]
"""Takes the scores of a variant out of those of all candidate matrices."""


def make_mask(bench: Workbench, recipe: MaskRecipe, ks: Sequence[float] = ()) -> Mask:
    """The selected weights of a recipe.

    Args:
        bench: the model and the cache.
        recipe: which weights.
        ks: other values of k that will be asked for: a new ranking is made for the largest.

    Raises:
        ValueError: k is out of range, or asks for more weights than there are candidates; or importance
            fits neither in memory nor on the disk.
    """
    if recipe.selection == "minus_core":
        return _without_core(bench, recipe, ks)
    space = bench.space
    n = space.number_of_weights(recipe.k, recipe.variant)
    if recipe.selection == "random":
        matrices = space.candidates(recipe.variant)
        total = sum(matrix.size for matrix in matrices)
        return Mask.of(to_addresses(matrices, random_addresses(total, n, recipe.random_seed)))
    ns = sorted({n, *(space.number_of_weights(k, recipe.variant) for k in ks)})
    ranking = _ranking(bench, recipe, n, ns)
    offsets = torch.tensor([matrix.offset for matrix in space.matrices])
    matrix_ids = torch.from_numpy(ranking.matrix_ids.astype(np.int64))
    return Mask.of(offsets[matrix_ids] + torch.from_numpy(ranking.local_indices.astype(np.int64)))


def _without_core(bench: Workbench, recipe: MaskRecipe, ks: Sequence[float]) -> Mask:
    """The ability's `top` mask without the weights that most abilities' `top` masks share."""
    masks = {one.ability: make_mask(bench, one, ks) for one in bench.rankings_of(recipe)}
    return minus_core(masks, recipe.ability, CORE_ABILITIES)


def _ranking(bench: Workbench, recipe: MaskRecipe, n: int, ns: Sequence[int]) -> Ranking:
    """The first n of the recipe's ranking, stored or made now for all of ns."""
    ingredients = bench.ranking_ingredients(recipe)
    key = bench.ranking_key(recipe)
    with bench.store.lock(key):
        stored = _stored(bench, key, n)
        if stored is not None:
            return stored
        positions, agreement = _rank(bench, recipe, ns)
        matrices = bench.space.candidates(recipe.variant)
        matrix_ids, local = _by_matrix(matrices, positions)
        metadata = {"agreement_of_halves": agreement, "items": bench.diagnostic_set(recipe.ability).n}
        bench.store.rankings.save(key, ingredients, matrix_ids, local, metadata)
        bench.unproved.append((bench.store.rankings.entries, key))
        return Ranking(matrix_ids[:n], local[:n], metadata)


def _stored(bench: Workbench, key: str, n: int) -> Ranking | None:
    """The first n of a stored ranking; None if there is none, a shorter or a damaged one."""
    try:
        length = bench.store.rankings.length(key)
        return None if length is None or length < n else bench.store.rankings.load(key, n)
    except CorruptEntry as error:
        bench.tell(EntryReplaced(str(error)))
        return None


def _rank(bench: Workbench, recipe: MaskRecipe, ns: Sequence[int]) -> tuple[Tensor, dict[str, float]]:
    """Positions over the candidates in rank order, and how far the items' halves agree at each n."""
    wanted = bench.scored_abilities(recipe)
    pick = _picker(bench.space.candidates(recipe.variant))
    _make_room(bench, wanted)
    if recipe.selection == "contrast":
        return top_ranking(_contrast(bench, recipe, wanted, pick), ns[-1]), {}
    own = scores_of(bench, recipe.ability)
    if recipe.selection == "bottom":
        return bottom_ranking(pick(own.scores), ns[-1]), {}
    halves = [top_ranking(pick(half), ns[-1]) for half in own.halves]
    agreement = {str(n): _overlap(halves[0][:n], halves[1][:n]) for n in ns if n}
    return top_ranking(pick(own.scores), ns[-1]), agreement


def _contrast(
    bench: Workbench, recipe: MaskRecipe, wanted: Sequence[str], pick: Pick
) -> Sequence[ContrastScores]:
    """The contrast of the first wanted ability with the others, whether all their maps fit at once or not."""
    if _all_fit(bench, wanted):
        own, *others = [pick(scores_of(bench, ability).scores) for ability in wanted]
        return contrast_scores(own, others)
    ability, *rivals = wanted
    means = _zero_means(bench, bench.space.candidates(recipe.variant))
    for rival in rivals:
        _make_room(bench, [], all_others=True)
        scores = pick(scores_of(bench, rival).scores)
        total = total_of(scores, rival)
        for mean, one in zip(means, scores, strict=True):
            mean.add(one, total, len(rivals))
        del scores
    _make_room(bench, [], all_others=True)
    return contrast_with(pick(scores_of(bench, ability).scores), means)


def scores_of(bench: Workbench, ability: str) -> Importance:
    """The importance of every candidate weight for an ability, kept until its room is needed.

    Raises:
        Cancelled: it was cancelled between two batches.
        ValueError: it does not fit in memory and on the disk.
    """
    if ability not in bench.importances:
        items = bench.diagnostic_set(ability).items()
        encoded = [_encode(bench, item) for item in items]

        def went_on(done: int, total: int) -> None:
            bench.tell(ItemsScored(ability, done, total))
            if bench.cancelled():
                raise Cancelled

        plan = _plan(bench, encoded)
        bench.tell(_planned(bench, ability, plan))
        bench.importances[ability] = score_importance(
            bench.loaded.model,
            bench.space,
            encoded,
            loss=bench.recipe.loss,
            form=bench.recipe.form,
            plan=plan,
            scratch=bench.store.root,
            on_progress=went_on,
        )
    return bench.importances[ability]


def _plan(bench: Workbench, items: Sequence[EncodedChoice]) -> ImportancePlan:
    """How the importance of these items is computed in what is free now."""
    config, info = bench.loaded.model.config, bench.loaded.info
    task = Task(
        ModelShape.of(config.to_dict(), info.dtype, is_four_bit=info.quantization != "none"),
        ItemsShape.of(items, bench.recipe.loss, longest_row(config)),
        on_gpu=_is_on_gpu(bench),
        weights_bytes=0,
    )
    return plan_importance(task, free_now(bench.space, bench.store.root), bench.wishes)


def _planned(bench: Workbench, ability: str, plan: ImportancePlan) -> ImportancePlanned:
    return ImportancePlanned(
        ability=ability,
        passes=len(plan.groups),
        accumulators=plan.accumulators,
        maps=plan.maps,
        rows=plan.rows,
        checkpointing=plan.checkpointing,
        on_gpu=_is_on_gpu(bench),
        device_bytes=plan.device_bytes,
        host_bytes=plan.host_bytes,
        disk_bytes=plan.disk_bytes,
    )


def _is_on_gpu(bench: Workbench) -> bool:
    return bench.space.device(bench.space.matrices[0]).type != "cpu"


def _encode(bench: Workbench, item: Item) -> EncodedChoice:
    return encode_choice(render_choice(item, bench.spec.style), bench.loaded.tokenizer)


def _picker(matrices: Sequence[Matrix]) -> Pick:
    """What takes the variant's scores out of those of all candidate matrices."""
    return lambda scores: [scores[matrix.index] for matrix in matrices]


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


def _make_room(bench: Workbench, wanted: Sequence[str], *, all_others: bool = False) -> None:
    """Drops the maps of other abilities if they and the wanted ones would take too much, or in any case."""
    together = len({*wanted, *bench.importances}) * BYTES_PER_WEIGHT * bench.space.size
    if all_others or together > SHARE_OF_MEMORY * _memory_bytes():
        for ability in set(bench.importances) - set(wanted):
            del bench.importances[ability]


def _all_fit(bench: Workbench, wanted: Sequence[str]) -> bool:
    """Whether the maps of all abilities find room at once, in main memory or on the disk."""
    missing = len(set(wanted) - set(bench.importances)) * BYTES_PER_WEIGHT * bench.space.size
    free = free_now(bench.space, bench.store.root)
    memory = _memory_bytes() if free.host_bytes is None else free.host_bytes
    return missing <= SHARE_OF_MEMORY * memory + SHARE_OF_FREE * (free.disk_bytes or 0)


def _zero_means(bench: Workbench, matrices: Sequence[Matrix]) -> list[StoredMean]:
    """A mean for each matrix, in main memory if there is room for it and for one ability's maps."""
    free = free_now(bench.space, bench.store.root)
    needed = 2 * BYTES_PER_WEIGHT * bench.space.size
    is_room = free.host_bytes is None or needed <= SHARE_OF_MEMORY * free.host_bytes
    maps = zero_map(matrices, None if is_room else bench.store.root, torch.float64)
    return [StoredMean(one.view(-1)) for one in maps]


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
