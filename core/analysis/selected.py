"""Which weights a mask selects, from stored rankings or drawn anew: the same as the engine's, in NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cache.files import CorruptEntry
from core.abilities import ABILITIES
from core.experiment.experiment import Experiment
from core.experiment.specs import SHARED_ABILITIES, MaskSpec
from core.masks.scope import shares_of_matrices
from core.masks.subsets import random_subset, random_subset_of_each
from core.models.description import selectable_weights, stored_matrices
from core.models.files import model_folder
from core.models.matrices import Matrix, Variant

CHUNK = 1 << 20
"""Weights that are looked at together: between two chunks other threads get their turn."""

Addresses = NDArray[np.int64]
"""(n,) flat addresses of the weight space, ascending, without repeats."""


@dataclass(frozen=True)
class Layout:
    """Where the candidate matrices lie in the flat addresses."""

    shapes: tuple[Matrix, ...]

    @classmethod
    def of(cls, experiment: Experiment) -> Layout:
        """The layout of the experiment's model, from its files.

        Raises:
            ModelFilesError: there is no such model, or its config is broken.
        """
        return cls(stored_matrices(model_folder(experiment.spec)))

    @cached_property
    def starts(self) -> Addresses:
        """(matrices + 1,) the address at which each matrix begins, and where the last ends."""
        return np.array([0, *accumulate(shape.size for shape in self.shapes)], np.int64)

    def candidates(self, variant: Variant) -> list[int]:
        """The places in `shapes` of the matrices that a variant takes from."""
        return [place for place, shape in enumerate(self.shapes) if variant == "all" or shape.is_mlp]


def selected(experiment: Experiment, mask: MaskSpec) -> Addresses | None:
    """The weights of a mask; None if a ranking that it is cut from is not stored, or too short.

    Raises:
        CorruptEntry: a ranking is damaged.
        ModelFilesError: there is no such model, or its config is broken.
        ValueError: k asks for more weights than there are candidates.
    """
    layout = Layout.of(experiment)
    if mask.selection == "random":
        return _drawn(experiment, layout, mask)
    if mask.selection == "random_matched":
        top = top_of_ranking(experiment, layout, replace(mask, selection="top"))
        return None if top is None else drawn_like(layout, top, mask)
    if mask.selection != "top_minus_shared":
        return top_of_ranking(experiment, layout, mask)
    found = [top_of_ranking(experiment, layout, one) for one in experiment.rankings_of(mask)]
    tops = [addresses for addresses in found if addresses is not None]
    return without_core(tops[0], tops[1:]) if len(tops) == len(ABILITIES) else None


def top_of_ranking(experiment: Experiment, layout: Layout, mask: MaskSpec) -> Addresses | None:
    """The first weights of the mask's own stored ranking; None if there is none, or too short a one.

    Raises:
        CorruptEntry: it is damaged.
        ValueError: k asks for more weights than there are candidates.
    """
    n, key = selectable_weights(mask.k, mask.variant, experiment.info), experiment.ranking_key(mask)
    length = experiment.store.rankings.length(key)
    ranking = experiment.store.rankings.load(key, n) if length is not None and length >= n else None
    if ranking is None:
        return None
    ids, local = ranking.matrix_ids, ranking.local_indices
    sizes = np.diff(layout.starts)
    is_known = (ids >= 0) & (ids < len(sizes)) & (local >= 0)
    if not is_known.all() or (local >= sizes[ids]).any():
        path = experiment.store.rankings.entries.payload_path(key)
        raise CorruptEntry(path, "it has weights that the model has not")
    return np.sort(layout.starts[ids] + local)


def split_half_overlap_of(experiment: Experiment, mask: MaskSpec) -> float | None:
    """How far two halves of the ability's items agree on the weights, a fraction; None if it is not known.

    Raises:
        CorruptEntry: the ranking is damaged.
    """
    if mask.selection != "top":
        return None
    ranking = experiment.store.rankings.load(experiment.ranking_key(mask), 0)
    metadata: dict[str, Any] = {} if ranking is None else ranking.metadata
    n = selectable_weights(mask.k, mask.variant, experiment.info)
    agreement = metadata.get("split_half_overlap", {}).get(str(n))
    return None if agreement is None else float(agreement)


def without_core(own: Addresses, others: Iterable[Addresses]) -> Addresses:
    """One ability's weights without those that most abilities have, itself included."""
    owners = np.ones(len(own), np.int8)
    for other in others:
        owners += is_in(own, other)
    return own[owners < SHARED_ABILITIES]


def drawn_like(layout: Layout, top: Addresses, mask: MaskSpec) -> Addresses:
    """As many weights at random in each matrix as the `top` mask has there."""
    counts = np.diff(np.searchsorted(top, layout.starts))
    return _drawn_in_each(layout, [int(counts[place]) for place in layout.candidates(mask.variant)], mask)


def is_in(some: Addresses, others: Addresses) -> NDArray[np.bool_]:
    """(n,) which of some are among the others."""
    found = np.zeros(len(some), bool)
    if len(others):
        for start in range(0, len(some), CHUNK):
            part = some[start : start + CHUNK]
            places = np.minimum(np.searchsorted(others, part), len(others) - 1)
            found[start : start + CHUNK] = others[places] == part
    return found


def chunks(addresses: Addresses) -> Iterator[Addresses]:
    """The addresses, so many at a time."""
    for start in range(0, len(addresses), CHUNK):
        yield addresses[start : start + CHUNK]


def _drawn(experiment: Experiment, layout: Layout, mask: MaskSpec) -> Addresses:
    """The random control, as `core.masks` draws it from the variant's candidates laid end to end."""
    n = selectable_weights(mask.k, mask.variant, experiment.info)
    places = layout.candidates(mask.variant)
    if mask.scope == "per-matrix":
        sizes = [layout.shapes[place].size for place in places]
        return _drawn_in_each(layout, shares_of_matrices(sizes, n), mask)
    ends = np.cumsum(np.diff(layout.starts)[places])
    positions = random_subset(int(ends[-1]), n, np.random.default_rng(mask.random_seed))
    return positions + _shifts(layout, places, ends)[np.searchsorted(ends, positions, side="right")]


def _drawn_in_each(layout: Layout, counts: Sequence[int], mask: MaskSpec) -> Addresses:
    """So many weights of each candidate matrix."""
    places = layout.candidates(mask.variant)
    starts, sizes = layout.starts[places].tolist(), [layout.shapes[place].size for place in places]
    return random_subset_of_each(starts, sizes, counts, mask.random_seed)


def _shifts(layout: Layout, places: Sequence[int], ends: Addresses) -> Addresses:
    """By how much an address is larger than a position among the candidates, for each of their matrices."""
    sizes = np.diff(layout.starts)[places]
    return layout.starts[places] - (ends - sizes)
