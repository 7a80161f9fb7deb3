from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers
from transformers import LlamaConfig, MistralConfig, PreTrainedTokenizerFast

from core.abilities.prompts import ChoicePrompt
from core.inference.encoding import (
    EncodedChoice,
    cut_context,
    cut_options,
    cuts_of,
    encode_choice,
    encode_options,
    encode_texts,
    longest_row,
    unknown_words,
)
from core.models.description import ARCHITECTURES
from tests.core.tiny_models import byte_tokenizer, small_config, with_bos, word_tokenizer

WORDS = word_tokenizer()
BYTES = byte_tokenizer()


def prompt(context: str, *continuations: str) -> ChoicePrompt:
    return ChoicePrompt("item", context, continuations, 0)


def test_words_by_hand() -> None:
    ids = WORDS.get_vocab()
    encoded = encode_choice(prompt("the cat", " sat", " on the mat"), WORDS)
    assert encoded.context_ids == (ids["<bos>"], ids["the"], ids["cat"])
    assert encoded.continuation_ids == ((ids["sat"],), (ids["on"], ids["the"], ids["mat"]))
    assert (encoded.item_id, encoded.answer_index) == ("item", 0)


@given(st.text(min_size=1).filter(lambda text: text == text.rstrip()), st.text(min_size=1))
def test_bytes_follow_the_rule(context: str, option: str) -> None:
    def enc(text: str) -> list[int]:
        return list(BYTES.backend_tokenizer.encode(text).ids)

    encoded = encode_choice(prompt(context, " " + option), BYTES)
    assert list(encoded.context_ids) == enc(context)
    assert list(encoded.continuation_ids[0]) == enc(f"{context} {option}")[len(enc(context)) :]


def test_trailing_spaces_of_the_context_move_to_the_options() -> None:
    spaced = encode_choice(prompt("where is the key \n", "in the box", "on the mat"), BYTES)
    assert spaced == encode_choice(prompt("where is the key", " \nin the box", " \non the mat"), BYTES)
    assert BYTES.decode(spaced.context_ids) == "where is the key"


def test_bos_is_added_once() -> None:
    plain = encode_choice(prompt("the cat", " sat"), WORDS)
    assert encode_choice(prompt("<bos> the cat", " sat"), WORDS) == plain
    assert encode_texts(["<bos> the", "<bos> cat"], WORDS) == encode_texts(["the", "cat"], WORDS)


def test_an_empty_context_begins_with_bos_or_eos() -> None:
    assert encode_choice(prompt("", " cat"), WORDS).context_ids == (WORDS.bos_token_id,)
    encoded = encode_choice(prompt("", " cat"), BYTES)
    assert encoded.context_ids == (BYTES.eos_token_id,)
    assert BYTES.decode(encoded.continuation_ids[0]) == " cat"


def test_an_empty_context_begins_with_bos_even_if_the_tokenizer_adds_none() -> None:
    """Such are SmolLM2's and Qwen's tokenizers: lm-evaluation-harness takes BOS where there is one."""
    both = with_bos(byte_tokenizer())
    encoded = encode_choice(prompt("", " cat", "<s> cat", "<eos>"), both)
    assert encoded.context_ids == (both.bos_token_id,) != (both.eos_token_id,)
    assert [both.decode(ids) for ids in encoded.continuation_ids] == [" cat", " cat", "<eos>"]
    assert encode_choice(prompt(" \n", "cat"), both).context_ids == encoded.context_ids
    assert encode_choice(prompt("", "<bos> cat"), WORDS) == encode_choice(prompt("", "cat"), WORDS)


def test_an_option_without_tokens_is_refused() -> None:
    with pytest.raises(ValueError, match="Option ' ' of item item adds no token"):
        encode_choice(prompt("the cat", " sat", " "), WORDS)


def test_context_is_cut_from_the_left_until_the_longest_option_fits() -> None:
    encoded = EncodedChoice("item", (1, 2, 3, 4, 5), ((6,), (7, 8, 9)), 1)
    assert cut_context(encoded, 7) is encoded
    cut = cut_context(encoded, 5)
    assert cut == EncodedChoice("item", (3, 4, 5), ((6,), (7, 8, 9)), 1)
    assert len(cut.context_ids) + 3 - 1 == 5
    with pytest.raises(ValueError, match="has 3 tokens, but the limit is 2"):
        cut_context(encoded, 2)


