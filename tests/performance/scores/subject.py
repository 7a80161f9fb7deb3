"""An embedded model, its items, and the gradients of its MLPs, by plain autograd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn

from core.abilities.prompts import render_choice
from core.benchmarks.evaluation import Prepared, prepare
from core.benchmarks.registry import find_benchmarks
from core.experiment.specs import DiagnosticSet
from core.importance.backward import last_hidden, losses
from core.importance.losses import Batch, LossItem, loss_item, plan_batches
from core.inference.encoding import encode_choice, longest_row
from core.models.loading import LoadedModel, load
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from core.phantom.calibration.blocks import PRIVATE

Map = list[Tensor]
"""(rows, columns) float32 for each matrix of the MLPs, in the order of the weight space."""

ROWS = 64
"""Rows in a batch."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What scores are made of; losses are `margin`, in nats, summed over items."""

    name: str
    n_items: int
    limit: int
    """Held-out items of each ability."""
    _items: dict[str, list[LossItem]] = field(default_factory=dict)

    @cached_property
    def loaded(self) -> LoadedModel:
        """The model; nothing of it but its MLPs' matrices has a gradient."""
        loaded = load(ModelSpec(self.name))
        loaded.model.requires_grad_(False)
        space = WeightSpace(loaded.model)
        for matrix in space.candidates("mlp"):
            space.linear(matrix).weight.requires_grad_(True)
        return loaded

    @cached_property
    def space(self) -> WeightSpace:
        """Its candidate weights."""
        return WeightSpace(self.loaded.model)

    @cached_property
    def linears(self) -> list[nn.Linear]:
        """The modules of the MLPs' matrices."""
        return [self.space.linear(matrix) for matrix in self.space.candidates("mlp")]

    @cached_property
    def weights(self) -> list[Tensor]:
        """The matrices of the MLPs themselves."""
        return [linear.weight for linear in self.linears]

    @cached_property
    def prepared(self) -> list[Prepared]:
        """The held-out items of each ability."""
        return [prepare(self.loaded, one, self.limit) for one in find_benchmarks(PRIVATE)]

    def items(self, ability: str) -> list[LossItem]:
        """The diagnostic items of an ability."""
        if ability not in self._items:
            spec, tokenizer = self.loaded.spec, self.loaded.tokenizer
            longest = longest_row(self.loaded.model.config)
            self._items[ability] = [
                loss_item(encode_choice(render_choice(item, spec.style), tokenizer), "margin", longest)
                for item in DiagnosticSet(ability, spec.level, spec.style, self.n_items, 0).items()
            ]
        return self._items[ability]

    def batches(self, ability: str) -> list[Batch]:
        """All items of an ability, some at once."""
        return plan_batches(self.items(ability), ROWS, "cpu")

    def one_by_one(self, ability: str) -> list[Batch]:
        """Each item of an ability alone."""
        return [Batch((item,), 0) for item in self.items(ability)]

    def loss(self, batch: Batch) -> Tensor:
        """() the sum of the items' losses."""
        return torch.stack([*losses(self.loaded.model, batch, last_hidden(self.loaded.model, batch))]).sum()

    def products(self, batches: Sequence[Batch]) -> Iterator[Map]:
        """Gradient times weight of each batch: what its loss falls by, to first order, if a weight goes."""
        for batch in batches:
            gradients = torch.autograd.grad(self.loss(batch), self.weights)
            yield [g * w.detach() for g, w in zip(gradients, self.weights, strict=True)]
