"""Scores every candidate weight by gradient times weight, group of layers by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.importance.gradients import (
    Batch,
    GradientSums,
    LossItem,
    backward,
    checkpointed,
    frozen,
    hooked,
    loss_item,
    plan_batches,
)
from core.importance.maps import Importance, Offload, zero_map
from core.importance.plan import DEFAULT_SCORING_BATCH, FLOAT32_BYTES, ImportancePlan, one_pass
from core.importance.scoring_rule import LOSSES, REDUCTIONS, Loss, Reduction
from core.inference.batching import is_out_of_memory, release_memory
from core.inference.encoding import EncodedChoice, longest_row
from core.models.matrices import Matrix
from core.models.spec import one_of
from core.models.weight_space import WeightSpace

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def score_importance(
    model: PreTrainedModel,
    space: WeightSpace,
    items: Sequence[EncodedChoice],
    *,
    loss: Loss,
    reduction: Reduction = "abs-sum",
    batch_size: int = DEFAULT_SCORING_BATCH,
    plan: ImportancePlan | None = None,
    scratch: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Importance:
    """The importance of every candidate weight; every item counts the same, whatever the batches and plan.

    Scores of two plans with the same batches are the same to the bit where gradients are summed on one
    device; with accumulation in main memory beside a GPU, and with other batches, to float32's rounding.

    Args:
        model: is left as it was: modes, requires_grad, hooks, no `.grad`.
        space: its weight space.
        items: the diagnostic items.
        loss: what is differentiated; see `loss_item`.
        reduction: whether items may cancel.
        batch_size: items in a batch at most, without a plan.
        plan: how it is done; without one, all layers in one pass, and the maps in main memory.
        scratch: the folder for maps on disk, if the plan asks for them.
        on_progress: called after each batch with the items done (of several passes, their mean) and all
            items; may raise to stop. When memory runs out, a half of the items is begun anew with smaller
            batches, and the items done fall back.

    Raises:
        ValueError: no items, an item that cannot have the loss, a gradient that is not finite, or no room for
            the maps or for an item alone.
    """
    one_of(loss, LOSSES, "loss")
    one_of(reduction, REDUCTIONS, "reduction")
    if not items or batch_size < 1:
        raise ValueError(
            f"{len(items)} items in batches of {batch_size}: importance needs at least one of each."
        )
    prepared = [loss_item(item, loss, longest_row(model.config)) for item in items]
    if plan is None:
        is_on_cpu = all(space.device(matrix).type == "cpu" for matrix in space.matrices)
        plan = one_pass(space.matrices[-1].layer + 1, batch_size, on_cpu=is_on_cpu)
    assert plan.maps == "memory" or scratch is not None, "a plan with maps on disk needs a folder for them"
    folder = scratch if plan.maps == "disk" else None
    products, even_products = (zero_map(space.matrices, folder) for _ in range(2))
    _Passes(model, space, prepared, reduction, plan, on_progress).run(products, even_products)
    return Importance(products, even_products, len(items), sum(item.is_cut for item in prepared))


@dataclass
class _Passes:
    """The passes over all items, which compute two maps of gradient sum times weight.

    One is over all items, the other over those at even indices.
    """

    _model: PreTrainedModel
    _space: WeightSpace
    _items: Sequence[LossItem]
    _reduction: Reduction
    _plan: ImportancePlan
    _on_progress: Callable[[int, int], None] | None
    _scored: int = 0
    """Items, counted again in every pass."""

    @property
    def _device(self) -> torch.device:
        device: torch.device = self._model.get_input_embeddings().weight.device
        return device

    def run(self, products: Sequence[Tensor], even_products: Sequence[Tensor]) -> None:
        """Fills the two maps, which are zeros before.

        Groups go from the last to the first, so that what is not finite is met where it arises.
        """
        with self._offload() as offload:
            for first, last in reversed(self._plan.groups):
                matrices = [matrix for matrix in self._space.matrices if first <= matrix.layer < last]
                for half, target in enumerate((even_products, products)):
                    self._sum_half(matrices, half, target, offload)
                self._multiply(matrices, products, even_products)

    def _offload(self) -> AbstractContextManager[Offload | None]:
        """What brings matrices to main memory; None if they are there."""
        types = {self._space.device(matrix).type for matrix in self._space.matrices}
        if types == {"cpu"}:
            return nullcontext()
        return Offload(max(matrix.size for matrix in self._space.matrices), pinned="cuda" in types)

    def _sum_half(
        self, matrices: Sequence[Matrix], half: int, target: Sequence[Tensor], offload: Offload | None
    ) -> None:
        """Puts the gradient sums over one half of the items into a map."""
        before = self._scored
        while True:
            accumulators = self._accumulators(matrices, target)
            is_on_host = self._plan.accumulate_on == "host"
            sums = GradientSums(self._space, accumulators, self._reduction, offload if is_on_host else None)
            batches = plan_batches(self._items, self._plan.scoring_batch, self._device.type)
            batches = [batch for batch in batches if batch.half == half]
            too_large = self._first_too_large(batches, matrices, sums)
            sums.finish()
            if too_large is None:
                break
            self._plan = smaller_plan(self._plan, too_large, self._device)
            del accumulators, sums
            release_memory(self._device)
            self._emit(before)
        if not is_on_host:
            _bring_home(accumulators, target, offload)

    def _accumulators(self, matrices: Sequence[Matrix], target: Sequence[Tensor]) -> dict[Matrix, Tensor]:
        """(rows, columns) float32 zeros for each matrix: those of the map itself if they are on the host."""
        if self._plan.accumulate_on == "host":
            return {matrix: target[matrix.index].zero_() for matrix in matrices}
        try:
            return {
                matrix: torch.zeros(matrix.rows, matrix.columns, device=self._space.device(matrix))
                for matrix in matrices
            }
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        size_bytes = FLOAT32_BYTES * sum(matrix.size for matrix in matrices)
        raise ValueError(
            f"The gradient sums of layers {matrices[0].layer} to {matrices[-1].layer} take "
            f"{size_bytes / 1e9:.1f} GB, and {self._device} has no room for them: close what else uses its "
            "memory, or use a smaller model or --quantization nf4."
        )

    def _first_too_large(
        self, batches: Sequence[Batch], matrices: Sequence[Matrix], sums: GradientSums
    ) -> Batch | None:
        """Sums the batches' gradients; returns the batch that did not fit in memory, None if all did."""
        first = matrices[0].layer
        source = self._space.layers[first - 1] if first else self._model.get_input_embeddings()
        again = list(self._space.layers)[first:] if self._plan.checkpointing else []
        with frozen(self._model, source), hooked(self._space, set(matrices), sums):
            for batch in batches:
                sums.start(batch.lengths)
                try:
                    with checkpointed(again):  # not longer: between batches the model may write something
                        backward(self._model, batch)
                except RuntimeError as error:
                    if not is_out_of_memory(error):
                        raise
                    return batch  # with the error goes what its traceback holds of the batch's tensors
                if where := sums.not_finite():
                    raise not_finite(*where, batch)
                self._emit(self._scored + len(batch.items))
        return None

    def _emit(self, scored: int) -> None:
        self._scored = scored
        if self._on_progress:
            self._on_progress(scored // len(self._plan.groups), len(self._items))

    def _multiply(
        self, matrices: Sequence[Matrix], products: Sequence[Tensor], even_products: Sequence[Tensor]
    ) -> None:
        """Turns the halves' sums into gradient times weight, of all items and of those at even indices."""
        for matrix in matrices:
            weight = self._space.read(matrix).cpu().float()
            whole, even = products[matrix.index], even_products[matrix.index]
            whole.add_(even).mul_(weight)
            even.mul_(weight)
            if not (whole.sum(dtype=torch.float64) + even.sum(dtype=torch.float64)).isfinite():
                raise ValueError(
                    f"The importance of {matrix.name} is not finite: its gradients are too large."
                )


def _bring_home(
    accumulators: dict[Matrix, Tensor], target: Sequence[Tensor], offload: Offload | None
) -> None:
    """Copies the accumulators into the map; each is given up as soon as it is on its way."""
    while accumulators:
        matrix, sums = accumulators.popitem()
        if offload is None:
            target[matrix.index].copy_(sums)
        else:
            offload.send(sums, target[matrix.index].copy_)
    if offload is not None:
        offload.finish()


def not_finite(matrix: Matrix, what: str, batch: Batch) -> ValueError:
    """The error that something at a matrix, such as its output, is not finite on a batch."""
    ids = ", ".join(item.read.item_id for item in batch.items)
    return ValueError(
        f"The {what} of {matrix.name} (layer {matrix.layer}, {matrix.kind}) is not finite on the items "
        f"{ids}: check the model's weights, or load it in float32 or bfloat16."
    )


def smaller_plan(plan: ImportancePlan, batch: Batch, device: torch.device) -> ImportancePlan:
    """The plan for less memory than a batch took: half as many items, or checkpointing of a single item.

    Raises:
        ValueError: neither is left.
    """
    if len(batch.items) > 1:
        return replace(plan, scoring_batch=len(batch.items) // 2)
    if not plan.checkpointing:
        return replace(plan, checkpointing=True)
    (item,) = batch.items
    raise ValueError(
        f"Item {item.read.item_id} alone ({item.length} tokens) does not fit in the memory of {device}: "
        "close what else uses it, choose shorter items, or use a smaller model "
        "or --quantization nf4."
    )
