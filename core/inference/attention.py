"""What a query looks at: prefixes that many sequences share, and the windows that some layers have.

A shared prefix is read by the model once, and attended to without being copied. Every layer has its keys and
values; the sequences' own come from the model as usual. One softmax runs over both, so the result is that of
the whole sequences but for rounding.

The model makes masks itself from a mask of padding. It takes one of pairs as it is, for all layers; so that
has to be made for each kind of layer here.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, DynamicCache, PreTrainedModel

from core.inference.batching import is_out_of_memory
from core.inference.encoding import TokenIds, common_length

LEAST_SHARED = 16
"""Tokens: for a shorter prefix (`Question:`) the attention that sharing needs costs more than it saves."""

LONGEST_REST = 2048
"""Tokens that a sequence may have beyond a prefix: attention to a prefix keeps the scores of all pairs of
tokens in memory, and so does a mask of pairs."""

LOOKS = 2**22
"""Query-key pairs in a batch that shares a prefix: their scores are in memory at once, 0.5 GB in float32 for
32 heads, and as much again for the attention weights."""

ATTENTION = "abilityscope_shared_prefix"
"""The name of our attention in transformers' register."""


@dataclass(frozen=True)
class PrefixGroup:
    """Sequences that share their first tokens."""

    length: int
    """Number of shared tokens; 0 for the sequences that share too few."""
    members: tuple[int, ...]
    """Indices of the sequences, ascending."""


def group_by_prefix(
    sequences: Sequence[TokenIds], worth: int, least: int = LEAST_SHARED
) -> list[PrefixGroup]:
    """Groups that save tokens: one of n that share L tokens, at least `least`, saves (n - 1) * L - worth.

    Every sequence is in one group. Those in no group that saves any, and those that go on for more than
    LONGEST_REST tokens, are in one of length 0, the last.
    """
    order = sorted(range(len(sequences)), key=lambda i: (sequences[i], i))
    root = _grown([sequences[i] for i in order], worth, least)
    groups, alone = [], [order[i] for i in root.free]
    for found in sorted(root.groups, key=lambda found: found.members):
        members = sorted(order[i] for i in found.members)
        long = {i for i in members if len(sequences[i]) - found.length > LONGEST_REST}
        alone += long
        if kept := tuple(i for i in members if i not in long):
            groups.append(PrefixGroup(found.length, kept))
    return [*groups, PrefixGroup(0, tuple(sorted(alone)))] if alone else groups


@dataclass(frozen=True)
class _Found:
    """A group of sorted sequences."""

    length: int
    members: list[int]
    saved: int
    """Tokens that it saves."""


@dataclass
class _Branch:
    """Sorted sequences that share a prefix: a range whose end is unknown while it grows."""

    length: int
    free: list[int] = field(default_factory=list)
    """Those that are in no group so far."""
    groups: list[_Found] = field(default_factory=list)
    """Groups that share more than the prefix."""

    def close(self, worth: int, least: int) -> None:
        """Groups by the prefix what is free or saves less in a group of its own, if that saves more."""
        if self.length < least:
            return
        joining = [found for found in self.groups if len(found.members) * self.length > found.saved]
        members = [*self.free, *itertools.chain.from_iterable(found.members for found in joining)]
        saved = (len(members) - 1) * self.length - worth
        if members and saved > sum(found.saved for found in joining):
            group = _Found(self.length, members, saved)
            self.groups = [found for found in self.groups if found not in joining] + [group]
            self.free = []


def _grown(ordered: Sequence[TokenIds], worth: int, least: int) -> _Branch:
    """The branch of all sorted sequences: prefixes are a tree, walked from its leaves up."""
    growing = [_Branch(0)]
    for i, sequence in enumerate(ordered):
        # How many tokens the sequence shares with the next one.
        depth = common_length(ordered[i : i + 2]) if i + 1 < len(ordered) else 0
        closed = _Branch(len(sequence), [i])
        while growing[-1].length > depth:
            growing[-1].free += closed.free
            growing[-1].groups += closed.groups
            closed = growing.pop()
            closed.close(worth, least)
        if growing[-1].length < depth:
            growing.append(_Branch(depth))
        growing[-1].free += closed.free
        growing[-1].groups += closed.groups
    return growing[0]


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

    The attention mask has to be an `additive_mask` of the sequences' own tokens, or of these and the prefix
    before them, and position ids have to go on from the prefix.
    """
    if prefix is None:
        yield
        return
    before = model.config._attn_implementation
    # No argument of forward: not every architecture passes unknown ones on to its attention.
    token = _ATTENDED.set(prefix)
    model.config._attn_implementation = ATTENTION
    try:
        yield
    finally:
        model.config._attn_implementation = before
        _ATTENDED.reset(token)


def cache_argument(model: PreTrainedModel) -> str:
    """The name of the cache in the model's forward, which transformers 5.24 changed."""
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
    scores = torch.cat([to_prefix, to_own], dim=-1)
    masked = attention_mask.shape[-1]  # the last keys, or all
    scores[..., scores.shape[-1] - masked :] += attention_mask[:, 0, None]
    weights = scores.softmax(dim=-1, dtype=torch.float32).to(query.dtype).flatten(2, 3)
    found = (weights[..., :before].flatten(1, 2) @ prefix_value).view(rows.shape)
    found += weights[..., before:] @ value.transpose(0, 1)
    return found.transpose(0, 1).reshape(batch, heads, length, size).transpose(1, 2), None


AttentionInterface.register(ATTENTION, _attend)


Masks = Tensor | dict[str, Tensor]
"""(B, 1, T, S) True or 0 where query T may look at key S; one for all layers, or one for each kind."""


def additive_mask(may_look: Tensor, dtype: torch.dtype) -> Tensor:
    """0 where a bool mask is True, minus infinity elsewhere."""
    zeros = torch.zeros(may_look.shape, dtype=dtype, device=may_look.device)
    return zeros.masked_fill_(~may_look, float("-inf"))


def window_of(config: Any) -> int | None:
    """Tokens that a query sees in the layers with a sliding window, itself included; None without any."""
    window: int | None = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", None)
    return window if kinds is None or "sliding_attention" in kinds else None


def layer_masks(config: Any, mask: Tensor, queries: Tensor, keys: Tensor, prefix: int = 0) -> Masks:
    """A mask narrowed to the window of the layers that have one.

    Args:
        config: the model's.
        mask: (B, 1, T, S), bool or additive.
        queries: (B, T) int64 positions of the queries.
        keys: (B, S) int64 positions of the keys.
        prefix: tokens of a shared prefix (`core.inference.attention`), which `mask` leaves out because
            all of them are seen. Where some are outside the window, a mask has them as its first keys.
    """
    window = window_of(config)
    if window is None or prefix + mask.shape[-1] <= window:
        return mask
    narrow = mask
    if prefix:
        before = torch.arange(prefix, device=keys.device).expand(len(keys), prefix)
        seen = torch.full((), mask.dtype == torch.bool, dtype=mask.dtype, device=mask.device)
        narrow = torch.cat([seen.expand(*mask.shape[:-1], prefix), mask], dim=-1)
        keys = torch.cat([before, keys], dim=-1)
    is_far = queries[:, None, :, None] - keys[:, None, None, :] >= window
    narrow = narrow & ~is_far if mask.dtype == torch.bool else narrow.masked_fill(is_far, float("-inf"))
    kinds = getattr(config, "layer_types", None)
    if kinds is None:
        return narrow
    return {kind: narrow if kind == "sliding_attention" else mask for kind in set(kinds)}
