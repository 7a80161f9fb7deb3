"""Masks of whole units, neurons and heads: as many of the first ones as fit. No torch."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from core.masks.layout import Addresses, Layout
from core.masks.mask import Mask
from core.models.matrices import Part, UnitBlock, Variant, unit_blocks

Numbers = NDArray[np.int64]
"""(n,) numbers of units: they count those of all blocks, one after the other."""


class Units:
    """The units that a variant takes from; a ranking has them by the addresses of their first weights."""

    def __init__(self, layout: Layout, variant: Variant, heads: int | None) -> None:
        """Finds them.

        Args:
            layout: the candidate matrices.
            variant: from which of them.
            heads: query heads of each attention; None if unknown.

        Raises:
            UnsupportedModelError: the variant is `all`, and the heads are not known.
        """
        self.blocks: tuple[UnitBlock, ...] = unit_blocks(layout.matrices, variant, heads)
        self._starts = [0, *accumulate(block.count for block in self.blocks)]

    def __len__(self) -> int:
        """Number of units."""
        return self._starts[-1]

    @cached_property
    def addresses(self) -> Addresses:
        """(units,) flat address of the first weight of each, ascending."""
        first = [block.parts[0] for block in self.blocks]
        return np.concatenate(
            [
                part.matrix.offset + np.arange(block.count) * part.width * part.matrix.columns
                for block, part in zip(self.blocks, first, strict=True)
            ]
        )

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """(units,) weights of each."""
        return np.repeat([block.size for block in self.blocks], [block.count for block in self.blocks])

    def numbers(self, addresses: Addresses) -> Numbers:
        """The units with some first weights, in their order.

        Raises:
            ValueError: an address is not the first of a unit.
        """
        found = np.minimum(np.searchsorted(self.addresses, addresses), len(self) - 1)
        if not np.array_equal(self.addresses[found], addresses):
            raise ValueError("A weight is not the first of a unit: rank the units again.")
        return found

    def fitting(self, order: Numbers, n: int) -> Numbers:
        """The first units of an order, as many as n weights hold: for a smaller n, a prefix."""
        return order[: int(np.searchsorted(np.cumsum(self.sizes[order]), n, side="right"))]

    def mask(self, numbers: Numbers) -> Mask:
        """All weights of some units, which are given in any order, each once."""
        ascending = np.sort(numbers)
        cuts = np.searchsorted(ascending, self._starts)
        parts = [
            self._addresses_in(part, ascending[first:last] - start)
            for block, start, first, last in zip(
                self.blocks, self._starts[:-1], cuts[:-1], cuts[1:], strict=True
            )
            for part in block.parts
            if first < last
        ]
        return Mask(np.concatenate([np.empty(0, np.int64), *parts]))

    def random_mask(self, n: int, seed: int) -> Mask:
        """As many units as n weights hold, from all in random order; the same for the same seed."""
        return self.mask(self.fitting(np.random.default_rng(seed).permutation(len(self)), n))

    @staticmethod
    def _addresses_in(part: Part, units: Numbers) -> Addresses:
        """The flat addresses that ascending units of its block have in a matrix, ascending."""
        matrix = part.matrix
        lines = (units[:, None] * part.width + np.arange(part.width)).ravel()
        if part.by == "columns":
            found = np.arange(matrix.rows)[:, None] * matrix.columns + lines
        else:
            halves = np.arange(part.repeats)[:, None] * (matrix.rows // part.repeats)
            found = (halves + lines).reshape(-1, 1) * matrix.columns + np.arange(matrix.columns)
        return matrix.offset + found.ravel()
