"""Ablation: sets the weights of a mask to exactly 0 in place, and restores them bit for bit.

A factor other than 0 multiplies them instead, which shows what lies between intact and ablated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from core.masks.layout import Layout
from core.masks.mask import Mask
from core.models.weight_space import Patch, WeightSpace


@dataclass(frozen=True)
class Ablation:
    """What applying a mask did."""

    weights: int
    """Number of weights of the mask."""
    changed: int
    """How many of them have another value now."""


class Ablator:
    """Applies one mask at a time to the model of a weight space; only the changed weights are kept aside."""

    def __init__(self, space: WeightSpace) -> None:
        self._space = space
        self._layout = Layout(space.matrices)
        self._patches: list[Patch] = []
        self.applied_now: tuple[Mask, float] | None = None
        """The mask that is applied and its factor; None if there is none."""

    def apply(self, mask: Mask, factor: float = 0.0) -> Ablation:
        """Applies a mask, and says what that did; a mask that was applied before is restored first.

        Args:
            mask: which weights.
            factor: multiplies them; 0 makes them exactly +0.

        Raises:
            ValueError: the mask lies beyond the weight space, or the factor is not finite, or not 0 for 4-bit
                weights; nothing has changed then.
        """
        if not math.isfinite(factor):
            raise ValueError(f"The scaling factor is {factor}: give a finite number, 0 to ablate.")
        self._space.check_factor(factor)
        positions = mask.by_matrix(self._layout)
        self.restore()
        try:
            for index, local in positions:
                matrix = self._space.matrices[index]
                self._patches.append(self._space.scale(matrix, torch.from_numpy(local), factor))
        except BaseException:
            self.restore()
            raise
        self.applied_now = mask, factor
        return Ablation(len(mask), sum(int(patch.changed) for patch in self._patches))

    def restore(self) -> None:
        """Restores the weights bit for bit; does nothing if no mask is applied."""
        while self._patches:
            self._space.restore(self._patches[-1])
            self._patches.pop()
        self.applied_now = None

    @contextmanager
    def applied(self, mask: Mask, factor: float = 0.0) -> Iterator[Ablation]:
        """A context in which the mask is applied; afterwards the weights are as loaded, whatever happened."""
        try:
            yield self.apply(mask, factor)
        finally:
            self.restore()
