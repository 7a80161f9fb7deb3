"""Where a mask lies, and how far the masks of the abilities are the same weights. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cache.files import CorruptEntry
from core.abilities import ABILITIES
from core.masks.layout import Layout
from core.masks.mask import Mask, overlap_of
from core.run.experiment import Experiment
from core.run.selected import StoredMasks, split_half_overlap_of
from core.run.specs import MaskSpec, mask_weights

if TYPE_CHECKING:
    from core.models.matrices import MatrixKind

TOP_NEURONS = 100
"""Neurons that are listed."""

CURVE_POINTS = 200
"""Points of the concentration curve, at most, besides its start."""


@dataclass(frozen=True)
class Neuron:
    """One intermediate unit of an MLP: rows of `gate` and `up` (or `gate_up`), a column of `down`."""

    layer: int
    index: int
    """From 0, within its layer."""
    count: int
    """Its weights that are selected."""
    size: int
    """All its weights."""


@dataclass(frozen=True, eq=False)
class MaskDistribution:
    """Where the weights of one mask lie."""

    kinds: tuple[MatrixKind, ...]
    """The columns of counts and sizes."""
    counts: NDArray[np.int64]
    """(layers, kinds) selected weights."""
    sizes: NDArray[np.int64]
    """(layers, kinds) candidates; 0 where the variant takes none from."""
    n: int
    """Selected weights."""
    candidates: int
    neurons: tuple[Neuron, ...]
    """Those with most selected weights, most first; only such as have any."""
    concentration: tuple[tuple[float, float], ...]
    """Share of all MLP neurons, most hit first, against their share of the mask's MLP weights: from (0, 0) to
    (1, 1), on the diagonal if all are hit alike. Empty if no MLP weight is selected."""
    split_half_overlap: float | None
    """The fraction of its weights that two halves of the ability's items share; None if unknown."""

    @property
    def share(self) -> NDArray[np.float64]:
        """(layers, kinds) selected weights as a fraction of the matrix; NaN where there are no candidates."""
        shares = np.full(self.sizes.shape, np.nan)
        np.divide(self.counts, self.sizes, out=shares, where=self.sizes > 0)
        return shares

    @property
    def enrichment(self) -> NDArray[np.float64]:
        """(layers, kinds) share over that of an even spread; NaN without candidates or selected weights."""
        return self.share * (self.candidates / self.n if self.n else np.nan)


def mask_distribution(experiment: Experiment, spec: MaskSpec) -> MaskDistribution | None:
    """Where the weights of a mask lie; None if a ranking that it is cut from is not stored.

    Raises:
        CorruptEntry: a ranking is damaged.
        ModelFilesError: the model is missing, or its config is broken.
    """
    stored = StoredMasks(experiment)
    mask, layout = stored.mask(spec), stored.layout
    if mask is None:
        return None
    kinds = tuple(dict.fromkeys(matrix.kind for matrix in layout.matrices))
    indices = layout.candidates(spec.variant)
    sizes = np.zeros(len(layout.matrices), np.int64)
    sizes[indices] = layout.sizes[indices]
    by_neuron = mask.count_by_neuron(layout)
    return MaskDistribution(
        kinds=kinds,
        counts=mask.count_by_matrix(layout).reshape(-1, len(kinds)),
        sizes=sizes.reshape(-1, len(kinds)),
        n=len(mask),
        candidates=int(sizes.sum()),
        neurons=_most_hit(layout, by_neuron),
        concentration=_concentration(by_neuron),
        split_half_overlap=split_half_overlap_of(experiment, spec),
    )


def _most_hit(layout: Layout, by_neuron: NDArray[np.int64]) -> tuple[Neuron, ...]:
    size = sum(matrix.size for matrix in layout.matrices if matrix.is_mlp) // by_neuron.size
    flat = by_neuron.ravel()
    order = np.argsort(-flat, kind="stable")[:TOP_NEURONS].tolist()
    hit = (divmod(number, by_neuron.shape[1]) for number in order if flat[number])
    return tuple(Neuron(layer, i, int(by_neuron[layer, i]), size) for layer, i in hit)


def _concentration(by_neuron: NDArray[np.int64]) -> tuple[tuple[float, float], ...]:
    running = np.cumsum(np.sort(by_neuron.ravel())[::-1])
    if not running[-1]:
        return ()
    points = np.unique(np.linspace(1, len(running), min(len(running), CURVE_POINTS)).astype(np.int64))
    shares = zip((points / len(running)).tolist(), (running[points - 1] / running[-1]).tolist(), strict=True)
    return ((0.0, 0.0), *shares)


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Abilities by abilities. A mask that is not stored has False in `present`, and NaN in the matrices."""

    abilities: tuple[str, ...]
    present: tuple[bool, ...]
    n: int
    """Weights that k stands for; heads and neurons together may be fewer."""
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
    split_half_overlaps: Mapping[str, float]
    """By ability, where known: the fraction of its weights that two halves of its items share."""
    missing: tuple[MaskSpec, ...]
    """The masks whose rankings have to be made for the rest."""
    damaged: tuple[CorruptEntry, ...]
    """Rankings that were found damaged; their masks are missing."""


def overlaps(experiment: Experiment, mask: MaskSpec) -> Overlaps:
    """The overlaps of all abilities' masks, as far as their rankings are stored.

    Args:
        mask: one of the masks, whatever its ability; two random ones have a lift of about 1.

    Raises:
        ModelFilesError: the model is missing, or its config is broken.
    """
    specs = [replace(mask, ability=ability.id) for ability in ABILITIES]
    stored = StoredMasks(experiment)
    masks: list[Mask | None] = []
    damaged: list[CorruptEntry] = []
    for spec in specs:
        try:
            masks.append(stored.mask(spec))
        except CorruptEntry as error:
            damaged.append(error)
            masks.append(None)
    candidates = experiment.info.candidates[mask.variant]
    nothing = Mask(np.empty(0, np.int64))
    overlap = overlap_of([nothing if one is None else one for one in masks], candidates)
    present = np.array([one is not None for one in masks])
    known = present[:, None] & present[None, :]
    halves = {
        spec.ability: split_half_overlap_of(experiment, spec)
        for spec, one in zip(specs, masks, strict=True)
        if one is not None
    }
    return Overlaps(
        abilities=tuple(spec.ability for spec in specs),
        present=tuple(present.tolist()),
        n=mask_weights(mask, experiment.info),
        candidates=candidates,
        sizes=np.diag(overlap.shared),
        shared=overlap.shared,
        jaccard=np.where(known, overlap.jaccard, np.nan),
        containment=np.where(known, overlap.containment, np.nan),
        lift=np.where(known, overlap.lift, np.nan),
        split_half_overlaps={ability: share for ability, share in halves.items() if share is not None},
        missing=tuple(spec for spec, one in zip(specs, masks, strict=True) if one is None),
        damaged=tuple(damaged),
    )
