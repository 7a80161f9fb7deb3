from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from core.inference import generation
from core.inference.answers import TextStream
from core.inference.generation import Generated, generate
from tests.core.tiny_models import ARCHITECTURES, byte_tokenizer, random_model, word_tokenizer

WORDS = word_tokenizer()
BYTES = byte_tokenizer()
PROMPTS = ["the cat sat", "if every dog barks and Rex is a dog then", "three", "the cat sat on the mat and"]


def by_transformers(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, prompt: str, n: int
) -> tuple[int, ...]:
    """The new tokens by transformers' own greedy generation, one prompt at a time."""
    inputs = tokenizer(prompt, return_tensors="pt")
    output = model.generate(
        inputs["input_ids"], attention_mask=inputs["attention_mask"], max_new_tokens=n, do_sample=False
    )
    return tuple(output[0, inputs["input_ids"].shape[1] :].tolist())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("tokenizer", [WORDS, BYTES], ids=["words", "bytes"])
def test_greedy_batch_equals_transformers_one_by_one(
    architecture: str, tokenizer: PreTrainedTokenizerFast
) -> None:
    model = random_model(architecture, len(tokenizer), eos_token_id=tokenizer.eos_token_id)
    answers = generate(model, tokenizer, PROMPTS, max_new_tokens=20)
    for prompt, answer in zip(PROMPTS, answers, strict=True):
        assert answer.tokens == by_transformers(model, tokenizer, prompt, 20)
        assert answer.text == tokenizer.decode(answer.tokens, skip_special_tokens=True)
        assert answer.cut == 0
        assert answer.finish == ("eos" if answer.tokens[-1] == tokenizer.eos_token_id else "length")


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("llama", len(WORDS))
    together = generate(model, WORDS, PROMPTS, max_new_tokens=10)
    monkeypatch.setattr(generation, "TOKENS_PER_BATCH", 40)
    assert generate(model, WORDS, PROMPTS, max_new_tokens=10) == together


def loop(tokenizer: PreTrainedTokenizerFast, cycle: list[str]) -> PreTrainedModel:
    """A model that writes the next word of a cycle after each word, whatever came before."""
    sizes = {"hidden_size": len(tokenizer), "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 8}
    model = random_model("llama", len(tokenizer), **sizes)
    ids = [tokenizer.convert_tokens_to_ids(word) for word in cycle]
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(len(tokenizer)))
        model.lm_head.weight.zero_()
        for now, after in zip(ids, [*ids[1:], ids[0]], strict=True):
            model.lm_head.weight[after, now] = 1
    return model


def test_eos_ends_and_is_no_text() -> None:
    model = loop(WORDS, ["cat", "sat", "on", "<eos>"])
    [answer] = generate(model, WORDS, ["the cat"], max_new_tokens=9)
    assert answer == Generated("sat on", tuple(WORDS.convert_tokens_to_ids(["sat", "on", "<eos>"])), "eos", 0)


def test_every_end_token_of_the_generation_config_ends() -> None:
    model = loop(WORDS, ["cat", "sat", "on", "mat"])
    model.generation_config.eos_token_id = [WORDS.eos_token_id, WORDS.convert_tokens_to_ids("on")]
    [answer] = generate(model, WORDS, ["the cat"], max_new_tokens=9)
    assert (answer.text, answer.finish) == ("sat", "eos")


@pytest.mark.parametrize(
    ("stop", "text"), [(("on",), "sat "), (("mat cat",), "sat on "), (("x", "t o"), "sa")]
)
def test_stop_strings_end_and_are_no_text(stop: tuple[str, ...], text: str) -> None:
    model = loop(WORDS, ["cat", "sat", "on", "mat"])
    pieces: list[str] = []
    [answer] = generate(
        model, WORDS, ["the cat"], max_new_tokens=20, stop=stop, on_text=lambda _, piece: pieces.append(piece)
    )
    assert (answer.text, answer.finish) == (text, "stop")
    assert "".join(pieces) == text


def test_streaming_tells_each_prompt_its_pieces_as_they_come() -> None:
    model = loop(WORDS, ["cat", "sat", "on", "mat"])
    told: list[tuple[int, str]] = []
    answers = generate(
        model,
        WORDS,
        ["cat", "on"],
        max_new_tokens=3,
        on_text=lambda number, piece: told.append((number, piece)),
    )
    assert told == [(0, "sat"), (1, "mat"), (0, " on"), (1, " cat"), (0, " mat"), (1, " sat")]
    assert [answer.text for answer in answers] == ["sat on mat", "mat cat sat"]


