"""Random knockouts of whole units and a sparse regression: forward passes only.

After https://arxiv.org/abs/2603.03335. One set of knockouts serves all abilities. What goes together is a
head, or some neurons of a layer: one in an embedded model, `NEURONS` in a real one. Every group is in as many
knockouts as any other. Needs scikit-learn, which the extra `harness` brings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from core.importance.gradients import plan_batches
from core.masks.ablation import Ablator
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.masks.units import Numbers, Units
from core.phantom.calibration import PRIVATE
from tests.performance.scores.subject import ROWS, Subject

SHARE = 0.05
"""Share of all groups in a knockout."""

NEURONS = 64
"""Neurons in a group, of a real model."""


@dataclass(frozen=True, eq=False)
class Knockouts:
    """What a model loses by random knockouts, and what each group is to blame for."""

    subject: Subject
    n: int
    """How many there are."""
    n_items: int
    """Diagnostic items of each ability whose losses are taken."""

    @cached_property
    def units(self) -> Units:
        """All heads and neurons."""
        heads = self.subject.loaded.model.config.num_attention_heads
        return Units(Layout(self.subject.space.matrices), "all", heads)

    @cached_property
    def is_neuron(self) -> NDArray[np.bool_]:
        """(units,) whether a unit is a neuron."""
        blocks = self.units.blocks
        return np.repeat([one.parts[0].matrix.is_mlp for one in blocks], [one.count for one in blocks])

    @cached_property
    def groups(self) -> list[Numbers]:
        """The units that go together, at random among the neurons of a layer."""
        rng, found, start = np.random.default_rng(0), [], 0
        for block in self.units.blocks:
            numbers = start + np.arange(block.count)
            size = NEURONS if block.parts[0].matrix.is_mlp and not self.subject.is_embedded else 1
            order = numbers if size == 1 else rng.permutation(numbers)
            found += np.split(order, range(size, block.count, size))
            start += block.count
        return found

    def mask(self, order: Numbers, n: int) -> Mask:
        """As many units of the first groups as n weights hold; of an embedded model only neurons."""
        numbers = np.concatenate([self.groups[group] for group in order])
        kept = self.is_neuron[numbers] | (not self.subject.is_embedded)
        return self.units.mask(self.units.fitting(numbers[kept], n))

    def harms(self, ability: str) -> NDArray[np.float32]:
        """(groups,) what an ability's loss grows by with each group, alone, by Lasso."""
        from sklearn.linear_model import LassoCV

        losses = self._losses[:, PRIVATE.index(ability)]
        losses = (losses - losses.mean()) / losses.std()
        fitted = LassoCV(alphas=20, cv=4, positive=True, max_iter=5000).fit(self._taken, losses)
        return fitted.coef_.astype(np.float32)

    @cached_property
    def _taken(self) -> NDArray[np.bool_]:
        """(n, groups) which each knockout takes."""
        rng, groups = np.random.default_rng(0), len(self.groups)
        size = round(SHARE * groups)
        drawn = np.concatenate([rng.permutation(groups) for _ in range(-(-self.n * size // groups))])
        found = np.zeros((self.n, groups), bool)
        np.put_along_axis(found, drawn[: self.n * size].reshape(self.n, size), values=True, axis=1)
        return found

    @cached_property
    def _losses(self) -> NDArray[np.float64]:
        """(n, abilities) the sums of the items' losses."""
        return np.array([list(self._under(row)) for row in self._taken])

    def _under(self, taken: NDArray[np.bool_]) -> Iterator[float]:
        """The sums of the items' losses without some groups, ability by ability."""
        mask = self.units.mask(np.concatenate([self.groups[group] for group in taken.nonzero()[0]]))
        with Ablator(self.subject.space).applied(mask), torch.no_grad():
            for ability in PRIVATE:
                batches = plan_batches(self.subject.items(ability)[: self.n_items], ROWS, "cpu")
                yield sum(float(self.subject.loss(batch)) for batch in batches)
