"""What a query may look at in each layer of a model: in some layers only the last tokens, within a window.

The model makes such masks itself from a mask of padding. It takes one of pairs as it is, for all layers; so
that has to be made for each kind of layer here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

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
        prefix: tokens of a shared prefix (`core.inference.shared_prefix`), which `mask` leaves out because
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
