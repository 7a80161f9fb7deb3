"""Scores every candidate weight: I(w) = |sum over items of dL/dw * w|."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from core.choices import FORMS, LOSSES, Form, Loss, one_of
from core.importance.batches import Batch, plan_batches
from core.importance.rows import loss_item
from core.importance.sums import GradientSums
from core.importance.taps import frozen, tapped
from core.inference.encoding import EncodedChoice, longest_row
from core.weights import WeightSpace

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, eq=False)
class Importance:
    """The scores of one set of items."""

    scores: tuple[Tensor, ...]
    """(rows, columns) float32 on CPU, at least 0, for each matrix of the weight space in order."""
    halves: tuple[tuple[Tensor, ...], tuple[Tensor, ...]]
    """The same from the items at even and at odd places alone: how far they agree is the reliability."""
    items: int
    """Number of items."""
    truncated: int
    """How many of them had their context cut."""


def score_importance(
    model: PreTrainedModel,
    space: WeightSpace,
    items: Sequence[EncodedChoice],
    *,
    loss: Loss,
    form: Form = "sum",
    batch_size: int = 16,
    on_progress: Callable[[int, int], None] | None = None,
) -> Importance:
    """The importance of every candidate weight; every item counts the same, whatever the batches.

    Args:
        model: is left as it was: modes, requires_grad, hooks, no `.grad`.
        space: its weight space.
        items: the diagnostic items.
        loss: what is differentiated; see `loss_item`.
        form: whether items may cancel.
        batch_size: rows in a batch at most; the rows of an item stay together.
        on_progress: called after each batch with the items done and all items; may raise to stop.

    Raises:
        ValueError: no items, an item that cannot have the loss, or a gradient that is not finite.
    """
    one_of(loss, LOSSES, "loss")
    one_of(form, FORMS, "form")
    if not items or batch_size < 1:
        raise ValueError(
            f"{len(items)} items in batches of {batch_size}: importance needs at least one of each."
        )
    prepared = [loss_item(item, loss, longest_row(model.config)) for item in items]
    sums = GradientSums(space, form)
    done = 0
    with frozen(model, model.get_input_embeddings()), tapped(space, sums.watch_output, sums.add):
        for batch in plan_batches(prepared, batch_size):
            sums.start(batch)
            _run(model, batch)
            _require_finite(sums, batch)
            done += len(batch.items)
            if on_progress:
                on_progress(done, len(items))
    return _importance(space, sums, len(items), sum(item.is_cut for item in prepared))


def _run(model: PreTrainedModel, batch: Batch) -> None:
    """Forward and backward of the sum of the items' losses."""
    device = model.get_input_embeddings().weight.device
    rows, places, ids, factors = batch.targets()
    kept, column = torch.unique(places, return_inverse=True)
    with torch.enable_grad():
        output = model(batch.input_ids().to(device), use_cache=False, logits_to_keep=kept.to(device))
        logits = output.logits
        picked = logits[rows.to(logits.device), column.to(logits.device)].float()
        losses = cross_entropy(picked, ids.to(logits.device), reduction="none")
        torch.autograd.backward((losses * -factors.to(logits.device)).sum())


def _require_finite(sums: GradientSums, batch: Batch) -> None:
    where = sums.not_finite()
    if where:
        matrix, what = where
        ids = ", ".join(item.item_id for item in batch.items)
        raise ValueError(
            f"The {what} of {matrix.name} (layer {matrix.layer}, {matrix.kind}) is not finite on the items "
            f"{ids}: check the model's weights, or load it in float32 or bfloat16."
        )


def _importance(space: WeightSpace, sums: GradientSums, items: int, truncated: int) -> Importance:
    """Gradient sums times weights, absolute; the halves' accumulators become their scores in place."""
    scores: list[Tensor] = []
    halves: tuple[list[Tensor], list[Tensor]] = ([], [])
    for matrix in space.matrices:
        weight = space.read(matrix).float()
        even, odd = (half[matrix.index] for half in sums.halves)
        scores.append((even + odd).mul_(weight).abs_().cpu())
        for half, gradient in zip(halves, (even, odd), strict=True):
            half.append(gradient.mul_(weight).abs_().cpu())
        if not scores[-1].isfinite().all():
            raise ValueError(f"The importance of {matrix.name} is not finite: its gradients are too large.")
    return Importance(tuple(scores), (tuple(halves[0]), tuple(halves[1])), items, truncated)
