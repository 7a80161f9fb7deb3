"""The logits of hidden states, as a model's own forward computes them from its last ones."""

from __future__ import annotations

from torch import Tensor
from transformers import PreTrainedModel


def head_logits(model: PreTrainedModel, hidden: Tensor) -> Tensor:
    """(P, V) float32 logits of (P, H) last hidden states.

    Beside the head: Cohere's factor, Granite's divisor, and the softcap of Gemma 2 and others.
    """
    config = model.config
    logits: Tensor = model.get_output_embeddings()(hidden)
    if getattr(config, "logit_scale", None):
        logits = logits * config.logit_scale
    if getattr(config, "logits_scaling", None):
        logits = logits / config.logits_scaling
    if getattr(config, "final_logit_softcapping", None):
        logits = (logits / config.final_logit_softcapping).tanh() * config.final_logit_softcapping
    return logits.float()
