"""Ablation: the weights of a mask become exactly 0 in place, and can be restored to the very same bits.

A factor other than 0 multiplies them instead, so that one sees what lies between the two.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.masks.mask import Mask
from core.models.storage import Patch
from core.models.weight_space import WeightSpace


@dataclass(frozen=True)
class Ablation:
    """What applying a mask did."""

    weights: int
    """Number of weights of the mask."""
    changed: int
    """How many of them are another number now."""


class Ablator:
    """Applies one mask at a time to the model of a weight space; only the changed weights are kept aside."""

    def __init__(self, space: WeightSpace) -> None:
        self._space = space
        self._patches: list[Patch] = []

    def apply(self, mask: Mask, factor: float = 0.0) -> Ablation:
        """What was done; a mask that was applied before is restored first.

        Args:
            mask: which weights.
            factor: what they are multiplied by; 0 makes them exactly +0.

        Raises:
            ValueError: the mask lies beyond the weight space, or the factor is not finite, or not 0 for 4-bit
                weights; nothing has changed then.
        """
        if not math.isfinite(factor):
            raise ValueError(f"The scaling factor is {factor}: give a finite number, 0 to ablate.")
        self._space.check_factor(factor)
        places = mask.by_matrix(self._space)
        self.restore()
        try:
            for matrix, local in places:
                self._patches.append(self._space.scale(matrix, local, factor))
        except BaseException:
            self.restore()
            raise
        return Ablation(len(mask), sum(int(patch.changed) for patch in self._patches))

    def restore(self) -> None:
        """Makes the weights what they were, bit for bit; does nothing if no mask is applied."""
        while self._patches:
            self._space.restore(self._patches[-1])
            self._patches.pop()

    @contextmanager
    def applied(self, mask: Mask, factor: float = 0.0) -> Iterator[Ablation]:
        """The mask is applied inside, and the weights are as loaded afterwards, whatever happens."""
        try:
            yield self.apply(mask, factor)
        finally:
            self.restore()
