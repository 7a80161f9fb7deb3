"""Log-likelihoods of options by the packed plan against one padded row for each option."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.inference.choice_plan import plan_choices
from core.inference.encoding import EncodedChoice, longest_row
from core.inference.loglikelihood import loglikelihoods
from core.masks.ablation import Ablator
from tests.performance.ablation_cycle import random_mask
from tests.performance.figures import Aim, Figure, Measured, ratio
from tests.performance.random_model import random_items
from tests.performance.subject import Subject

OPTION_TOKENS = (2, 13)
"""As of ARC: 7 or 8 in the mean."""

PLAIN_BATCH = 16
TOLERANCE = 1e-4
"""Nats, in float32; in other dtypes the kernels of other batches differ by more."""


def measure_choices(subject: Subject) -> Measured:
    """From token ids to a log-likelihood for each option, the planning included on both sides."""
    scale, clock, model = subject.scale, subject.clock, subject.model
    items = random_items(subject.config.vocab_size, scale.items, scale.context, OPTION_TOKENS)
    plain = (lambda: _plain(model, items)) if scale.is_compared else None
    seconds, plain_s = clock.compared(lambda: score_choices(model, items), plain)
    checks = {}
    if plain_s is not None and subject.dtype == torch.float32:
        pairs = zip(score_choices(model, items), _plain(model, items), strict=True)
        checks["equal scores"] = max(abs(ours - truth) for ours, truth in pairs) < TOLERANCE
    with Ablator(subject.space).applied(random_mask(subject.space, scale.k)):
        ablated_s = clock.best(lambda: score_choices(model, items))
    return Measured(
        "multiple choice",
        (
            Figure("items/s", len(items) / seconds),
            Figure("items/s, ablated", len(items) / ablated_s),
            Figure(f"x a padded batch of {PLAIN_BATCH}", ratio(plain_s, seconds), Aim(2.5, at_least=True)),
        ),
        {"seconds": seconds},
        checks,
        {"options": 4 * len(items)},
    )


def score_choices(model: PreTrainedModel, items: Sequence[EncodedChoice]) -> list[float]:
    """The log-likelihood of every option of every item, in order: our way."""
    plan = plan_choices(items, model.device, "auto", pad_id=0, max_length=longest_row(model.config))
    scored = {
        item: values
        for scores in loglikelihoods(model, plan)
        for item, values in zip(scores.items, scores.loglikelihoods, strict=True)
    }
    return [value for item in range(len(items)) for value in scored[item]]


@torch.inference_mode()
def _plain(model: PreTrainedModel, items: Sequence[EncodedChoice]) -> list[float]:
    """Padded on the right, without a mask as attention is causal; the longest rows first."""
    rows = [(item.context_ids, ids) for item in items for ids in item.continuation_ids]
    order = sorted(range(len(rows)), key=lambda row: -len(rows[row][0] + rows[row][1]))
    found = [0.0] * len(rows)
    for start in range(0, len(order), PLAIN_BATCH):
        chosen = order[start : start + PLAIN_BATCH]
        wholes = [torch.tensor(rows[row][0] + rows[row][1]) for row in chosen]
        ids = torch.nn.utils.rnn.pad_sequence(wholes, batch_first=True).to(model.device)
        logprobs = model(ids, use_cache=False).logits.float().log_softmax(-1)
        for row, whole, of_row in zip(chosen, wholes, logprobs, strict=True):
            found[row] = _continuation_sum(of_row, whole.to(model.device), len(rows[row][0]))
    return found


def _continuation_sum(logprobs: Tensor, whole: Tensor, first: int) -> float:
    """The summed log-likelihood of the tokens from the first on."""
    return float(logprobs[first - 1 : len(whole) - 1].gather(1, whole[first:, None]).sum())
