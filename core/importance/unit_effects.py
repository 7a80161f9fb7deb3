"""Scores whole units by what items lose, to first order, if a unit is zeroed: without a map of weights.

A unit is zeroed where its output is: a neuron's is an input of `down`, a head's some inputs of `o`. Its
effect on an item is minus the output times the output's gradient, summed over tokens and the unit's inputs.
That is attribution to a baseline of zeros, the Taylor criterion of pruning (https://arxiv.org/abs/1611.06440).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core.importance.gradients import (
    Batch,
    Hook,
    LossItem,
    backward,
    checkpointed,
    frozen,
    loss_item,
    plan_batches,
    probe,
)
from core.importance.plan import ImportancePlan
from core.importance.scoring import not_finite, smaller_plan
from core.importance.scoring_rule import Loss, Reduction
from core.inference.batching import is_out_of_memory, release_memory
from core.inference.encoding import EncodedChoice, longest_row
from core.models.matrices import Matrix, UnitBlock
from core.models.weight_space import WeightSpace

if TYPE_CHECKING:
    from transformers import PreTrainedModel


GAIN_SHARE = 0.1
"""What an item counts in `sum-lost` that gains if a unit is zeroed, as a share of what it gains.

To first order a whole block that an ability needs can seem to be in its way: where its output is so large
that less would do better, and none would not do. Its weights have gradients of both signs, a unit has one.
"""


@dataclass(frozen=True, eq=False)
class UnitImportance:
    """The importance of units for one ability, each divided by the unit's number of weights."""

    scores: tuple[Tensor, ...]
    """(count,) float32 on CPU for each block."""
    halves: tuple[tuple[Tensor, ...], tuple[Tensor, ...]]
    """The same from the items at even and at odd indices alone."""


def score_units(
    model: PreTrainedModel,
    space: WeightSpace,
    blocks: Sequence[UnitBlock],
    items: Sequence[EncodedChoice],
    *,
    loss: Loss,
    reduction: Reduction,
    plan: ImportancePlan,
    on_progress: Callable[[int, int], None] | None = None,
) -> UnitImportance:
    """The importance of units; every item counts the same, whatever the batches.

    It is divided by the unit's weights, since k counts weights: a head is not ahead of neurons for its size.

    Args:
        model: is left as it was.
        space: its weight space.
        blocks: the units.
        items: the diagnostic items.
        loss: what is differentiated; see `loss_item`.
        reduction: how the effects on items become one number.
        plan: of which only the batches and checkpointing matter.
        on_progress: called after each batch with the items done and all items; may raise to stop. When memory
            runs out, a half of the items is begun anew, and the items done fall back.

    Raises:
        ValueError: no items, an item that cannot have the loss, an effect that is not finite, or no room for
            an item alone.
    """
    if not items:
        raise ValueError("Importance needs at least one item.")
    prepared = [loss_item(item, loss, longest_row(model.config)) for item in items]
    scoring = _Pass(model, space, blocks, prepared, reduction, plan, on_progress)
    even, odd = scoring.sum_of_half(0), scoring.sum_of_half(1)

    def scores(sums: Tensor) -> tuple[Tensor, ...]:
        counts = [block.count for block in blocks]
        by_block = torch.split(sums.abs(), counts)  # only those of `abs-sum` can be negative
        return tuple((one / block.size).float() for one, block in zip(by_block, blocks, strict=True))

    return UnitImportance(scores(even + odd), (scores(even), scores(odd)))


