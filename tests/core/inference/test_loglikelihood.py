from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from core.inference import attention, choice_plan
from core.inference.choice_plan import BatchSize, ChoicePlan, plan_choices
from core.inference.encoding import EncodedChoice
from core.inference.loglikelihood import loglikelihoods, token_loglikelihoods
from tests.core.tiny_models import ARCHITECTURES, random_model

VOCABULARY = 50
BATCH_SIZES: tuple[BatchSize, ...] = (1, 3, 64, "auto")


def random_items(n: int, longest_option: int, seed: int = 0) -> list[EncodedChoice]:
    """Items of 2 to 5 options, contexts of 1 to 20 tokens."""
    rng = random.Random(seed)

    def tokens(length: int) -> tuple[int, ...]:
        return tuple(rng.randrange(VOCABULARY) for _ in range(length))

    def options() -> tuple[tuple[int, ...], ...]:
        return tuple(tokens(rng.randint(1, longest_option)) for _ in range(rng.randint(2, 5)))

    return [EncodedChoice(f"i{i}", tokens(rng.randint(1, 20)), options(), 0) for i in range(n)]


def items_with_prefixes(tails: int) -> list[EncodedChoice]:
    """Three blocks of 60 tokens before items of their own, one item that is a block alone, items without."""
    rng = random.Random(1)
    blocks = [tuple(rng.randrange(VOCABULARY) for _ in range(60)) for _ in range(3)]
    items = random_items(tails, 5, seed=2) + random_items(tails, 1, seed=3)
    led = [replace(item, context_ids=blocks[i % 3] + item.context_ids) for i, item in enumerate(items)]
    return [*led, EncodedChoice("block", blocks[0], ((1,), (2, 3)), 0), *random_items(tails, 4)]


def by_full_forward(model: PreTrainedModel, item: EncodedChoice, max_length: int = 256) -> list[float]:
    """The same log-likelihoods by transformers' forward, an option at a time, cut as the harness cuts."""
    found = []
    for option, unscored in zip(item.continuation_ids, item.first_scored, strict=True):
        ids = torch.tensor([(item.context_ids + option)[-max_length - 1 :]])
        with torch.no_grad():
            logprobs = model(ids[:, :-1]).logits[0].float().log_softmax(-1)
        targets = ids[0, 1:, None]
        found.append(logprobs.gather(1, targets)[-len(option) + unscored :].sum().item())
    return found


def scores_of(model: PreTrainedModel, plan: ChoicePlan, n: int) -> list[tuple[float, ...]]:
    """Log-likelihoods in the order of the items."""
    found = {
        number: values
        for scores in loglikelihoods(model, plan)
        for number, values in zip(scores.items, scores.loglikelihoods, strict=True)
    }
    assert sorted(found) == list(range(n))
    return [found[number] for number in range(n)]


def plan(items: list[EncodedChoice], batch_size: BatchSize = "auto", max_length: int = 256) -> ChoicePlan:
    return plan_choices(items, "cpu", batch_size, pad_id=0, max_length=max_length)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("longest_option", [1, 6])