def test_cancelled_within_one_token_keeps_what_was_written() -> None:
    model = loop(WORDS, ["cat", "sat", "on", "mat"])
    told: list[str] = []
    answers = generate(
        model,
        WORDS,
        ["cat", "sat"],
        max_new_tokens=50,
        cancelled=lambda: len(told) >= 4,
        on_text=lambda _, piece: told.append(piece),
    )
    assert [(answer.text, answer.finish) for answer in answers] == [
        ("sat on", "cancelled"),
        ("on mat", "cancelled"),
    ]


def test_cancelled_before_the_first_token() -> None:
    model = random_model("llama", len(WORDS))
    [answer] = generate(model, WORDS, ["the"], max_new_tokens=5, cancelled=lambda: True)
    assert answer == Generated("", (), "cancelled", 0)


def test_sampling_is_reproducible_and_follows_the_temperature() -> None:
    model = random_model("llama", len(WORDS))

    def sample(temperature: float, seed: int) -> list[Generated]:
        return generate(model, WORDS, PROMPTS, max_new_tokens=12, temperature=temperature, seed=seed)

    assert sample(1.0, 1) == sample(1.0, 1)
    assert sample(1.0, 1) != sample(1.0, 2)
    assert sample(1e-4, 1) == sample(0, 5)


def test_sampling_frequencies() -> None:
    model = loop(WORDS, ["cat", "sat", "on", "mat"])
    with torch.no_grad():
        logits = model(torch.tensor([WORDS("cat")["input_ids"]])).logits[0, -1]
    answers = generate(model, WORDS, ["cat"] * 2000, max_new_tokens=1, temperature=2.0)
    counts = torch.bincount(torch.tensor([answer.tokens[0] for answer in answers]), minlength=len(WORDS))
    expected = (logits / 2).softmax(0)
    assert (counts / 2000 - expected).abs().max() < 5 * (expected.max() / 2000).sqrt()


def test_a_long_prompt_is_cut_from_the_left_and_the_cut_is_told() -> None:
    model = random_model("llama", len(WORDS), max_position_embeddings=16)
    prompt = " ".join(["cat", "sat", "on", "mat"] * 6)
    [answer] = generate(model, WORDS, [prompt], max_new_tokens=6)
    assert answer.cut == 25 - 10
    rest = torch.tensor([WORDS(prompt)["input_ids"][-10:]])
    expected = model.generate(rest, attention_mask=torch.ones_like(rest), max_new_tokens=6, do_sample=False)
    assert answer.tokens == tuple(expected[0, 10:].tolist())


def test_an_empty_prompt_begins_with_bos_or_eos() -> None:
    model = loop(WORDS, ["<bos>", "the", "cat"])
    assert generate(model, WORDS, [""], max_new_tokens=2)[0].text == "the cat"
    assert generate(random_model("qwen2", len(BYTES)), BYTES, [""], max_new_tokens=2)[0].tokens


def counted_rows(model: PreTrainedModel) -> list[tuple[int, ...]]:
    """Shapes of the token ids of every forward pass to come."""
    shapes: list[tuple[int, ...]] = []
    model.base_model.register_forward_pre_hook(
        lambda module, args, arguments: shapes.append(tuple(arguments["input_ids"].shape)), with_kwargs=True
    )
    return shapes


def test_rows_that_ended_leave_the_batch() -> None:
    model = loop(WORDS, ["cat", "sat", "on", "mat", "three", "<eos>"])
    shapes = counted_rows(model)
    answers = generate(model, WORDS, ["cat", "three", "on", "mat"], max_new_tokens=9)
    assert [answer.text for answer in answers] == ["sat on mat three", "", "mat three", "three"]
    assert shapes == [(4, 2), (3, 1), (2, 1), (1, 1), (1, 1)]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_worked_examples_are_read_once(architecture: str) -> None:
    model = random_model(architecture, len(WORDS))
    examples = " ".join(["the cat sat on the mat", "seven pears make", "if Rex barks then"] * 6)
    prompts = [f"{examples} {prompt}" for prompt in PROMPTS] + ["the dog"]
    shapes = counted_rows(model)
    answers = generate(model, WORDS, prompts, max_new_tokens=8)
    read = len(WORDS(examples)["input_ids"])
    assert (1, read) in shapes
    assert max(shape[1] for shape in shapes if shape != (1, read)) == 10
    for prompt, answer in zip(prompts, answers, strict=True):
        assert answer.tokens == by_transformers(model, WORDS, prompt, 8)


