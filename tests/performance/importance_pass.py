"""The importance pass against plain forward and backward passes of the same batches."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from core.importance.batches import Batch, plan_batches
from core.importance.maps import MatrixScores
from core.importance.rows import loss_item
from core.importance.scoring import score_importance
from core.inference.encoding import EncodedChoice
from core.weights import WeightSpace
from tests.performance.comparison import Comparison, time_both

ITEMS = 64
BATCH_SIZE = 16
TOLERANCE = 1e-4
"""Of the norm of a matrix's scores; sums in another order differ by float32 rounding."""


def compare_importance(model: PreTrainedModel) -> Comparison:
    """`--loss answer` from prepared items to scores, against forward and backward to weight gradients.

    The plain side has the same batches, loss and logits, and gradients of the candidate weights alone, so
    that it does nothing that could be left out; it neither multiplies by the weights nor keeps halves apart.
    """
    space, items = WeightSpace(model), random_items(model.config.vocab_size)
    batches = plan_batches([loss_item(item, "answer", 256) for item in items], BATCH_SIZE)
    held: list[bool] = []

    def ours() -> tuple[MatrixScores, ...]:
        return score_importance(
            model,
            space,
            items,
            loss="answer",
            batch_size=BATCH_SIZE,
            on_progress=lambda done, total: held.append(any(p.grad is not None for p in model.parameters())),
        ).scores

    other = copy.deepcopy(model)
    weights = [other.get_parameter(matrix.name).requires_grad_(True) for matrix in space.matrices]
    times = time_both(ours, lambda: _plain_pass(other, weights, batches))
    difference = _difference(ours(), weights)
    return Comparison(
        "importance pass, --loss answer",
        "forward + backward, same batches",
        *times,
        checks={"no .grad is held": not any(held), "equal scores": difference < TOLERANCE},
        facts={
            "parameters": model.num_parameters(),
            "candidates": space.size,
            "items": len(items),
            "batches": len(batches),
            "largest relative difference of a matrix": difference,
        },
    )


def _plain_pass(model: PreTrainedModel, weights: Sequence[Tensor], batches: Sequence[Batch]) -> None:
    for weight in weights:
        weight.grad = None
    for batch in batches:
        rows, places, ids, factors = batch.targets()
        kept, column = torch.unique(places, return_inverse=True)
        logits = model(batch.input_ids(), use_cache=False, logits_to_keep=kept).logits
        losses = cross_entropy(logits[rows, column], ids, reduction="none")
        (losses * -factors).sum().backward()


def _difference(scores: Sequence[MatrixScores], weights: Sequence[Tensor]) -> float:
    """The largest distance of a matrix's scores from |gradient * weight|, relative to the latter's norm."""
    truths = [(weight.grad * weight.detach()).abs() for weight in weights]
    pairs = zip(scores, truths, strict=True)
    return max(float((found.dense() - truth).norm() / truth.norm()) for found, truth in pairs)


def random_items(vocabulary: int) -> list[EncodedChoice]:
    """Random tokens: contexts of 32 to 96, four options of 1 to 4."""
    rng = random.Random(0)

    def tokens(least: int, most: int) -> tuple[int, ...]:
        return tuple(rng.randrange(vocabulary) for _ in range(rng.randint(least, most)))

    return [
        EncodedChoice(str(i), tokens(32, 96), tuple(tokens(1, 4) for _ in range(4)), i % 4)
        for i in range(ITEMS)
    ]