@dataclass
class _Pass:
    """The pass over all items."""

    model: PreTrainedModel
    space: WeightSpace
    blocks: Sequence[UnitBlock]
    items: Sequence[LossItem]
    reduction: Reduction
    plan: ImportancePlan
    on_progress: Callable[[int, int], None] | None
    _done: int = 0
    _effects: list[Tensor | None] = field(default_factory=list)
    """(items, count) effects of the batch in hand, by block."""
    _outputs: list[Tensor] = field(default_factory=list)
    """For each block a number that is finite if all outputs of its units are."""

    def sum_of_half(self, half: int) -> Tensor:
        """(units,) float64: the reduced effects, summed over the items at even (0) or odd (1) indices."""
        before, device = self._done, self.model.get_input_embeddings().weight.device
        while True:
            total = torch.zeros(sum(block.count for block in self.blocks), dtype=torch.float64)
            batches = plan_batches(self.items, self.plan.scoring_batch, device.type)
            too_large = self._first_too_large([one for one in batches if one.half == half], total)
            if too_large is None:
                return total
            self.plan = smaller_plan(self.plan, too_large, device)
            release_memory(device)
            self._emit(before)

    def _first_too_large(self, batches: Sequence[Batch], total: Tensor) -> Batch | None:
        """Adds up the batches; returns the one that did not fit in memory, None if all did."""
        again = self.space.layers if self.plan.checkpointing else []
        with frozen(self.model, self.model.get_input_embeddings()), self._hooked() as lengths:
            for batch in batches:
                lengths[:] = batch.lengths
                self._effects, self._outputs = [None] * len(self.blocks), [torch.zeros(())] * len(self.blocks)
                try:
                    with checkpointed(again):
                        backward(self.model, batch)
                    effects = self._of_batch(batch)
                except RuntimeError as error:
                    if not is_out_of_memory(error):
                        raise
                    return batch  # with the error goes what its traceback holds of the batch's tensors
                total += reduced(effects, self.reduction)
                self._emit(self._done + len(batch.items))
        return None

    @contextmanager
    def _hooked(self) -> Iterator[list[int]]:
        """Inside, backward passes note the units' effects; given is a list for the tokens of each row."""
        lengths: list[int] = []

        def note(number: int, gradient: Tensor, outputs: Tensor) -> None:
            self._effects[number] = unit_effects(self.blocks[number].count, gradient, outputs, lengths)

        def hook(number: int, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            self._outputs[number] = probe(inputs[0].detach())
            return (Hook.apply(inputs[0], inputs[0].detach(), partial(note, number)),)

        with ExitStack() as stack:
            for number, block in enumerate(self.blocks):
                linear = self.space.linear(reader_of(block))
                stack.callback(linear.register_forward_pre_hook(partial(hook, number)).remove)
            yield lengths

    def _of_batch(self, batch: Batch) -> Tensor:
        """(items, units) float64 on CPU: the effects of all blocks.

        Raises:
            ValueError: one is not finite.
        """
        found = []
        for effects in self._effects:
            assert effects is not None, "every unit's output has a gradient"
            found.append(effects.cpu().double())  # only now: in the hooks a GPU would wait at every block
        whole = torch.cat(found, dim=1)
        if not whole.isfinite().all():
            broken = [
                block for block, one in zip(self.blocks, self._outputs, strict=True) if not one.isfinite()
            ]
            faded = [block for block, one in zip(self.blocks, found, strict=True) if not one.isfinite().all()]
            block, what = (broken[0], "input") if broken else (faded[-1], "gradient of the input")
            raise not_finite(reader_of(block), what, batch)
        return whole

    def _emit(self, done: int) -> None:
        self._done = done
        if self.on_progress:
            self.on_progress(done, len(self.items))


def reader_of(block: UnitBlock) -> Matrix:
    """The matrix that reads the units' outputs: it has columns of each."""
    (found,) = (part.matrix for part in block.parts if part.by == "columns")
    return found


def unit_effects(count: int, gradient: Tensor, outputs: Tensor, lengths: Sequence[int]) -> Tensor:
    """(items, count) float32: minus gradient times output, summed over an item's tokens and a unit's width.

    Args:
        count: of the units.
        gradient: (B, T, count * width), or (B * T, count * width) as OPT's MLPs have it.
        outputs: in the same shape.
        lengths: tokens of each row.
    """
    gradient, outputs = (one.reshape(len(lengths), -1, one.shape[-1]) for one in (gradient, outputs))
    rows = [
        (gradient[row, :length].float() * outputs[row, :length].float()).sum(dim=0)
        for row, length in enumerate(lengths)
    ]
    return -torch.stack(rows).view(len(lengths), count, -1).sum(dim=2)


def reduced(effects: Tensor, reduction: Reduction) -> Tensor:
    """(units,): the sum over (items, units) effects; `abs-sum` takes its absolute value at the very end."""
    if reduction == "sum-lost":
        effects = torch.maximum(effects, -GAIN_SHARE * effects)
    return effects.sum(dim=0)
