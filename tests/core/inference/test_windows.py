"""Layers with a sliding window: rows longer than it are scored and continued as transformers does."""

from __future__ import annotations

from typing import Any

import pytest
from transformers import PreTrainedModel

from core.inference.attention import window_of
from core.inference.generation import generate
from core.models.description import ARCHITECTURES
from tests.core.inference.test_generation import by_transformers
from tests.core.inference.test_loglikelihood import (
    VOCABULARY,
    by_full_forward,
    items_with_prefixes,
    plan,
    scores_of,
)
from tests.core.tiny_models import by_tier, random_model, small_config, word_tokenizer

WORDS = word_tokenizer()
WINDOW = 12

WINDOWED = [name for name in ARCHITECTURES if hasattr(small_config(name, 64), "sliding_window")]


def windowed(architecture: str, vocabulary: int, window: int = WINDOW) -> PreTrainedModel:
    """A model whose first layer has a window; where the architecture has one for all layers, all have it."""
    changes: dict[str, Any] = {"sliding_window": window}
    if hasattr(small_config(architecture, 64), "layer_types"):
        changes |= {"layer_types": ["sliding_attention", "full_attention"], "use_sliding_window": True}
    model = random_model(architecture, vocabulary, **changes)
    assert window_of(model.config) == window
    return model


@pytest.mark.parametrize("architecture", by_tier(WINDOWED))
def test_log_likelihoods_are_those_of_a_plain_forward(architecture: str) -> None:
    model = windowed(architecture, VOCABULARY)
    items = items_with_prefixes(9)
    wide = windowed(architecture, VOCABULARY, 256)
    assert by_full_forward(wide, items[0]) != pytest.approx(by_full_forward(model, items[0]), abs=1e-2)
    made = plan(items, 3)
    assert {len(batch.prefix) for batch in made.batches} == {0, 59, 60}
    for item, values in zip(items, scores_of(model, made, len(items)), strict=True):
        assert values == pytest.approx(by_full_forward(model, item), abs=1e-4)


@pytest.mark.parametrize("architecture", by_tier(WINDOWED))
@pytest.mark.parametrize("shared", ["", "the cat sat on the mat and looked at the door " * 6])
def test_greedy_text_is_that_of_transformers(architecture: str, shared: str) -> None:
    model = windowed(architecture, len(WORDS))
    prompts = [shared + end for end in ("the cat", "three apples and four", "Rex", "if every dog")]
    answers = generate(model, WORDS, prompts, max_new_tokens=24)
    for prompt, answer in zip(prompts, answers, strict=True):
        assert answer.tokens == by_transformers(model, WORDS, prompt, 24)


def test_a_window_of_an_unused_kind_is_none() -> None:
    assert window_of(small_config("qwen2", 64, sliding_window=8)) is None
    assert window_of(small_config("llama", 64)) is None
