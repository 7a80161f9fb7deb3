"""Lets many sequences attend to a prefix that they share, which is computed once and never copied.

Every layer has the prefix's keys and values; the sequences' own come from the model as usual. One softmax
runs over both, so the result is that of the whole sequences but for rounding.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, DynamicCache, PreTrainedModel

from core.inference.memory import is_out_of_memory

ATTENTION = "abilityscope_shared_prefix"
"""The name of our attention in transformers' register."""


@dataclass(frozen=True)
class Prefix:
    """A prefix that a model has read."""

    length: int
    """Tokens."""
    layers: tuple[tuple[Tensor, Tensor], ...]
    """For each layer keys and values, (key-value heads, length, head size)."""


_ATTENDED: ContextVar[Prefix] = ContextVar("attended prefix")


@torch.inference_mode()
def read_prefix(model: PreTrainedModel, ids: Sequence[int]) -> Prefix:
    """The keys and values of a sequence of at least one token.

    Raises:
        ValueError: there is no memory for it.
    """
    cache = DynamicCache()
    inputs = torch.tensor([ids], device=model.device)
    try:
        model.base_model(input_ids=inputs, use_cache=True, **{cache_argument(model): cache})
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise ValueError(
            f"The {len(ids):,} tokens that prompts begin with do not fit in memory beside the model: load "
            "the model in bfloat16 or 4-bit, or on a device with more memory."
        ) from error
    return Prefix(len(ids), tuple((layer.keys[0], layer.values[0]) for layer in cache.layers))


@contextmanager
def attending_to(model: PreTrainedModel, prefix: Prefix | None) -> Iterator[None]:
    """A context in which every sequence of a batch attends to a prefix; without one nothing changes.

    The attention mask has to be `additive_mask` of the sequences' own tokens, and position ids to go on from
    the prefix.
    """
    if prefix is None:
        yield
        return
    before = model.config._attn_implementation
    # No argument of forward: not every architecture hands on to its attention what it does not know.
    token = _ATTENDED.set(prefix)
    model.config._attn_implementation = ATTENTION
    try:
        yield
    finally:
        model.config._attn_implementation = before
        _ATTENDED.reset(token)


def additive_mask(may_look: Tensor, dtype: torch.dtype) -> Tensor:
    """0 where a bool mask is True, minus infinity elsewhere."""
    zeros = torch.zeros(may_look.shape, dtype=dtype, device=may_look.device)
    return zeros.masked_fill_(~may_look, float("-inf"))


def cache_argument(model: PreTrainedModel) -> str:
    """What the model's forward calls the cache: transformers 5.24 gave it a new name."""
    return "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"


def _attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    *,
    scaling: float,
    softcap: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers calls it: queries (B, heads, T, size), keys and values (B, fewer, S, size).

    Returns:
        (B, T, heads, size), and no weights.
    """
    prefix_key, prefix_value = _ATTENDED.get().layers[int(module.layer_idx)]  # type: ignore[arg-type]
    batch, heads, length, size = query.shape
    kv_heads, before = prefix_key.shape[:2]
    group = heads // kv_heads
    # Key-value heads come first: then the prefix meets the queries of the whole batch in one product.
    rows = (query * scaling).reshape(batch, kv_heads, group * length, size).transpose(0, 1).contiguous()
    to_prefix = (rows.flatten(1, 2) @ prefix_key.mT).view(kv_heads, batch, group, length, before)
    to_own = (rows @ key.transpose(0, 1).mT).view(kv_heads, batch, group, length, -1)
    if softcap is not None:
        to_prefix, to_own = ((scores / softcap).tanh() * softcap for scores in (to_prefix, to_own))
    scores = torch.cat([to_prefix, to_own + attention_mask[:, 0, None]], dim=-1)
    weights = scores.softmax(dim=-1, dtype=torch.float32).to(query.dtype).flatten(2, 3)
    found = (weights[..., :before].flatten(1, 2) @ prefix_value).view(rows.shape)
    found += weights[..., before:] @ value.transpose(0, 1)
    return found.transpose(0, 1).reshape(batch, heads, length, size).transpose(1, 2), None


AttentionInterface.register(ATTENTION, _attend)
