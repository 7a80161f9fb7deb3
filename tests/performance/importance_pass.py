"""The importance pass against plain forward and backward passes of the same batches."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from core.importance.gradients import Batch, LossItem, backward, loss_item, plan_batches
from core.importance.maps import Importance
from core.importance.plan import (
    AvailableMemory,
    ImportancePlan,
    ItemsShape,
    ModelShape,
    Task,
    available_memory,
    plan_importance,
)
from core.importance.scoring import score_importance
from core.importance.scoring_rule import REDUCTIONS, Loss, Reduction
from core.inference.encoding import EncodedChoice, longest_row
from tests.performance.clock import Peak
from tests.performance.figures import Aim, Figure, Measured, ratio
from tests.performance.random_model import random_items
from tests.performance.roof import operations_per_second
from tests.performance.subject import Subject

LOSS: Loss = "margin"
OPTION_TOKENS = (1, 4)
SMALL_CARD_BYTES = int(0.96 * 24 * 2**30)
"""What the driver leaves of a 24 GB card."""

ROUNDING = {torch.float32: 1e-4, torch.bfloat16: 0.05, torch.float16: 0.01}
"""By how much a matrix's scores may differ from the plain ones, of their norm: the plain gradients of several
batches are added in the model's dtype."""


@dataclass(frozen=True)
class ImportancePass:
    """One pass over random items, from prepared items to scores."""

    subject: Subject
    reduction: Reduction = "abs-sum"

    @cached_property
    def items(self) -> list[EncodedChoice]:
        """As long as those of the abilities, about."""
        scale = self.subject.scale
        return random_items(self.subject.config.vocab_size, scale.items, scale.context, OPTION_TOKENS)

    @cached_property
    def prepared(self) -> list[LossItem]:
        """What the loss is of."""
        return [loss_item(item, LOSS, longest_row(self.subject.config)) for item in self.items]

    @cached_property
    def plan(self) -> ImportancePlan:
        """As the program plans; of 4-bit weights on a GPU, as if it had 24 GB."""
        subject = self.subject
        dtype = str(subject.dtype).removeprefix("torch.")
        is_four_bit = subject.quantization != "none"
        shape = ModelShape.of(
            subject.space.matrices, subject.config.vocab_size, dtype, is_four_bit=is_four_bit
        )
        items = ItemsShape.of(self.items, LOSS, longest_row(subject.config))
        free = available_memory(subject.space, Path(tempfile.gettempdir()))
        if is_four_bit and free.device_bytes is not None:
            left = SMALL_CARD_BYTES - torch.cuda.memory_allocated(subject.device)
            free = AvailableMemory(min(free.device_bytes, left), free.host_bytes, free.disk_bytes)
        return plan_importance(Task(shape, items, subject.on_gpu, weights_bytes=0), free)

    @property
    def tokens(self) -> int:
        """That go through the model, padding left out."""
        return sum(item.length for item in self.prepared)

    @property
    def operations(self) -> float:
        """Multiplications and additions of the matrices: forward, activations' and weights' gradients.

        Of the head only those of the positions that count. Attention itself is left out.
        """
        counted = sum(len(ids) for item in self.prepared for ids in item.read.continuation_ids)
        head: int = self.subject.config.vocab_size * self.subject.config.hidden_size
        return 6.0 * self.subject.space.size * self.tokens + 4.0 * head * counted

    def run(self, on_progress: Callable[[int, int], None] | None = None) -> Importance:
        """Our way."""
        with tempfile.TemporaryDirectory() as scratch:
            return score_importance(
                self.subject.model,
                self.subject.space,
                self.items,
                loss=LOSS,
                reduction=self.reduction,
                plan=self.plan,
                scratch=Path(scratch),
                on_progress=on_progress,
            )


def measure_importance(subject: Subject) -> Measured:
    """The default loss; where the device has room, beside forward and backward to weight gradients."""
    ours = ImportancePass(subject)
    peak = subject.clock.peak_of(ours.run)
    plain = _Plain(subject, plan_batches(ours.prepared, ours.plan.scoring_batch, subject.device.type))
    # 4-bit weights have no gradient of their own.
    has_gradient = subject.scale.is_compared and subject.quantization == "none"
    seconds, plain_s = subject.clock.compared(ours.run, plain.run_and_clear if has_gradient else None)
    speed = ratio(ours.operations, seconds)
    roof = operations_per_second(subject.clock, subject.scale.roof_side, subject.dtype)
    roof_aim = Aim(0.4, at_least=True) if subject.on_gpu and subject.quantization == "none" else None
    return Measured(
        "importance",
        (
            Figure("tokens per item", ratio(ours.tokens, len(ours.items))),
            Figure("tokens/s", ratio(ours.tokens, seconds)),
            Figure("items/s", ratio(len(ours.items), seconds)),
            Figure("x plain forward + backward", ratio(seconds, plain_s), Aim(1.10)),
            Figure("share of the roof", ratio(speed, roof), roof_aim),
            *_memory(ours, peak),
        ),
        {"seconds": seconds, "bytes beside the model": _sum(peak)},
        _checks(ours, None if plain_s is None else plain),
        {
            "candidates": subject.space.size,
            "tokens": ours.tokens,
            "padded tokens": sum(len(batch.items) * max(batch.lengths) for batch in plain.batches),
            "batches": len(plain.batches),
            "passes": len(ours.plan.groups),
            "accumulate_on": ours.plan.accumulate_on,
            "maps": ours.plan.maps,
            "roof, operations/s": roof,
        },
    )


