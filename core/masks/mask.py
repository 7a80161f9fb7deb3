"""Masks: sets of weights, their algebra and overlap, where they lie, and random ones. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.masks.layout import Addresses, Layout
from core.models.matrices import Variant, neurons_of

CHUNK = 1 << 20
"""Weights handled at once: between two chunks other threads get their turn."""


@dataclass(frozen=True, eq=False)
class Mask:
    """A set of weights."""

    addresses: Addresses
    """(n,) int64: flat addresses, ascending, without repeats."""

    def __post_init__(self) -> None:
        """Checks the addresses.

        Raises:
            ValueError: they are not int64, ascending, without repeats and at least 0.
        """
        a = self.addresses
        if a.ndim != 1 or a.dtype != np.int64:
            raise ValueError(f"Addresses of shape {a.shape}, {a.dtype}: use one row of int64.")
        if len(a) and (int(a[0]) < 0 or not bool((a[1:] > a[:-1]).all())):
            raise ValueError("Addresses are negative, unsorted or repeated: sort them, each once.")

    @classmethod
    def of(cls, addresses: Addresses) -> Mask:
        """The mask of addresses in any order, such as the first n of a ranking.

        Raises:
            ValueError: an address is negative or repeated.
        """
        return cls(np.sort(addresses))

    def __len__(self) -> int:
        """Number of weights."""
        return len(self.addresses)

    def __eq__(self, other: object) -> bool:
        """Whether the other is a mask of the same weights."""
        return isinstance(other, Mask) and np.array_equal(self.addresses, other.addresses)

    def __hash__(self) -> int:
        """Equal masks have equal hashes."""
        return hash(self.addresses.tobytes())

    def intersection(self, other: Mask) -> Mask:
        """Weights of both."""
        return Mask(self.addresses[self._is_in(other)])

    def difference(self, other: Mask) -> Mask:
        """Weights of this one that the other lacks."""
        return Mask(self.addresses[~self._is_in(other)])

    def by_matrix(self, layout: Layout) -> list[tuple[int, Addresses]]:
        """Each matrix with weights of the mask, by index, and their row-major positions in it, ascending.

        Raises:
            ValueError: an address lies beyond the layout.
        """
        cuts = self._cuts(layout)
        local = self.addresses.copy()  # in one piece: fresh memory for each matrix takes longer than the rest
        found = []
        for index, (start, first, last) in enumerate(
            zip(layout.starts[:-1].tolist(), cuts[:-1], cuts[1:], strict=True)
        ):
            if first < last:
                local[first:last] -= start
                found.append((index, local[first:last]))
        return found

    def count_by_matrix(self, layout: Layout) -> NDArray[np.int64]:
        """(matrices,) weights of the mask in each matrix.

        Raises:
            ValueError: an address lies beyond the layout.
        """
        return np.diff(self._cuts(layout)).astype(np.int64)

    def count_by_neuron(self, layout: Layout) -> NDArray[np.int64]:
        """(layers, neurons) weights of the mask in each intermediate unit of the MLPs.

        A unit is a row of `gate` and of `up` (of each half of `gate_up`), and a column of `down`.

        Raises:
            ValueError: an address lies beyond the layout.
        """
        neurons = next(matrix.columns for matrix in layout.matrices if matrix.kind == "down")
        counts = np.zeros((layout.matrices[-1].layer + 1, neurons), np.int64)
        for index, local in self.by_matrix(layout):
            matrix = layout.matrices[index]
            if matrix.is_mlp:
                for start in range(0, len(local), CHUNK):
                    units = neurons_of(matrix, local[start : start + CHUNK])
                    counts[matrix.layer] += np.bincount(units, minlength=neurons)
        return counts

    def _cuts(self, layout: Layout) -> list[int]:
        """Where the weights of each matrix begin among the addresses, and where the last ones end."""
        size = int(layout.starts[-1])
        if len(self) and int(self.addresses[-1]) >= size:
            raise ValueError(
                f"Address {int(self.addresses[-1]):,} lies beyond the model's {size:,} candidates: use a "
                "mask of the same model."
            )
        cuts: list[int] = np.searchsorted(self.addresses, layout.starts).tolist()
        return cuts

    def _is_in(self, other: Mask) -> NDArray[np.bool_]:
        """(n,) which weights of this one the other has."""
        found = np.zeros(len(self), bool)
        if len(other):
            for start in range(0, len(self), CHUNK):
                part = self.addresses[start : start + CHUNK]
                nearest = np.minimum(np.searchsorted(other.addresses, part), len(other) - 1)
                found[start : start + CHUNK] = other.addresses[nearest] == part
        return found


class Overlap(NamedTuple):
    """How far M masks are the same weights, each with each: (M, M) all."""

    shared: NDArray[np.int64]
    """Weights that both have; on the diagonal, the masks' sizes."""
    jaccard: NDArray[np.float64]
    """Shared weights as a fraction of those that either has; 1 for two empty masks."""
    containment: NDArray[np.float64]
    """Shared weights as a fraction of the row's mask; 1 for an empty one."""
    lift: NDArray[np.float64]
    """How many times as many as two random masks of these sizes would share; NaN with an empty one."""


