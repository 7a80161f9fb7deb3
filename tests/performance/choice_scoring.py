"""Log-likelihoods of options by the packed plan against one padded row for each option."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from core.benchmarks import find_benchmarks
from core.benchmarks.diagnostic import heldout_items
from core.inference.choice_plan import plan_choices
from core.inference.encoding import EncodedChoice, encode_choice, longest_row
from core.inference.loglikelihood import loglikelihoods
from core.models.loading import LoadedModel
from core.prompts import render_choice
from tests.performance.comparison import Comparison, time_both

ITEMS_OF_EACH = 20
"""Of each of the ten diagnostic benchmarks."""

PLAIN_BATCH = 16
TOLERANCE = 1e-4
"""Nats."""


def compare_choices(loaded: LoadedModel) -> Comparison:
    """From token ids to a log-likelihood for each option, the planning included on both sides."""
    items = _encoded(loaded)
    model = loaded.model
    times = time_both(lambda: _ours(model, items), lambda: _plain(model, items))
    pairs = zip(_ours(model, items), _plain(model, items), strict=True)
    difference = max(abs(found - truth) for found, truth in pairs)
    return Comparison(
        f"options of {len(items)} items, model '{loaded.spec.name}'",
        f"a row an option, batches of {PLAIN_BATCH}",
        *times,
        items=len(items),
        checks={"equal scores": difference <= TOLERANCE},
        facts={
            "parameters": loaded.info.parameters,
            "options": sum(len(item.continuation_ids) for item in items),
            "single-token options": sum(len(ids) == 1 for item in items for ids in item.continuation_ids),
            "mean context tokens": sum(len(item.context_ids) for item in items) / len(items),
            "largest difference in nats": difference,
        },
    )


def _encoded(loaded: LoadedModel) -> list[EncodedChoice]:
    benchmarks = find_benchmarks(["diagnostic"], loaded.spec.level)
    items = [
        item
        for benchmark in benchmarks
        for item in heldout_items(benchmark.id, loaded.spec.level, ITEMS_OF_EACH)
    ]
    return [encode_choice(render_choice(item, loaded.spec.style), loaded.tokenizer) for item in items]


def _ours(model: PreTrainedModel, items: Sequence[EncodedChoice]) -> list[float]:
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