def measure_reductions(subject: Subject) -> Measured:
    """The same pass with each reduction: the first adds up a batch at once, the others item by item."""
    seconds = {
        reduction: subject.clock.best(ImportancePass(subject, reduction).run) for reduction in REDUCTIONS
    }
    first = seconds[REDUCTIONS[0]]
    return Measured(
        "reductions",
        tuple(
            Figure(f"{reduction}, x {REDUCTIONS[0]}", ratio(seconds[reduction], first))
            for reduction in REDUCTIONS[1:]
        ),
        {"seconds": first},
        {},
        {f"{reduction}, s": one for reduction, one in seconds.items()},
    )


def _memory(ours: ImportancePass, peak: Peak) -> list[Figure]:
    """What it takes beside the model, and whether that is what the plan says."""
    plan, subject = ours.plan, ours.subject
    host = Figure("main memory beside the model, MB", ratio(peak.process_bytes, 1e6))
    planned = Figure("x what the plan says", ratio(_sum(peak), plan.host_bytes + plan.device_bytes), Aim(1.3))
    if not subject.on_gpu:
        return [host, planned]
    total = torch.cuda.memory_allocated(subject.device) + (peak.device_bytes or 0)
    aim = Aim(SMALL_CARD_BYTES / 1e9) if subject.quantization != "none" else None
    beside = Figure("GPU memory beside the model, MB", ratio(peak.device_bytes, 1e6))
    return [host, beside, Figure("GPU memory at its peak, GB", total / 1e9, aim), planned]


def _sum(peak: Peak) -> int | None:
    """The peak of both memories together; None where the process's is unknown."""
    return None if peak.process_bytes is None else peak.process_bytes + (peak.device_bytes or 0)


@dataclass(frozen=True)
class _Plain:
    """Forward and backward passes of batches to weight gradients.

    The same batches, loss and logits, and gradients of the candidate weights alone, so that nothing is done
    that could be left out; they are neither multiplied by the weights nor kept apart by halves.
    """

    subject: Subject
    batches: Sequence[Batch]

    @cached_property
    def weights(self) -> list[Tensor]:
        return [self.subject.space.linear(matrix).weight for matrix in self.subject.space.matrices]

    def run(self) -> None:
        """Leaves the gradients in the weights, which are told apart by requiring one."""
        self.clear()
        for weight in self.weights:
            weight.requires_grad_(True)
        for batch in self.batches:
            backward(self.subject.model, batch)
        for weight in self.weights:
            weight.requires_grad_(False)

    def run_and_clear(self) -> None:
        try:
            self.run()
        finally:
            self.clear()

    def clear(self) -> None:
        for weight in self.weights:
            weight.requires_grad_(False)
            weight.grad = None


def _checks(ours: ImportancePass, plain: _Plain | None) -> dict[str, bool]:
    parameters = list(ours.subject.model.parameters())
    held: list[bool] = []
    importance = ours.run(lambda done, total: held.append(any(p.grad is not None for p in parameters)))
    checks = {"no .grad is held": bool(held) and not any(held)}
    if plain is not None:
        plain.run()
        difference = _difference(importance, plain.weights)
        plain.clear()
        checks["the scores are those of the plain gradients"] = difference < ROUNDING[ours.subject.dtype]
    return checks


def _difference(importance: Importance, weights: Sequence[Tensor]) -> float:
    """The largest distance of a matrix's scores from |gradient * weight|, relative to the latter's norm."""
    worst = 0.0
    for scores, weight in zip(importance.scores, weights, strict=True):
        assert weight.grad is not None
        truth = (weight.grad.float() * weight.detach().float()).abs().cpu()
        distance = float((scores.dense() - truth).norm() / truth.norm())
        worst = max(worst, distance if math.isfinite(distance) else math.inf)
    return worst
