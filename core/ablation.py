"""Ablation: the weights of a mask become exactly 0 in place, and can be restored to the very same bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.masks import Mask
from core.weights import Patch, WeightSpace


@dataclass(frozen=True)
class Ablation:
    """What applying a mask did."""

    zeroed: int
    """Number of weights of the mask, all of them 0 now."""
    changed: int
    """How many of them were not 0 before."""


class Ablator:
    """Applies one mask at a time to the model of a weight space; only the zeroed weights are kept aside."""

    def __init__(self, space: WeightSpace) -> None:
        self._space = space
        self._patches: list[Patch] = []

    def apply(self, mask: Mask) -> Ablation:
        """What was zeroed; a mask that was applied before is restored first.

        Raises:
            ValueError: the mask lies beyond the weight space; nothing has changed then.
        """
        places = mask.by_matrix(self._space)
        self.restore()
        try:
            for matrix, local in places:
                self._patches.append(self._space.zero(matrix, local))
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
    def applied(self, mask: Mask) -> Iterator[Ablation]:
        """The mask is applied inside, and the weights are as loaded afterwards, whatever happens."""
        try:
            yield self.apply(mask)
        finally:
            self.restore()
