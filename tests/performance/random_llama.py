"""A Llama of a wished size with random weights, built in memory."""

from __future__ import annotations

import torch
from transformers import LlamaConfig, LlamaForCausalLM

VOCABULARY = 2048
LAYERS = 6
HEAD_SIZE = 32


def random_llama(parameters: int, multiple: int = HEAD_SIZE) -> LlamaForCausalLM:
    """A float32 model with about as many parameters, evaluating; always the same.

    Args:
        parameters: number of them.
        multiple: what the width is a multiple of; itself a multiple of the size of a head.
    """
    hidden = min(range(multiple, 8192, multiple), key=lambda size: abs(_parameters(size) - parameters))
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=LAYERS,
        num_attention_heads=hidden // HEAD_SIZE,
        max_position_embeddings=256,
    )
    torch.manual_seed(0)
    return LlamaForCausalLM(config).eval().requires_grad_(False)


def _parameters(hidden: int) -> int:
    """Of a model of that width: four square matrices and three of the MLP a layer, embeddings and head."""
    return LAYERS * 13 * hidden**2 + 2 * VOCABULARY * hidden
