"""Importance against float64 autograd, item by item, on a small model of every architecture."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from transformers import PreTrainedModel

from core.importance.maps import MatrixScores
from core.importance.scoring import score_importance
from core.inference import choice_plan
from core.models.description import ARCHITECTURES
from core.models.weight_space import WeightSpace
from tests.core.importance.test_importance import _items, _truth
from tests.core.tiny_models import by_tier, lively_model

VOCABULARY = 64
FLOAT32_ERROR = 1e-5
HALF = 2.0**-9
"""The largest relative error of rounding once to bfloat16, which keeps 8 bits."""
ROUNDINGS = 50
"""How many of them in a row the largest error is as large as: see the test."""

MODELS = {
    **{name: (name, {}) for name in ARCHITECTURES},
    "llama, tied": ("llama", {"tie_word_embeddings": True}),
    "llama, one key-value head": ("llama", {"num_key_value_heads": 1}),
    "llama, biases everywhere": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "qwen2, tied": ("qwen2", {"tie_word_embeddings": True}),
    "opt, norms behind": ("opt", {"do_layer_norm_before": False, "word_embed_proj_dim": 16}),
    "gpt_neox, in a row": ("gpt_neox", {"use_parallel_residual": False}),
    # Windows shorter than contexts, and than an option behind its context.
    "mistral, a short window": ("mistral", {"sliding_window": 5}),
    "gemma2, a short window": ("gemma2", {"sliding_window": 5, "attn_logit_softcapping": 2.0}),
    "gemma3_text, a short window": ("gemma3_text", {"sliding_window": 5}),
}
"""An architecture, and what its config changes."""


def error(found: Sequence[MatrixScores], truth: Sequence[torch.Tensor]) -> float:
    """The largest difference over the largest score, of the matrix where that is most."""
    return max(
        float((scores.dense().double() - expected).abs().max() / expected.abs().max())
        for scores, expected in zip(found, truth, strict=True)
    )


def model_of(name: str, **more: str) -> PreTrainedModel:
    architecture, changes = MODELS[name]
    # With larger weights attention is so sharp that float32 itself is further off than the tolerance.
    spread = "init_std" if architecture == "opt" else "initializer_range"
    return lively_model(architecture, VOCABULARY, **{spread: 0.2}, **changes, **more)


@pytest.mark.parametrize("name", by_tier(MODELS))
def test_float32_is_exact_whatever_the_batches_and_the_order(name: str) -> None:
    model, items = model_of(name), _items(6, longest=8)
    space = WeightSpace(model)
    truth = _truth(model, items, "margin", "abs-sum")
    shuffled = random.Random(1).sample(items, len(items))
    for some, rows in ((items, 1), (items, 3), (items, 16), (shuffled, 16)):
        scores = score_importance(model, space, some, loss="margin", batch_size=rows).scores
        assert error(scores, truth) < FLOAT32_ERROR


def test_the_context_is_read_once_for_all_options() -> None:
    model = model_of("llama")
    items = _items(9)
    letters = [
        replace(item, continuation_ids=tuple(ids[:1] for ids in item.continuation_ids)) for item in items
    ]
    read: list[tuple[int, ...]] = []
    model.model.embed_tokens.register_forward_hook(
        lambda module, inputs, output: read.append(inputs[0].shape)
    )
    for some in (items, letters):
        read.clear()
        score_importance(model, WeightSpace(model), some, loss="margin", batch_size=1)
        rows = [len(item.context_ids) + sum(len(ids) - 1 for ids in item.continuation_ids) for item in some]
        assert sorted(read) == sorted((1, length) for length in rows)


def test_a_head_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model, items = model_of("llama, tied"), _items(6, longest=8)
    truth = _truth(model, items, "full", "sum-lost")
    monkeypatch.setattr(choice_plan, "HEAD_POSITIONS", 3)
    scores = score_importance(model, WeightSpace(model), items, loss="full", reduction="sum-lost").scores
    assert error(scores, truth) < FLOAT32_ERROR


@pytest.mark.parametrize("name", by_tier(MODELS))
def test_bfloat16_is_exact_but_for_the_rounding_of_activations(name: str) -> None:
    """The truth has the same bfloat16 weights, but rounds nothing; sums and products with weights are exact.

    What is left are the roundings of activations and their gradients on the way through two layers and
    the head. They are some tens, mostly of either sign; in the worst matrix of the worst architecture they
    come to less than ROUNDINGS of the same sign in a row.
    """
    # A rounding can switch a ReLU off or on, and with it a whole gradient: here it is a smooth one.
    smooth = {"activation_function": "gelu"} if name.startswith("opt") else {}
    model, items = model_of(name, **smooth).bfloat16(), _items(6, longest=8)
    truth = _truth(model, items, "margin", "abs-sum")
    scores = score_importance(model, WeightSpace(model), items, loss="margin").scores
    assert error(scores, truth) < ROUNDINGS * HALF
