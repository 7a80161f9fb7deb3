from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from transformers import PreTrainedModel

from core.diagnosis import probabilities
from core.diagnosis.probabilities import log_probabilities, parting
from core.inference.generation import generate
from tests.core.tiny_models import ARCHITECTURES, random_model, word_tokenizer

WORDS = word_tokenizer()
PROMPTS = ["the cat sat", "if every dog barks and Rex is a dog then", "three"]


@contextmanager
def without_mlp(model: PreTrainedModel) -> Iterator[None]:
    """The model with the first layer's MLP zeroed."""
    weight = model.model.layers[0].mlp.down_proj.weight
    before = weight.detach().clone()
    with torch.no_grad():
        weight.zero_()
    yield
    with torch.no_grad():
        weight.copy_(before)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_log_probabilities_are_those_of_one_token_at_a_time(
    architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = random_model(architecture, len(WORDS))
    answers = [tuple(WORDS.convert_tokens_to_ids(text.split())) for text in ("on the mat", "", "apples and")]
    found = log_probabilities(model, WORDS, PROMPTS, answers)
    assert [len(values) for values in found] == [3, 0, 2]
    for prompt, answer, values in zip(PROMPTS, answers, found, strict=True):
        ids = WORDS(prompt)["input_ids"]
        for place, token in enumerate(answer):
            with torch.inference_mode():
                logits = model(torch.tensor([[*ids, *answer[:place]]])).logits[0, -1]
            assert values[place] == pytest.approx(float(logits.log_softmax(0)[token]), abs=1e-4)
    monkeypatch.setattr(probabilities, "TOKENS_PER_BATCH", 8)
    for one, other in zip(log_probabilities(model, WORDS, PROMPTS, answers), found, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_parting_tells_both_models_probabilities_and_leaves_the_model_as_it_was() -> None:
    model = random_model("llama", len(WORDS))
    prompt = PROMPTS[1]
    [base] = generate(model, WORDS, [prompt], max_new_tokens=12)
    with without_mlp(model):
        [ablated] = generate(model, WORDS, [prompt], max_new_tokens=12)
    found = parting(model, WORDS, prompt, (base.tokens, ablated.tokens), without_mlp(model))
    assert found is not None
    place = found.place
    assert base.tokens[:place] == ablated.tokens[:place]
    assert (found.base_token, found.ablated_token) == (base.tokens[place], ablated.tokens[place])
    kept, lost = found.base_probabilities
    lost_after, won_after = found.ablated_probabilities
    assert None not in (kept, lost, lost_after, won_after)
    assert kept > lost  # both answers are greedy: each model prefers its own token
    assert won_after > lost_after
    values = log_probabilities(model, WORDS, [prompt], [base.tokens])[0]
    assert math.exp(values[place]) == pytest.approx(kept, rel=1e-4)


def test_answers_that_are_equal_do_not_part_and_one_that_ends_parts_at_its_end() -> None:
    model = random_model("llama", len(WORDS))
    assert parting(model, WORDS, "the cat", ((4, 5), (4, 5)), without_mlp(model)) is None
    found = parting(model, WORDS, "the cat", ((4, 5), (4,)), without_mlp(model))
    assert found is not None
    assert (found.place, found.base_token, found.ablated_token) == (1, 5, None)
    assert found.base_probabilities[1] is None


def test_an_answer_that_is_too_long_is_refused() -> None:
    model = random_model("llama", len(WORDS), max_position_embeddings=8)
    with pytest.raises(ValueError, match="generate fewer tokens"):
        log_probabilities(model, WORDS, ["the cat"], [[4] * 8])
