"""Where the candidate matrices lie in the flat addresses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from core.models.matrices import Matrix, Variant

Addresses = NDArray[np.int64]
"""(n,) flat addresses: they count the weights of all candidate matrices, one after the other, row by row."""


@dataclass(frozen=True)
class Layout:
    """The candidate matrices of a model, in the order of their addresses."""

    matrices: tuple[Matrix, ...]

    @cached_property
    def starts(self) -> Addresses:
        """(matrices + 1,) the address at which each matrix begins, and where the last ends."""
        return np.array([0, *accumulate(matrix.size for matrix in self.matrices)], np.int64)

    @property
    def sizes(self) -> Addresses:
        """(matrices,) weights of each matrix."""
        return np.diff(self.starts)

    def candidates(self, variant: Variant) -> list[int]:
        """The indices of the matrices that a variant takes weights from."""
        return [matrix.index for matrix in self.matrices if variant == "all" or matrix.is_mlp]

    def split(self, variant: Variant, positions: Addresses) -> tuple[Addresses, Addresses]:
        """The matrix of each candidate, by index, and its row-major position in it; (n,) both.

        Args:
            variant: whose candidates.
            positions: (n,) in the concatenation of the variant's candidate matrices, in any order.

        Raises:
            ValueError: a position lies outside the candidates.
        """
        indices = self.candidates(variant)
        sizes = self.sizes[indices]
        ends = np.cumsum(sizes)
        if len(positions) and not 0 <= int(positions.min()) <= int(positions.max()) < int(ends[-1]):
            raise ValueError(f"A position lies outside the {int(ends[-1]):,} candidates: rank them again.")
        which = np.searchsorted(ends, positions, side="right")
        return np.asarray(indices)[which], positions - (ends - sizes)[which]

    def addresses(self, variant: Variant, positions: Addresses) -> Addresses:
        """(n,) flat addresses of the candidates at some positions; arguments and errors as of `split`."""
        matrices, local = self.split(variant, positions)
        return self.starts[matrices] + local
