"""How far the masks of the abilities are the same weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cache.files import CorruptEntry
from core.abilities import ABILITIES
from core.analysis.selected import (
    CHUNK,
    Addresses,
    Layout,
    drawn_like,
    selected,
    split_half_overlap_of,
    without_core,
)
from core.experiment.experiment import Experiment
from core.experiment.specs import MaskSpec
from core.masks.choices import Scope, Selection
from core.models.description import selectable_weights
from core.models.matrices import Variant


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Abilities by abilities. A mask that is not stored has False in `present`, and NaN in the matrices."""

    abilities: tuple[str, ...]
    present: tuple[bool, ...]
    n: int
    """Weights that k stands for; `top_minus_shared` keeps fewer."""
    candidates: int
    """Weights that they were taken from."""
    sizes: NDArray[np.int64]
    """(A,) weights of each mask, 0 if it is not stored."""
    shared: NDArray[np.int64]
    """(A, A) weights that both masks have."""
    jaccard: NDArray[np.float64]
    """(A, A) shared weights as a fraction of those that either mask has."""
    containment: NDArray[np.float64]
    """(A, A) shared weights as a fraction of the row's mask."""
    lift: NDArray[np.float64]
    """(A, A) how many times as many as two random masks of these sizes would share."""
    agreements: Mapping[str, float]
    """How far two halves of an ability's items agree on its weights, a fraction; where it is known."""
    missing: tuple[MaskSpec, ...]
    """The masks whose rankings have to be made for the rest."""
    damaged: tuple[CorruptEntry, ...]
    """Rankings that were found damaged; their masks are missing."""


@dataclass
class _Stored:
    """What the store has of some masks."""

    masks: dict[MaskSpec, Addresses] = field(default_factory=dict)
    agreements: dict[MaskSpec, float] = field(default_factory=dict)
    missing: list[MaskSpec] = field(default_factory=list)
    damaged: list[CorruptEntry] = field(default_factory=list)


def overlaps(
    experiment: Experiment,
    variant: Variant,
    selection: Selection,
    k: float,
    seed: int = 0,
    scope: Scope = "global",
) -> Overlaps:
    """The overlaps of all abilities' masks, as far as their rankings are stored.

    Args:
        experiment: the model and the cache.
        variant: `mlp` or `all`.
        selection: of the weights; two random masks have a lift of about 1.
        k: fraction of all parameters.
        seed: of the random masks.
        scope: whether each matrix gives the same share.

    Raises:
        ModelFilesError: there is no such model, or its config is broken.
        ValueError: k asks for more weights than there are candidates.
    """
    mask_specs = [MaskSpec(ability.id, variant, selection, k, seed, scope) for ability in ABILITIES]
    stored = _stored_masks(experiment, mask_specs)
    masks = [stored.masks.get(mask_spec) for mask_spec in mask_specs]
    present = tuple(mask is not None for mask in masks)
    shared = shared_weights([np.empty(0, np.int64) if mask is None else mask for mask in masks])
    candidates = experiment.info.candidates[variant]
    return Overlaps(
        abilities=tuple(mask_spec.ability for mask_spec in mask_specs),
        present=present,
        n=selectable_weights(k, variant, experiment.info),
        candidates=candidates,
        sizes=np.diag(shared),
        shared=shared,
        **_measures(shared, np.array(present), candidates),
        agreements={mask_spec.ability: share for mask_spec, share in stored.agreements.items()},
        missing=tuple(stored.missing),
        damaged=tuple(stored.damaged),
    )


def shared_weights(masks: Sequence[Addresses]) -> NDArray[np.int64]:
    """(M, M) how many weights each two masks have in common; on the diagonal, the masks' sizes."""
    by_owners = np.zeros(1 << len(masks), np.int64)
    for owners in _owners(masks):
        by_owners += np.bincount(owners, minlength=len(by_owners))
    codes = np.arange(len(by_owners))
    has = np.array([(codes >> place) & 1 for place in range(len(masks))])
    shared: NDArray[np.int64] = np.einsum("ic,jc,c->ij", has, has, by_owners)
    return shared


