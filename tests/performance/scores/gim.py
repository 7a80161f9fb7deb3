"""GIM's backward (https://arxiv.org/abs/2505.17630) for Llamas: the forward pass is as it was.

The statistics of norms count as constants; the gradient of a softmax is that of a flatter one; and where two
things are multiplied, each gets its part of the gradient: of query, key and value a quarter, a quarter and a
half, of gate and up a half each, as in the authors' code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.models.llama import modeling_llama

TEMPERATURE = 2.0
"""The temperature of the softmax whose gradient is taken."""

QUERY, KEY, VALUE, GATE, UP = 0.25, 0.25, 0.5, 0.5, 0.5
"""Parts of the gradient."""


class TemperedSoftmax(torch.autograd.Function):
    """A softmax over the last axis whose gradient is that of the tempered one."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor) -> Tensor:
        """The softmax itself."""
        ctx.save_for_backward(scores)
        return scores.softmax(dim=-1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """The gradient at a softmax of the scores, divided by the temperature."""
        (gradient,), (scores,) = gradients, ctx.saved_tensors
        flat = (scores / TEMPERATURE).softmax(dim=-1)
        return flat * (gradient - (gradient * flat).sum(dim=-1, keepdim=True))


def scaled(values: Tensor, factor: float) -> Tensor:
    """The values themselves, to the bit, with a part of their gradient."""
    fixed = values.detach()
    return fixed + factor * (values - fixed)


def attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    **_: object,
) -> tuple[Tensor, Tensor]:
    """The attention of a Llama; (B, heads, T, size) query, key and value."""
    query, key, value = scaled(query, QUERY), scaled(key, KEY), scaled(value, VALUE)
    key, value = (modeling_llama.repeat_kv(one, module.num_key_value_groups) for one in (key, value))
    scores = (query @ key.transpose(2, 3) * scaling).float()
    if attention_mask is not None:
        scores = scores + attention_mask
    weights = TemperedSoftmax.apply(scores).to(query.dtype)
    return (weights @ value).transpose(1, 2).contiguous(), weights


def norm(self: modeling_llama.LlamaRMSNorm, hidden_states: Tensor) -> Tensor:
    """A norm whose mean square is a constant."""
    hidden = hidden_states.float()
    size = torch.rsqrt(hidden.detach().square().mean(-1, keepdim=True) + self.variance_epsilon)
    return self.weight * (hidden * size).to(hidden_states.dtype)


def mlp(self: modeling_llama.LlamaMLP, hidden: Tensor) -> Tensor:
    """An MLP whose gate and up each get their part of the gradient of their product."""
    gate, up = scaled(self.gate_proj(hidden), GATE), scaled(self.up_proj(hidden), UP)
    return self.down_proj(self.act_fn(gate) * up)


@contextmanager
def modified_backward(model: PreTrainedModel) -> Iterator[None]:
    """Inside, gradients are GIM's."""
    before = model.config._attn_implementation
    with (
        patch.object(modeling_llama.LlamaRMSNorm, "forward", norm),
        patch.object(modeling_llama.LlamaMLP, "forward", mlp),
        patch.object(modeling_llama, "eager_attention_forward", attention),
    ):
        try:
            model.config._attn_implementation = "eager"
            yield
        finally:
            model.config._attn_implementation = before