def test_sampling_does_not_depend_on_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("llama", len(WORDS))
    together = generate(model, WORDS, PROMPTS, max_new_tokens=12, temperature=1.0, seed=3)
    monkeypatch.setattr(generation, "TOKENS_PER_BATCH", 1)
    assert generate(model, WORDS, PROMPTS, max_new_tokens=12, temperature=1.0, seed=3) == together


def test_an_answer_that_only_repeats_itself_ends() -> None:
    model = loop(WORDS, ["cat", "sat", "on", "mat"])
    pieces: list[str] = []
    [answer] = generate(
        model,
        WORDS,
        ["the cat"],
        max_new_tokens=100,
        end_repeats=True,
        on_text=lambda _, piece: pieces.append(piece),
    )
    assert (answer.finish, len(answer.tokens)) == ("repeats", 64)
    assert answer.text == "".join(pieces) == " ".join(["sat on mat cat"] * 16)
    [whole] = generate(model, WORDS, ["the cat"], max_new_tokens=100)
    assert (whole.finish, len(whole.tokens)) == ("length", 100)
    assert whole.text.startswith(answer.text)


@pytest.mark.parametrize("error", [RuntimeError, torch.OutOfMemoryError])
def test_a_batch_that_does_not_fit_goes_on_in_halves(error: type[RuntimeError]) -> None:
    model = random_model("llama", len(WORDS))
    usual = generate(model, WORDS, PROMPTS, max_new_tokens=12)
    steps = 0

    def refuse(module: torch.nn.Module, args: object, arguments: dict[str, torch.Tensor]) -> None:
        nonlocal steps
        steps += 1
        if steps > 5 and len(arguments["input_ids"]) > 2:
            raise error("DefaultCPUAllocator: can't allocate memory")

    model.base_model.register_forward_pre_hook(refuse, with_kwargs=True)
    told: list[tuple[int, str]] = []
    answers = generate(
        model,
        WORDS,
        PROMPTS,
        max_new_tokens=12,
        on_text=lambda number, piece: told.append((number, piece)),
    )
    assert answers == usual
    for number, answer in enumerate(answers):
        assert "".join(piece for teller, piece in told if teller == number) == answer.text


def test_no_room_for_one_prompt_or_for_the_examples_is_told() -> None:
    model = random_model("llama", len(WORDS))

    def refuse(module: torch.nn.Module, args: object) -> None:
        raise torch.OutOfMemoryError("out of memory")

    model.base_model.register_forward_pre_hook(refuse)
    with pytest.raises(ValueError, match=r"A prompt of \d+ tokens does not fit in memory"):
        generate(model, WORDS, PROMPTS, max_new_tokens=3)
    with pytest.raises(ValueError, match=r"The 200 tokens that prompts begin with do not fit"):
        generate(model, WORDS, [f"{'cat ' * 199}{word}" for word in ("on", "mat")], max_new_tokens=3)


def test_bad_settings_are_told() -> None:
    model = random_model("llama", len(WORDS), max_position_embeddings=16)
    for tokens in (0, 16):
        with pytest.raises(ValueError, match=f"max_new_tokens is {tokens}: give 1 to 15"):
            generate(model, WORDS, ["the"], max_new_tokens=tokens)
    with pytest.raises(ValueError, match=r"temperature is -0\.1"):
        generate(model, WORDS, ["the"], max_new_tokens=2, temperature=-0.1)


@given(st.text(), st.lists(st.text(min_size=1, max_size=3), max_size=3))
def test_pieces_join_to_the_text_up_to_the_first_stop(text: str, stop: list[str]) -> None:
    pieces: list[str] = []
    stream = TextStream(BYTES, frozenset({0}), tuple(stop), pieces.append)
    tokens = BYTES(text)["input_ids"]
    for token in tokens:
        stream.push(token)
    stream.end("length")
    whole = BYTES.decode(tokens, skip_special_tokens=True)
    assert "".join(pieces) == stream.text
    assert whole.startswith(stream.text)
    assert not any(mark in stream.text for mark in stop)
    if stream.finish == "stop":
        assert any(whole[len(stream.text) :].startswith(mark) for mark in stop)
    else:
        assert (stream.text, stream.tokens) == (whole, tokens)


@given(st.lists(st.integers(1, len(BYTES) - 1), max_size=30))
def test_any_tokens_decode_as_a_whole_does(tokens: list[int]) -> None:
    pieces: list[str] = []
    stream = TextStream(BYTES, frozenset({0}), (), pieces.append)
    for token in tokens:
        stream.push(token)
    stream.end("length")
    assert "".join(pieces) == stream.text == BYTES.decode(tokens, skip_special_tokens=True)
