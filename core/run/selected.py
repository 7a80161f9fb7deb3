"""Which weights a mask selects: cut from rankings, stored or just made, or drawn at random. No torch."""

from __future__ import annotations

from collections.abc import Callable

from cache.files import CorruptEntry
from cache.rankings import Ranking
from core.masks.layout import Layout
from core.masks.mask import Mask, random_mask
from core.masks.units import Units
from core.models.description import stored_matrices
from core.models.files import model_folder
from core.run.experiment import Experiment
from core.run.specs import MaskSpec, mask_weights

Ranked = Callable[[MaskSpec], Mask | None]
"""Gives the first weights of a mask's own ranking; None where it is not known."""


def stored_layout(experiment: Experiment) -> Layout:
    """The candidate matrices of the experiment's model, from its files.

    Raises:
        ModelFilesError: the model is missing, or its config is broken.
    """
    return Layout(stored_matrices(model_folder(experiment.spec)))


def select(experiment: Experiment, layout: Layout, mask: MaskSpec, ranked: Ranked) -> Mask | None:
    """The weights of a mask; None if a ranking that it is cut from is not known.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    if mask.selection != "random":
        return ranked(mask)
    n = mask_weights(mask, experiment.info)
    if mask.scope == "units":
        return units_of(experiment, layout, mask).random_mask(n, mask.random_seed)
    return random_mask(layout, mask.variant, n, mask.random_seed)


def units_of(experiment: Experiment, layout: Layout, mask: MaskSpec) -> Units:
    """The whole units that a mask with this scope selects from.

    Raises:
        UnsupportedModelError: it takes heads, and they are not known.
    """
    return Units(layout, mask.variant, experiment.info.heads)


def cut(experiment: Experiment, layout: Layout, mask: MaskSpec, ranking: Ranking) -> Mask:
    """A mask from its ranking, which has its weights, or all units by their first weights.

    Raises:
        ValueError: an entry is not the first weight of a unit, or repeated.
    """
    addresses = layout.starts[ranking.matrix_ids] + ranking.local_indices
    if mask.scope != "units":
        return Mask.of(addresses)
    units = units_of(experiment, layout, mask)
    return units.mask(units.fitting(units.numbers(addresses), mask_weights(mask, experiment.info)))


class StoredMasks:
    """Masks cut from stored rankings, of which each is read once."""

    def __init__(self, experiment: Experiment) -> None:
        """Reads the layout of the model's files.

        Raises:
            ModelFilesError: the model is missing, or its config is broken.
        """
        self._experiment = experiment
        self._ranked: dict[MaskSpec, Mask | None] = {}
        self.layout = stored_layout(experiment)

    def mask(self, mask: MaskSpec) -> Mask | None:
        """The weights of a mask; None if a ranking that it is cut from is not stored, or too short.

        Raises:
            CorruptEntry: a ranking is damaged.
            ValueError: k asks for more weights than there are candidates.
        """
        return select(self._experiment, self.layout, mask, self.ranked)

    def ranked(self, mask: MaskSpec) -> Mask | None:
        """The first weights of the mask's own stored ranking; None if that is missing or too short.

        Raises:
            CorruptEntry: it is damaged.
            ValueError: k asks for more weights than there are candidates.
        """
        if mask not in self._ranked:
            self._ranked[mask] = self._read(mask)
        return self._ranked[mask]

    def _read(self, mask: MaskSpec) -> Mask | None:
        rankings = self._experiment.store.rankings
        key = self._experiment.ranking_key(mask)
        n = self._experiment.ranking_entries(mask)
        length = rankings.length(key)
        if length is None or length < n:
            return None
        ranking = rankings.load(key, length if mask.scope == "units" else n)
        if ranking is None:
            return None
        matrices, local, sizes = ranking.matrix_ids, ranking.local_indices, self.layout.sizes
        is_known = (matrices >= 0) & (matrices < len(sizes)) & (local >= 0)
        if not is_known.all() or (local >= sizes[matrices]).any():
            raise CorruptEntry(rankings.entries.read_path(key), "it has weights that the model lacks")
        try:
            return cut(self._experiment, self.layout, mask, ranking)
        except ValueError as error:
            raise CorruptEntry(rankings.entries.read_path(key), f"{error}") from None


def selected(experiment: Experiment, mask: MaskSpec) -> Mask | None:
    """The weights of one mask; None if a ranking that it is cut from is not stored, or too short.

    Raises:
        CorruptEntry: a ranking is damaged.
        ModelFilesError: the model is missing, or its config is broken.
        ValueError: k asks for more weights than there are candidates.
    """
    return StoredMasks(experiment).mask(mask)


def split_half_overlap_of(experiment: Experiment, mask: MaskSpec) -> float | None:
    """The fraction of a `top` mask's weights that two halves of the ability's items share; None if unknown.

    Raises:
        CorruptEntry: the ranking is damaged.
    """
    if mask.selection != "top":
        return None
    n = mask_weights(mask, experiment.info)
    overlap = experiment.ranking_metadata(mask).get("split_half_overlap", {}).get(str(n))
    return None if overlap is None else float(overlap)


def has_ranking(experiment: Experiment, mask: MaskSpec) -> bool:
    """Whether the ranking that a mask is cut from is stored, long enough and not damaged; none for `random`.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    n = experiment.ranking_entries(mask)
    return mask.selection == "random" or _length(experiment, mask) >= n


def _length(experiment: Experiment, mask: MaskSpec) -> int:
    """Entries of the stored ranking of a mask; -1 if it is missing or damaged."""
    try:
        length = experiment.store.rankings.length(experiment.ranking_key(mask))
    except CorruptEntry:
        return -1
    return -1 if length is None else length