def test_equal_to_transformers_forward(architecture: str, longest_option: int) -> None:
    model = random_model(architecture, VOCABULARY)
    items = random_items(12, longest_option)
    expected = [by_full_forward(model, item) for item in items]
    for batch_size in BATCH_SIZES:
        found = scores_of(model, plan(items, batch_size), len(items))
        for values, truth in zip(found, expected, strict=True):
            assert values == pytest.approx(truth, abs=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_token_has_its_own_log_likelihood(architecture: str) -> None:
    model = random_model(architecture, VOCABULARY)
    items = [*items_with_prefixes(5), EncodedChoice("own", (1, 2), ((3, 4, 5), (6, 7)), 0, unscored=(1, 0))]
    for batch_size in BATCH_SIZES:
        made = plan(items, batch_size)
        if made.batches[0].option_counts[1:]:
            made.halve(0)
        found = {
            number: options
            for scores in token_loglikelihoods(model, made)
            for number, options in zip(scores.items, scores.loglikelihoods, strict=True)
        }
        for number, item in enumerate(items):
            for option, first, values in zip(
                item.continuation_ids, item.first_scored, found[number], strict=True
            ):
                ids = torch.tensor([item.context_ids + option])
                with torch.no_grad():
                    logprobs = model(ids).logits[0, :-1].float().log_softmax(-1)
                truth = logprobs.gather(1, ids[0, 1:, None])[len(item.context_ids) - 1 + first :, 0]
                assert values == pytest.approx(truth.tolist(), abs=1e-4)


def test_mixed_items_and_many_head_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice_plan, "HEAD_POSITIONS", 4)
    model = random_model("llama", VOCABULARY, tie_word_embeddings=True)
    items = [*random_items(9, 1), *random_items(9, 6)]
    made = plan(items, 64)
    assert len(made.batches) == 2, "single-token items go without a mask, in a batch of their own"
    assert all(len(batch.parts) > 1 for batch in made.batches)
    for item, values in zip(items, scores_of(model, made, len(items)), strict=True):
        assert values == pytest.approx(by_full_forward(model, item), abs=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_shared_prefix_changes_no_value(architecture: str) -> None:
    model = random_model(architecture, VOCABULARY)
    before = model.config._attn_implementation
    items = items_with_prefixes(9)
    expected = [by_full_forward(model, item) for item in items]
    for batch_size in BATCH_SIZES:
        made = plan(items, batch_size)
        assert {len(batch.prefix) for batch in made.batches} == {0, 59, 60}
        read = sum(batch.rows.input_ids.numel() for batch in made.batches)
        assert read + 180 < sum(len(item.context_ids) for item in items)
        for values, truth in zip(scores_of(model, made, len(items)), expected, strict=True):
            assert values == pytest.approx(truth, abs=1e-4)
    assert model.config._attn_implementation == before


def test_contexts_that_are_cut_share_nothing() -> None:
    model = random_model("llama", VOCABULARY)
    items = items_with_prefixes(9)
    made = plan(items, max_length=40)
    assert made.truncated == 19
    assert {batch.prefix for batch in made.batches} == {()}
    for item, cut, values in zip(items, made.cut, scores_of(model, made, len(items)), strict=True):
        assert values == pytest.approx(by_full_forward(model, item, 40), abs=1e-4)
        assert cut == max(len(item.context_ids) + max(map(len, item.continuation_ids)) - 41, 0)


def test_unscored_tokens_are_context_of_their_option() -> None:
    model = random_model("llama", VOCABULARY)
    items = [
        EncodedChoice("shared", (3, 4, 5), ((6, 7, 8), (9, 8)), 0, (2, 1)),
        EncodedChoice("one of them is the prefix", (3, 4, 5), ((8, 7), (9, 8, 7)), 0, (0, 1)),
        EncodedChoice("nothing in common", (), ((6, 7, 8), (9, 8)), 0, (1, 1)),
    ]
    for item, values in zip(items, scores_of(model, plan(items), 3), strict=True):
        assert values == pytest.approx(by_full_forward(model, item), abs=1e-4)


class Full:
    """A memory in which batches of so many tokens have no room; it counts how often one was refused."""

    def __init__(self, model: PreTrainedModel, tokens: int, error: type[RuntimeError]) -> None:
        self.refused = 0
        self._tokens = tokens
        self._error = error
        model.base_model.register_forward_pre_hook(self.check, with_kwargs=True)

    def check(self, module: torch.nn.Module, args: Any, arguments: dict[str, Any]) -> None:
        if arguments["input_ids"].numel() >= self._tokens:
            self.refused += 1
            raise self._error("DefaultCPUAllocator: can't allocate memory")


@pytest.mark.parametrize("error", [RuntimeError, torch.OutOfMemoryError])
def test_batches_that_do_not_fit_are_halved_for_good(error: type[RuntimeError]) -> None:
    model = random_model("llama", VOCABULARY)
    items = items_with_prefixes(9)
    made, usual = plan(items, 64), plan(items, 64)
    expected = scores_of(model, usual, len(items))
    memory = Full(model, 120, error)
    for found, truth in zip(scores_of(model, made, len(items)), expected, strict=True):
        assert found == pytest.approx(truth, abs=1e-4)
    assert 0 < memory.refused < len(made.batches)
    assert len(made.batches) > len(usual.batches)
    first = memory.refused
    scores_of(model, made, len(items))
    assert memory.refused == first, "the next model goes through the halved plan"


def test_an_item_that_does_not_fit_alone_is_told() -> None:
    model = random_model("llama", VOCABULARY)
    Full(model, 5, torch.OutOfMemoryError)
    with pytest.raises(ValueError, match=r"An item of \d+ tokens does not fit in memory"):
        scores_of(model, plan(random_items(5, 4)), 5)


def test_other_errors_of_torch_are_not_taken_for_it() -> None:
    model = random_model("llama", VOCABULARY)
    item = EncodedChoice("strange", (VOCABULARY + 5,), ((1,),), 0)
    with pytest.raises(IndexError):
        scores_of(model, plan([item]), 1)


def test_the_same_plan_gives_the_same_bits() -> None:
    model = random_model("llama", VOCABULARY)
    items = random_items(20, 6)
    first = scores_of(model, plan(items, 8), len(items))
    assert scores_of(model, plan(items, 8), len(items)) == first, "base against base is exactly 0"


def test_padding_token_has_no_effect() -> None:
    model = random_model("llama", VOCABULARY)
    items = random_items(10, 4)
    plans = [plan_choices(items, "cpu", 5, pad_id=pad, max_length=256) for pad in (0, 7)]
    assert scores_of(model, plans[0], 10) == scores_of(model, plans[1], 10)


def test_long_contexts_are_cut_from_the_left_and_counted() -> None:
    model = random_model("llama", VOCABULARY)
    items = [
        EncodedChoice("long", tuple(range(30)), ((3, 4), (5,)), 0),
        EncodedChoice("letters", tuple(range(30)), ((3,), (5,)), 0),
        EncodedChoice("own contexts", (1, 2), ((*range(20), 6, 7), (8, 9)), 0, (20, 1)),
        *random_items(1, 2),
    ]
    for batch_size in BATCH_SIZES:
        made = plan(items, batch_size, max_length=12)
        assert made.truncated == 3 + (made.cut[3] > 0)
        assert made.cut[:3] == (19, 18, 11)
        for item, values in zip(items, scores_of(model, made, 4), strict=True):
            assert values == pytest.approx(by_full_forward(model, item, 12), abs=1e-4)


def test_a_long_context_is_read_before_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mask of all pairs of a long row, or its scores against a prefix, would fill the memory."""
    model = random_model("llama", VOCABULARY)
    items = items_with_prefixes(5)
    expected = [by_full_forward(model, item) for item in items]
    for module in (choice_plan, attention):
        monkeypatch.setattr(module, "LONGEST_REST", 12)
    made = plan(items)
    masked = [batch for batch in made.batches if batch.rows.segments is not None]
    assert max(batch.rows.width for batch in masked) <= 12 + 5 * 4
    assert {0, 59, 71} < {len(batch.prefix) for batch in made.batches}
    for values, truth in zip(scores_of(model, made, len(items)), expected, strict=True):
        assert values == pytest.approx(truth, abs=1e-4)


def test_auto_batches_stay_within_their_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice_plan, "TOKENS_ON_CPU", 64)
    batches = plan(random_items(40, 6)).batches
    assert len(batches) > 5
    assert all(batch.rows.input_ids.numel() <= 64 or len(batch.items) == 1 for batch in batches)


def test_cancelled_between_batches() -> None:
    model = random_model("llama", VOCABULARY)
    made = plan(random_items(10, 1), 2)
    answers = iter([False, False, True])
    assert len(list(loglikelihoods(model, made, lambda: next(answers)))) == 2


def test_the_consumer_is_not_left_in_inference_mode() -> None:
    model = random_model("llama", VOCABULARY)
    for _ in loglikelihoods(model, plan(random_items(4, 3), 2)):
        assert not torch.is_inference_mode_enabled()


def test_values_that_are_not_finite_are_an_error() -> None:
    model = random_model("llama", VOCABULARY)
    with torch.no_grad():
        model.get_output_embeddings().weight[3, 0] = float("nan")
    with pytest.raises(ValueError, match=r"not finite in torch\.float32"):
        list(loglikelihoods(model, plan(random_items(4, 3))))


@pytest.mark.parametrize("batch_size", [0, -1])
def test_batch_size_is_checked(batch_size: int) -> None:
    with pytest.raises(ValueError, match=f"batch size is {batch_size}"):
        plan(random_items(2, 1), batch_size)


def test_bfloat16_is_scored_in_float32_from_the_logits_on() -> None:
    model = random_model("llama", VOCABULARY).to(torch.bfloat16)
    items = random_items(6, 1)
    for item, values in zip(items, scores_of(model, plan(items, 1), 6), strict=True):
        assert values == pytest.approx(by_full_forward(model, item), abs=1e-5)
