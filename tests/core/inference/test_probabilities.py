from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from transformers import PreTrainedModel

from core.inference import batching, choice_plan
from core.inference.generation import generate
from core.inference.loglikelihood import (
    Comparison,
    Pair,
    ablated_probabilities,
    answer_logprobs,
    compare,
    prompt_ids,
)
from tests.core.tiny_models import ARCHITECTURES, log_probabilities, random_model, word_tokenizer

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


def never() -> bool:
    return False


def compared(model: PreTrainedModel, pairs: list[Pair]) -> list[Comparison]:
    with without_mlp(model):
        seen = ablated_probabilities(model, pairs, never)
    assert seen is not None
    found = compare(model, pairs, seen, never)
    assert found is not None
    return found


def next_probabilities(model: PreTrainedModel, ids: tuple[int, ...]) -> torch.Tensor:
    """(V,) the probabilities of the token after some, by a plain forward pass."""
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0, -1].float().softmax(0)


def random_pairs(n: int) -> list[Pair]:
    """Answers that part somewhere, nowhere, or where one of them ends; some prompts begin alike."""
    rng = random.Random(5)

    def tokens(length: int) -> tuple[int, ...]:
        return tuple(rng.randrange(len(WORDS)) for _ in range(length))

    block = tokens(60)
    pairs = []
    for place in range(n):
        shared, base, ablated = (
            tokens(rng.randint(0, 6)),
            tokens(rng.randint(1, 9)),
            tokens(rng.randint(1, 9)),
        )
        prompt = (block if place % 2 else ()) + tokens(rng.randint(1, 12))
        answers = [(shared + base, shared + ablated), (base, base), (shared + base, base), (base, ())]
        pairs.append(Pair(prompt, *answers[place % 4]))
    return pairs


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_log_probabilities_are_those_of_one_token_at_a_time(architecture: str) -> None:
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


def test_right_answers_have_the_mean_of_their_tokens_log_probabilities() -> None:
    model = random_model("llama", len(WORDS), max_position_embeddings=16)
    long = " the cat" * 9
    pairs = [("the cat sat", " on the mat"), ("three", " apples"), ("the cat", ""), ("three", long)]
    found = answer_logprobs(model, WORDS, [*pairs, ("the cat" + long, " sat")])
    assert found is not None
    expected = []
    for prompt, answer in (pairs[0], pairs[1], ("the cat" + long, " sat")):
        before, whole = (WORDS(text)["input_ids"] for text in (prompt, prompt + answer))
        ids = torch.tensor([whole[-17:]])
        with torch.inference_mode():
            logprobs = model(ids[:, :-1]).logits[0].log_softmax(-1).gather(1, ids[0, 1:, None])
        expected.append(float(logprobs[len(before) - len(whole) :].mean()))
    assert [found[0], found[1], found[4]] == pytest.approx(expected, abs=1e-4)
    assert found[2:4] == [None, None]  # no answer, and one longer than the model takes
    assert answer_logprobs(model, WORDS, pairs, lambda: True) is None


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_comparison_is_that_of_plain_forward_passes(architecture: str) -> None:
    model = random_model(architecture, len(WORDS))
    pairs = random_pairs(24)
    for pair, found in zip(pairs, compared(model, pairs), strict=True):
        for answer, logprobs in ((pair.base, found.base_logprobs), (pair.ablated, found.ablated_logprobs)):
            truth = [
                float(next_probabilities(model, pair.prompt + answer[:place])[token].log())
                for place, token in enumerate(answer)
            ]
            assert logprobs == pytest.approx(truth, abs=1e-4)
        if pair.base == pair.ablated:
            assert found.divergence is None
            continue
        assert found.divergence is not None
        place, *tokens = found.divergence[:3]
        assert pair.base[:place] == pair.ablated[:place]
        assert tokens == [answer[place] if place < len(answer) else None for answer in pair[1:]]
        before = next_probabilities(model, pair.prompt + pair.base[:place])
        with without_mlp(model):
            after = next_probabilities(model, pair.prompt + pair.base[:place])
        for probabilities, truth in (
            (found.divergence.base_probabilities, before),
            (found.divergence.ablated_probabilities, after),
        ):
            for token, probability in zip(tokens, probabilities, strict=True):
                assert probability == (
                    None if token is None else pytest.approx(float(truth[token]), rel=1e-3)
                )


