"""Whether a model would write an option itself: each of its tokens the most likely one."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from core.inference.encoding import EncodedChoice, cut_context


@torch.inference_mode()
def greedy_options(model: PreTrainedModel, item: EncodedChoice, max_length: int) -> tuple[bool, ...]:
    """For each option of an item, whether greedy decoding gives it; a forward pass for each option.

    Args:
        model: in eval mode.
        item: its token ids.
        max_length: tokens of a sequence at most; longer contexts are cut from the left.
    """
    cut = cut_context(item, max_length)
    found = []
    for option, first in zip(cut.continuation_ids, cut.first_scored, strict=True):
        ids = torch.tensor([[*cut.context_ids, *option]], device=model.device)
        start = len(cut.context_ids) + first
        logits = model(input_ids=ids[:, :-1], logits_to_keep=ids.shape[1] - start).logits[0]
        found.append(bool((logits.argmax(dim=-1) == ids[0, start:]).all()))
    return tuple(found)
