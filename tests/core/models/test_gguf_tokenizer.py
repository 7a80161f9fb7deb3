"""Tokenizers rebuilt from GGUF files, checked, and replaced by another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFWriter
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from core.models.chat_template import chat_template_of
from core.models.description import describe_model
from core.models.files import ModelFilesError, model_folder
from core.models.loading import PARAGRAPH, load, load_tokenizer, tokenizer_warning
from core.models.spec import ModelSpec
from tests.core.gguf_models import write_gguf
from tests.core.tiny_models import SENTENCES, byte_tokenizer, lively_model, save_model, word_tokenizer

TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{{ eos_token }}{% endfor %}"


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return byte_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    return lively_model("llama", len(tokenizer))


Edit = Callable[[GGUFWriter], None]


def saying(**changes: Any) -> Edit:
    """An edit of what the file says of its tokenizer; None leaves a key out."""

    def edit(writer: GGUFWriter) -> None:
        for name, value in changes.items():
            key = "tokenizer.chat_template" if name == "chat_template" else f"tokenizer.ggml.{name}"
            writer.kv_data[0].pop(key, None)
            if value is not None:
                kinds: dict[type, Callable[[str, Any], None]] = {
                    **{str: writer.add_string, bool: writer.add_bool},
                    **{int: writer.add_uint32, list: writer.add_array},
                }
                kinds[type(value)](key, value)

    return edit


def test_a_right_one_splits_text_as_the_original_and_has_no_warning(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    path = write_gguf(tmp_path / "m.gguf", model, tokenizer, edit=saying(chat_template=TEMPLATE))
    rebuilt = load_tokenizer(path)
    for text in (*SENTENCES, PARAGRAPH, "<eos>"):
        assert rebuilt(text).input_ids == tokenizer(text).input_ids
    assert (rebuilt.eos_token, rebuilt.pad_token, rebuilt.bos_token) == ("<eos>", "<eos>", None)
    assert tokenizer_warning(rebuilt, path) == ""
    assert tokenizer_warning(tokenizer, tmp_path) == "", "only one that was rebuilt is checked"


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (saying(pre="chameleon"), "splits text as GPT-2 does, and not by its own rule 'chameleon'"),
        (saying(eos_token_id=None), "has no token that ends a text"),
        (
            saying(bos_token_id=7, add_bos_token=None, pre="llama3"),
            "does not begin a text with the BOS token",
        ),
        (
            saying(merges=["a b"], tokens=[f"x{i}" for i in range(317)] + ["a", "b", "ab"]),
            "does not give text back",
        ),
        (saying(chat_template="{{ raise_exception('no') }}"), "has a chat template that fails"),
    ],
)
def test_a_wrong_one_is_warned_of(
    edit: Edit, words: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    path = write_gguf(tmp_path / "m.gguf", model, tokenizer, edit=edit)
    warning = load(ModelSpec(str(path), device="cpu")).warning
    assert warning.startswith("The tokenizer rebuilt from m.gguf ")
    assert words in warning
    assert warning.endswith(": give the original one with --tokenizer DIR|ID.")


def test_a_special_token_that_is_cut_is_warned_of(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    tokens = tokenizer.convert_ids_to_tokens(list(range(320)))
    tokens[319] = "<｜end▁of▁turn｜>"
    edit = saying(tokens=tokens, token_type=[3, *[1] * 318, 3], merges=["h e"])
    path = write_gguf(tmp_path / "m.gguf", model, tokenizer, edit=edit)
    assert "cuts '<｜end▁of▁turn｜>' into pieces" in tokenizer_warning(load_tokenizer(path), path)


def test_each_digit_is_a_piece_where_the_file_says_smollm(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    tokens = tokenizer.convert_ids_to_tokens(list(range(320)))
    tokens[318:] = ["12", "²³"]
    edit = saying(pre="smollm", tokens=tokens, merges=["1 2"])
    path = write_gguf(tmp_path / "m.gguf", model, tokenizer, edit=edit)
    rebuilt = load_tokenizer(path)
    assert rebuilt.convert_ids_to_tokens(rebuilt("a 12").input_ids) == ["a", "Ġ", "1", "2"]
    assert tokenizer_warning(rebuilt, path) == ""


def test_another_tokenizer_is_taken_and_is_part_of_the_fingerprint(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    path = write_gguf(tmp_path / "m.gguf", model, tokenizer, edit=saying(pre="chameleon"))
    other = word_tokenizer()
    other.chat_template = TEMPLATE
    other.save_pretrained(tmp_path / "words")
    own = ModelSpec(str(path), device="cpu")
    given = replace(own, tokenizer=str(tmp_path / "words"))

    loaded = load(given)
    assert loaded.tokenizer(SENTENCES[0]).input_ids == other(SENTENCES[0]).input_ids
    assert loaded.warning == ""
    assert loaded.info == replace(describe_model(given), device="cpu")
    assert describe_model(given).fingerprint != describe_model(own).fingerprint
    before = describe_model(given).fingerprint
    (tmp_path / "words" / "chat_template.jinja").write_text("{{ 'other' }}")
    assert describe_model(given).fingerprint != before
    assert chat_template_of(given)([]) == "other"


def test_a_folder_without_a_tokenizer_can_be_given_one(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    model = save_model(tmp_path / "m", tokenizer=tokenizer)
    whole = describe_model(ModelSpec(str(tmp_path / "m"), tokenizer=str(tmp_path / "m")))
    assert whole == describe_model(ModelSpec(str(tmp_path / "m"))), "its own tokenizer changes nothing"
    for file in (tmp_path / "m").glob("tokenizer*"):
        file.unlink()
    write_gguf(tmp_path / "t.gguf", model, tokenizer)
    with pytest.raises(ModelFilesError, match="no tokenizer in"):
        model_folder(ModelSpec(str(tmp_path / "m")))
    loaded = load(ModelSpec(str(tmp_path / "m"), tokenizer=str(tmp_path / "t.gguf"), device="cpu"))
    assert loaded.tokenizer(PARAGRAPH).input_ids == tokenizer(PARAGRAPH).input_ids


def test_a_tokenizer_that_cannot_be_the_models(tmp_path: Path) -> None:
    save_model(tmp_path / "small")
    byte_tokenizer().save_pretrained(tmp_path / "large")
    (tmp_path / "empty").mkdir()
    for name, words in (
        ("large", r"has 320 tokens, the model \d+: give that of the same model"),
        ("empty", "There is no tokenizer in .*empty"),
        ("absent", "There is no tokenizer '.*absent': give a folder, a GGUF file or a hub id"),
    ):
        with pytest.raises(ModelFilesError, match=words):
            load(ModelSpec(str(tmp_path / "small"), tokenizer=str(tmp_path / name), device="cpu"))


def test_the_chat_template_in_a_file_is_that_of_its_folder(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    path = write_gguf(tmp_path / "m.gguf", model, tokenizer, edit=saying(chat_template=TEMPLATE))
    messages = [{"role": "user", "content": "Hello."}]
    assert chat_template_of(ModelSpec(str(path)))(messages) == "<user>Hello.<eos>"
    bare = write_gguf(tmp_path / "bare.gguf", model, tokenizer)
    with pytest.raises(ValueError, match=r"bare\.gguf' has no chat template: leave --chat out"):
        chat_template_of(ModelSpec(str(bare)))
