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
from core.events import EntryReplaced, ItemsScored
from core.importance import Importance, score_importance
from core.inference.encoding import EncodedChoice, encode_choice
from core.masks import Mask, minus_core
from core.prompts import render_choice
from core.recipes import CORE_ABILITIES, MaskRecipe
from core.selection import bottom_ranking, contrast_scores, random_addresses, to_addresses, top_ranking
from core.weights import Matrix

if TYPE_CHECKING:
    from core.workbench.workbench import Workbench

SHARE_OF_MEMORY = 0.5
"""Of the machine's memory, what the score maps of all abilities may take together."""

BYTES_PER_SCORE = 12
"""A float32 for each candidate weight, and one for each half of the items."""


def make_mask(bench: Workbench, recipe: MaskRecipe, ks: Sequence[float] = ()) -> Mask:
    """The selected weights of a recipe.

    Args:
        bench: the model and the cache.
        recipe: which weights.
        ks: other values of k that will be asked for: a new ranking is made for the largest.

    Raises:
        ValueError: k is out of range, or asks for more weights than there are candidates; or the score maps
            do not fit in memory.
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
    _make_room(bench, wanted)
    own, *others = [scores_of(bench, ability) for ability in wanted]
    pick = _picker(bench.space.candidates(recipe.variant))
    if recipe.selection == "bottom":
        return bottom_ranking(pick(own.scores), ns[-1]), {}
    if recipe.selection == "contrast":
        contrast = contrast_scores(pick(own.scores), [pick(other.scores) for other in others])
        return top_ranking(contrast, ns[-1]), {}
    halves = [top_ranking(pick(half), ns[-1]) for half in own.halves]
    agreement = {str(n): _overlap(halves[0][:n], halves[1][:n]) for n in ns if n}
    return top_ranking(pick(own.scores), ns[-1]), agreement


def scores_of(bench: Workbench, ability: str) -> Importance:
    """The importance of every candidate weight for an ability, kept until its room is needed.

    Raises:
        Cancelled: it was cancelled between two batches.
    """
    if ability not in bench.importances:
        items = bench.diagnostic_set(ability).items()
        encoded = [_encode(bench, item) for item in items]

        def went_on(done: int, total: int) -> None:
            bench.tell(ItemsScored(ability, done, total))
            if bench.cancelled():
                raise Cancelled

        bench.importances[ability] = score_importance(
            bench.loaded.model,
            bench.space,
            encoded,
            loss=bench.recipe.loss,
            form=bench.recipe.form,
            on_progress=went_on,
        )
    return bench.importances[ability]


def _encode(bench: Workbench, item: Item) -> EncodedChoice:
    return encode_choice(render_choice(item, bench.spec.style), bench.loaded.tokenizer)


def _picker(matrices: Sequence[Matrix]) -> Callable[[Sequence[Tensor]], list[Tensor]]:
    """What takes the variant's maps out of the maps of all candidate matrices."""
    return lambda maps: [maps[matrix.index] for matrix in matrices]


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


def _make_room(bench: Workbench, wanted: Sequence[str]) -> None:
    """Drops the maps of other abilities if they and the wanted ones would take too much memory.

    Raises:
        ValueError: the wanted ones alone do.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    fitting = int(SHARE_OF_MEMORY * memory / (BYTES_PER_SCORE * bench.space.size))
    if len(wanted) > fitting:
        needed = len(wanted) * BYTES_PER_SCORE * bench.space.size
        advice = "leave out the selection 'contrast', which needs all abilities" if len(wanted) > 1 else ""
        raise ValueError(
            f"The importance of {len(wanted)} {'abilities' if len(wanted) > 1 else 'ability'} takes "
            f"{needed / 1e9:.0f} GB of memory, and half of this machine's is {memory / 2e9:.0f} GB: "
            f"{advice or 'use a smaller model or a larger machine'}."
        )
    if len({*wanted, *bench.importances}) > fitting:
        for ability in set(bench.importances) - set(wanted):
            del bench.importances[ability]