def overlap_of(masks: Sequence[Mask], candidates: int) -> Overlap:
    """The overlap of masks that were all taken from so many candidates."""
    shared = _shared_weights([mask.addresses for mask in masks])
    counts, sizes = shared.astype(np.float64), np.diag(shared).astype(np.float64)
    rows = np.repeat(sizes[:, None], len(sizes), axis=1)
    return Overlap(
        shared,
        jaccard=_fraction(counts, rows + rows.T - counts, of_none=1.0),
        containment=_fraction(counts, rows, of_none=1.0),
        lift=_fraction(counts * candidates, rows * rows.T, of_none=np.nan),
    )


def _fraction(part: NDArray[np.float64], whole: NDArray[np.float64], of_none: float) -> NDArray[np.float64]:
    values = np.full(part.shape, of_none)
    np.divide(part, whole, out=values, where=whole > 0)
    return values


def _shared_weights(masks: Sequence[Addresses]) -> NDArray[np.int64]:
    """(M, M) how many weights each two masks have in common."""
    by_owners = np.zeros(1 << len(masks), np.int64)
    for owners in _owners(masks):
        by_owners += np.bincount(owners, minlength=len(by_owners))
    codes = np.arange(len(by_owners))
    has = np.array([(codes >> index) & 1 for index in range(len(masks))])
    shared: NDArray[np.int64] = np.einsum("ic,jc,c->ij", has, has, by_owners)
    return shared


def _owners(masks: Sequence[Addresses]) -> Iterator[NDArray[np.int64]]:
    """For each weight of any mask, the sum of 2 ** i over the masks i that have it; a piece at a time."""
    bits = [np.int64(1 << index) for index in range(len(masks))]
    for parts in _pieces(masks):
        addresses = np.concatenate(parts)
        owners = np.repeat(bits, [len(part) for part in parts])
        order = np.argsort(addresses, kind="stable")
        starts = np.flatnonzero(np.diff(addresses[order], prepend=-1))
        yield np.bitwise_or.reduceat(owners[order], starts)


def _pieces(masks: Sequence[Addresses]) -> Iterator[list[Addresses]]:
    """All masks cut at the same addresses, so that no piece has more than `CHUNK` weights."""
    step = max(1, CHUNK // len(masks))
    cuts = np.unique(np.concatenate([mask[step::step] for mask in masks]))
    bounds = [[0, *np.searchsorted(mask, cuts).tolist(), len(mask)] for mask in masks]
    for number in range(len(cuts) + 1):
        parts = [mask[at[number] : at[number + 1]] for mask, at in zip(masks, bounds, strict=True)]
        if any(len(part) for part in parts):
            yield parts


def random_mask(layout: Layout, variant: Variant, n: int, seed: int) -> Mask:
    """A uniformly random mask of n of a variant's candidates, the same for the same seed.

    Raises:
        ValueError: n is negative or more than the candidates.
    """
    total = int(layout.sizes[layout.candidates(variant)].sum())
    return Mask(layout.addresses(variant, random_subset(total, n, seed)))


def random_subset(total: int, n: int, seed: int | np.random.Generator) -> Addresses:
    """(n,) ascending: a random subset of 0 … total - 1, too large a range to be listed.

    Memory grows with n and not, as with `Generator.choice`, with the total. All subsets of n are equally
    likely.

    Raises:
        ValueError: n is negative or more than total.
    """
    if not 0 <= n <= total:
        raise ValueError(f"{n:,} of {total:,} weights cannot be drawn: choose a smaller k.")
    rng = np.random.default_rng(seed)
    if n > total // 2:
        return np.delete(np.arange(total), random_subset(total, total - n, rng))
    drawn = np.empty(0, np.int64)
    while len(drawn) < n:
        more = rng.integers(total, size=n - len(drawn))
        drawn = np.sort(np.concatenate([drawn, more]))
        drawn = drawn[np.diff(drawn, prepend=-1) > 0]
    return drawn
