"""Scores every candidate weight: I(w) = |sum over items of dL/dw * w|."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.importance.losses import loss_item
from core.importance.maps import Importance, zero_map
from core.importance.passes import Passes
from core.importance.plan import ROWS, ImportancePlan, one_pass
from core.importance.scoring_rule import LOSSES, REDUCTIONS, Loss, Reduction
from core.inference.encoding import EncodedChoice, longest_row
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
    batch_size: int = ROWS,
    plan: ImportancePlan | None = None,
    scratch: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Importance:
    """The importance of every candidate weight; every item counts the same, whatever the batches and plan.

    Scores of two plans of equal rows are the same to the bit where gradients are summed on one device; with
    accumulators in main memory beside a GPU, and with other rows, to float32's rounding of the sums.

    Args:
        model: is left as it was: modes, requires_grad, hooks, no `.grad`.
        space: its weight space.
        items: the diagnostic items.
        loss: what is differentiated; see `loss_item`.
        reduction: whether items may cancel.
        batch_size: rows in a batch at most, without a plan; the rows of an item stay together.
        plan: how it is done; without one, all layers in one pass, and the maps in main memory.
        scratch: the folder for maps on disk, which the plan may ask for.
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
        plan = one_pass(space.matrices[-1].layer + 1, batch_size, on_cpu=_is_on_cpu(space))
    folder = None
    if plan.maps == "disk":
        assert scratch is not None, "a plan with maps on disk needs a folder for them"
        folder = scratch
    products, even_products = (zero_map(space.matrices, folder) for _ in range(2))
    Passes(model, space, prepared, reduction, plan, on_progress).run(products, even_products)
    return Importance(products, even_products, len(items), sum(item.is_cut for item in prepared))


def _is_on_cpu(space: WeightSpace) -> bool:
    return all(space.device(matrix).type == "cpu" for matrix in space.matrices)
