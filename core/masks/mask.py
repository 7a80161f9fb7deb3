"""Masks: which weights are selected, their algebra, their overlap and where they lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from core.models.matrices import neurons_of
from core.models.spec import one_of

if TYPE_CHECKING:
    from core.models.matrices import Matrix, MatrixKind
    from core.models.weight_space import WeightSpace


@dataclass(frozen=True, eq=False)
class Mask:
    """A set of weights."""

    addresses: Tensor
    """(n,) int64 on CPU: flat addresses of the weight space, ascending, without repeats."""

    def __post_init__(self) -> None:
        """Checks the addresses.

        Raises:
            ValueError: they are not ascending, without repeats, at least 0, int64 and on CPU.
        """
        a = self.addresses
        if a.dim() != 1 or a.dtype != torch.int64 or a.device.type != "cpu":
            raise ValueError(
                f"Addresses of shape {tuple(a.shape)}, {a.dtype}, on {a.device}: use int64 on CPU."
            )
        if len(a) and (int(a[0]) < 0 or not bool((a[1:] > a[:-1]).all())):
            raise ValueError("Addresses are negative, unsorted or repeated: sort them, each once.")

    @classmethod
    def of(cls, addresses: Tensor) -> Mask:
        """The mask of addresses in any order, such as the first n of a ranking.

        Raises:
            ValueError: an address is negative or repeated.
        """
        return cls(_sorted(addresses))

    def __len__(self) -> int:
        """Number of weights."""
        return len(self.addresses)

    def __eq__(self, other: object) -> bool:
        """Whether the other is a mask of the same weights."""
        return isinstance(other, Mask) and torch.equal(self.addresses, other.addresses)

    def __hash__(self) -> int:
        """Equal masks have equal hashes."""
        return hash(self.addresses.numpy().tobytes())

    def union(self, other: Mask) -> Mask:
        """Weights of either."""
        return shared_by([self, other], at_least=1)

    def intersection(self, other: Mask) -> Mask:
        """Weights of both."""
        return Mask(self.addresses[self._is_in(other)])

    def difference(self, other: Mask) -> Mask:
        """Weights of this one that the other has not."""
        return Mask(self.addresses[~self._is_in(other)])

    def jaccard(self, other: Mask) -> float:
        """Share of the union that both have, in [0, 1]; 1 for two empty masks."""
        shared = int(self._is_in(other).sum())
        either = len(self) + len(other) - shared
        return shared / either if either else 1.0

    def containment(self, other: Mask) -> float:
        """Share of this mask that the other has too, in [0, 1]; 1 for an empty mask."""
        return int(self._is_in(other).sum()) / len(self) if len(self) else 1.0

    def lift(self, other: Mask, candidates: int) -> float:
        """How many times as many weights are shared as two random masks of these sizes would share.

        Args:
            other: the other mask.
            candidates: how many weights both were taken from.

        Raises:
            ValueError: a mask is empty or larger than the candidates: the lift is not defined.
        """
        small, large = sorted((len(self), len(other)))
        if not 0 < small <= large <= candidates:
            raise ValueError(f"Masks of {small:,} and {large:,} of {candidates:,} candidates have no lift.")
        return int(self._is_in(other).sum()) * candidates / (small * large)

    def by_matrix(self, space: WeightSpace) -> list[tuple[Matrix, Tensor]]:
        """Each matrix that has weights of the mask, with their int64 row-major places in it, ascending.

        Raises:
            ValueError: an address lies beyond the weight space.
        """
        if len(self) and int(self.addresses[-1]) >= space.size:
            raise ValueError(
                f"Address {int(self.addresses[-1]):,} lies beyond the model's {space.size:,} candidates: "
                "use a mask of the same model."
            )
        ends = torch.tensor([matrix.offset + matrix.size for matrix in space.matrices])
        cuts = [0, *torch.searchsorted(self.addresses, ends).tolist()]
        spans = zip(space.matrices, cuts[:-1], cuts[1:], strict=True)
        return [(m, self.addresses[first:last] - m.offset) for m, first, last in spans if first < last]

    def count_by_matrix(self, space: WeightSpace) -> list[int]:
        """Number of weights in each matrix of the space, in order."""
        counts = {matrix.index: len(local) for matrix, local in self.by_matrix(space)}
        return [counts.get(matrix.index, 0) for matrix in space.matrices]

    def count_by_layer(self, space: WeightSpace) -> list[int]:
        """Number of weights in each decoder layer, in order."""
        counts: Counter[int] = Counter(dict.fromkeys((matrix.layer for matrix in space.matrices), 0))
        for matrix, local in self.by_matrix(space):
            counts[matrix.layer] += len(local)
        return list(counts.values())

    def count_by_kind(self, space: WeightSpace) -> dict[MatrixKind, int]:
        """Number of weights in each kind of matrix, over all layers."""
        counts: dict[MatrixKind, int] = dict.fromkeys((matrix.kind for matrix in space.matrices), 0)
        for matrix, local in self.by_matrix(space):
            counts[matrix.kind] += len(local)
        return counts

    def count_by_neuron(self, space: WeightSpace) -> Tensor:
        """(layers, neurons) int64 number of weights of each intermediate unit of the MLPs.

        A unit is a row of `gate` and of `up` (of each half of `gate_up`), and a column of `down`.
        """
        downs = [matrix for matrix in space.matrices if matrix.kind == "down"]
        counts = torch.zeros(len(downs), downs[0].columns, dtype=torch.int64)
        for matrix, local in self.by_matrix(space):
            if matrix.block == "mlp":
                counts[matrix.layer] += torch.bincount(neurons_of(matrix, local), minlength=counts.shape[1])
        return counts

    def _is_in(self, other: Mask) -> Tensor:
        """(n,) bool: which weights of this one the other has."""
        if not len(other):
            return torch.zeros(len(self), dtype=torch.bool)
        places = torch.searchsorted(other.addresses, self.addresses).clamp(max=len(other) - 1)
        return other.addresses[places] == self.addresses


def shared_by(masks: Iterable[Mask], at_least: int) -> Mask:
    """The weights that are in at least so many of the masks.

    Raises:
        ValueError: at_least is below 1 or above the number of masks.
    """
    pools = [mask.addresses for mask in masks]
    if not 1 <= at_least <= len(pools):
        raise ValueError(f"A core of at least {at_least} of {len(pools)} masks: choose 1 to {len(pools)}.")
    addresses, counts = torch.unique_consecutive(_sorted(torch.cat(pools)), return_counts=True)
    return Mask(addresses[counts >= at_least])


def top_minus_shared(masks: Mapping[str, Mask], own: str, at_least: int) -> Mask:
    """One ability's mask without the weights that are in at least so many of all the masks, its own included.

    Raises:
        ValueError: own is not among the masks, or at_least is out of range.
    """
    one_of(own, masks, "mask")
    return masks[own].difference(shared_by(masks.values(), at_least))


def _sorted(addresses: Tensor) -> Tensor:
    """Ascending. NumPy sorts int64 several times as fast as torch does on a CPU."""
    return torch.from_numpy(np.sort(addresses.numpy()))