def _owners(masks: Sequence[Addresses]) -> Iterator[NDArray[np.int64]]:
    """For each weight of any mask, the sum of 2 ** i over the masks i that have it; a piece at a time."""
    bits = [np.int64(1 << place) for place in range(len(masks))]
    for parts in _pieces(masks):
        addresses = np.concatenate(parts)
        owners = np.repeat(bits, [len(part) for part in parts])
        order = np.argsort(addresses, kind="stable")
        addresses = addresses[order]
        starts = np.flatnonzero(np.diff(addresses, prepend=-1))
        yield np.bitwise_or.reduceat(owners[order], starts)


def _pieces(masks: Sequence[Addresses]) -> Iterator[list[Addresses]]:
    """All masks cut at the same addresses, so that no piece has more than `CHUNK` weights."""
    step = max(1, CHUNK // len(masks))
    cuts = np.unique(np.concatenate([mask[step::step] for mask in masks]))
    places = [[0, *np.searchsorted(mask, cuts).tolist(), len(mask)] for mask in masks]
    for number in range(len(cuts) + 1):
        parts = [mask[at[number] : at[number + 1]] for mask, at in zip(masks, places, strict=True)]
        if any(len(part) for part in parts):
            yield parts


def _measures(
    shared: NDArray[np.int64], present: NDArray[np.bool_], candidates: int
) -> dict[str, NDArray[np.float64]]:
    """Jaccard, containment and lift; NaN where a mask is not stored. Two empty masks are the same."""
    counts, sizes = shared.astype(np.float64), np.diag(shared).astype(np.float64)
    of_rows = np.repeat(sizes[:, None], len(sizes), axis=1)
    known = present[:, None] & present[None, :]
    measures = {
        "jaccard": _fraction(counts, of_rows + of_rows.T - counts, of_none=1.0),
        "containment": _fraction(counts, of_rows, of_none=1.0),
        "lift": _fraction(counts * candidates, of_rows * of_rows.T, of_none=np.nan),
    }
    return {name: np.where(known, values, np.nan) for name, values in measures.items()}


def _fraction(part: NDArray[np.float64], whole: NDArray[np.float64], of_none: float) -> NDArray[np.float64]:
    values = np.full(part.shape, of_none)
    np.divide(part, whole, out=values, where=whole > 0)
    return values


def _stored_masks(experiment: Experiment, mask_specs: Sequence[MaskSpec]) -> _Stored:
    """The masks of the mask_specs, all of one selection."""
    stored = _Stored()
    wanted = [one for mask in mask_specs for one in experiment.rankings_of(mask) or [mask]]
    for mask_spec in dict.fromkeys(wanted):
        try:
            addresses = selected(experiment, mask_spec)
            agreement = None if addresses is None else split_half_overlap_of(experiment, mask_spec)
        except CorruptEntry as error:
            stored.damaged.append(error)
            addresses = agreement = None
        if addresses is None:
            stored.missing.append(mask_spec)
        else:
            stored.masks[mask_spec] = addresses
        if agreement is not None:
            stored.agreements[mask_spec] = agreement
    if mask_specs[0].selection == "top_minus_shared":
        tops = stored.masks
        stored.agreements, stored.masks = {}, {} if stored.missing else _cored(experiment, mask_specs, tops)
    if mask_specs[0].selection == "random_matched":
        stored.agreements, stored.masks = {}, _matched(experiment, mask_specs, stored.masks)
    return stored


def _matched(
    experiment: Experiment, mask_specs: Sequence[MaskSpec], tops: Mapping[MaskSpec, Addresses]
) -> dict[MaskSpec, Addresses]:
    """As many weights at random in each matrix as those abilities' `top` masks have that are stored."""
    layout = Layout.of(experiment)
    pairs = [(mask_spec, tops.get(replace(mask_spec, selection="top"))) for mask_spec in mask_specs]
    return {mask_spec: drawn_like(layout, top, mask_spec) for mask_spec, top in pairs if top is not None}


def _cored(
    experiment: Experiment, mask_specs: Sequence[MaskSpec], tops: Mapping[MaskSpec, Addresses]
) -> dict[MaskSpec, Addresses]:
    """Each ability's `top` mask without the core, which all ten of them decide."""
    parts = {mask_spec: [tops[top] for top in experiment.rankings_of(mask_spec)] for mask_spec in mask_specs}
    return {mask_spec: without_core(own, others) for mask_spec, (own, *others) in parts.items()}