def test_many_at_once_equal_one_by_one_also_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("llama", len(WORDS))
    pairs = random_pairs(16)
    together = compared(model, pairs)
    forward, most, fell = model.model.forward, 150, 0

    def short_of_memory(*args: object, input_ids: torch.Tensor, **kwargs: object) -> object:
        nonlocal fell
        if input_ids.numel() > most:
            fell += 1
            raise RuntimeError(f"{batching.CPU_ALLOCATOR}: can't allocate memory")
        return forward(*args, input_ids=input_ids, **kwargs)

    monkeypatch.setattr(model.model, "forward", short_of_memory)
    halved = compared(model, pairs)
    assert fell > 0
    monkeypatch.undo()
    monkeypatch.setattr(choice_plan, "TOKENS_ON_CPU", 1)
    for one, other, more in zip(
        together, (compared(model, [pair])[0] for pair in pairs), halved, strict=True
    ):
        for values in (other, more):
            assert values.base_logprobs == pytest.approx(one.base_logprobs, abs=1e-4)
            assert values.ablated_logprobs == pytest.approx(one.ablated_logprobs, abs=1e-4)
            assert (values.divergence and values.divergence.position) == (
                one.divergence and one.divergence.position
            )


def test_greedy_answers_part_where_each_model_prefers_its_own_token() -> None:
    model = random_model("llama", len(WORDS))
    [base] = generate(model, WORDS, PROMPTS[1:2], max_new_tokens=12)
    with without_mlp(model):
        [ablated] = generate(model, WORDS, PROMPTS[1:2], max_new_tokens=12)
    ids = prompt_ids(model, WORDS, PROMPTS[1], 12)
    [found] = compared(model, [Pair(ids, base.tokens, ablated.tokens)])
    assert found.divergence is not None
    kept, lost = found.divergence.base_probabilities
    lost_after, won_after = found.divergence.ablated_probabilities
    assert kept is not None
    assert lost is not None
    assert lost_after is not None
    assert won_after is not None
    assert kept > lost
    assert won_after > lost_after


def test_cancelled_between_batches_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("llama", len(WORDS))
    pairs = random_pairs(8)
    monkeypatch.setattr(choice_plan, "TOKENS_ON_CPU", 1)
    for allowed in range(3):
        asked = iter([False] * allowed)
        assert ablated_probabilities(model, pairs, lambda left=asked: next(left, True)) is None
        asked = iter([False] * allowed)
        assert compare(model, pairs, [(None, None)] * 8, lambda left=asked: next(left, True)) is None


def test_an_ablated_model_without_finite_numbers_is_unknown_and_a_base_model_is_refused() -> None:
    model = random_model("llama", len(WORDS))
    pairs = random_pairs(8)
    weight = model.model.layers[0].mlp.down_proj.weight
    before = weight.detach().clone()
    with torch.no_grad():
        weight.fill_(math.nan)
    seen = ablated_probabilities(model, pairs, never)
    assert seen == [(None, None)] * 8
    with pytest.raises(ValueError, match=r"not finite in torch\.float32"):
        compare(model, pairs, seen, never)
    with torch.no_grad():
        weight.copy_(before)
    found = compare(model, pairs, seen, never)
    assert found is not None
    assert {one.divergence and one.divergence.ablated_probabilities for one in found} == {None, (None, None)}


def test_a_prompt_is_cut_as_it_was_for_writing_and_an_answer_that_is_too_long_is_refused() -> None:
    model = random_model("llama", len(WORDS), max_position_embeddings=8)
    assert prompt_ids(model, WORDS, PROMPTS[1], 5) == tuple(WORDS(PROMPTS[1])["input_ids"][-3:])
    with pytest.raises(ValueError, match="generate fewer tokens"):
        log_probabilities(model, WORDS, ["the cat"], [[4] * 8])