def test_options_with_contexts_of_their_own_share_what_they_can() -> None:
    ids = WORDS.get_vocab()
    contexts = ["the cat sat on the mat and", "the cat looked at", "the cat"]
    encoded = encode_options("item", contexts, [" the door", " the door", " the door"], 1, WORDS)
    assert encoded.context_ids == (ids["<bos>"], ids["the"], ids["cat"])
    assert encoded.unscored == (5, 2, 0)
    for context, option, unscored in zip(contexts, encoded.continuation_ids, encoded.unscored, strict=True):
        whole = tuple(WORDS(f"{context} the door")["input_ids"])
        assert encoded.context_ids + option == whole
        assert option[unscored:] == (ids["the"], ids["door"])
    with pytest.raises(ValueError, match="shorter"):
        encode_options("item", contexts, [" the door", " the mat"], 0, WORDS)


def test_contexts_of_their_own_are_cut_from_the_left() -> None:
    encoded = EncodedChoice("item", (1, 2), ((3, 4, 5, 6), (7, 8)), 0, (2, 0))
    assert cut_context(encoded, 4) == EncodedChoice("item", (2,), ((3, 4, 5, 6), (7, 8)), 0, (2, 0))
    assert cut_context(encoded, 3) == EncodedChoice("item", (), ((3, 4, 5, 6), (1, 2, 7, 8)), 0, (2, 2))
    assert cut_context(encoded, 2) == EncodedChoice("item", (), ((4, 5, 6), (2, 7, 8)), 0, (1, 1))
    with pytest.raises(ValueError, match="has 2 tokens, but the limit is 1"):
        cut_context(encoded, 1)


def test_each_option_is_cut_by_itself() -> None:
    """As in lm-evaluation-harness: the last max_length + 1 tokens of context and option."""
    encoded = EncodedChoice("item", (1, 2, 3, 4, 5), ((6,), (7, 8, 9)), 1)
    assert cut_options(encoded, 7) == (encoded,)
    assert cut_options(encoded, 5) == (
        EncodedChoice("item", (1, 2, 3, 4, 5), ((6,),), 0),
        EncodedChoice("item", (3, 4, 5), ((7, 8, 9),), 0),
    )
    assert cuts_of(encoded, 5) == (0, 2)
    letters = EncodedChoice("item", (1, 2, 3, 4, 5), ((6,), (7,)), 1)
    assert cut_options(letters, 3) == (EncodedChoice("item", (3, 4, 5), ((6,), (7,)), 1),)
    with pytest.raises(ValueError, match="has 3 tokens, but the limit is 2"):
        cut_options(encoded, 2)


def test_contexts_of_their_own_are_cut_by_themselves() -> None:
    encoded = EncodedChoice("item", (1, 2), ((3, 4, 5, 6), (7, 8)), 0, (2, 0))
    assert cut_options(encoded, 2) == (
        EncodedChoice("item", (4,), ((5, 6),), 0),
        EncodedChoice("item", (2,), ((7, 8),), 0),
    )
    alike = EncodedChoice("item", (1,), ((3, 4, 5), (6, 7, 8)), 0, (2, 2))
    assert cut_options(alike, 2) == (
        EncodedChoice("item", (3, 4), ((5,),), 0),
        EncodedChoice("item", (6, 7), ((8,),), 0),
    )


def test_a_sliding_window_is_no_limit() -> None:
    assert longest_row(LlamaConfig(max_position_embeddings=131072)) == 131072
    assert longest_row(MistralConfig(max_position_embeddings=512, sliding_window=64)) == 512


@pytest.mark.harness
@pytest.mark.slow
def test_the_longest_row_of_every_architecture_is_the_harness_s() -> None:
    from lm_eval.models.utils import resolve_max_length

    for architecture in ARCHITECTURES:
        config = small_config(architecture, 64)
        assert longest_row(config) == resolve_max_length(config, WORDS)


def test_unknown_words_are_named_once_and_in_order() -> None:
    assert unknown_words(WORDS, "the zebra sat on the yak and the zebra") == ["zebra", "yak"]
    assert unknown_words(WORDS, "the cat") == []
    assert unknown_words(BYTES, "zebra 日本") == []


def test_unknown_words_are_shown_as_they_were_written() -> None:
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "cat": 1}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")
    assert unknown_words(wrapped, "Zebra") == ["Zebra"]
