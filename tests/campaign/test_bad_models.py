"""Spoilt model folders and cache folders: one sentence that says what is wrong and what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.campaign.refusing import refusal

WEIGHTS = "model.safetensors"
EMBEDDING = "model.embed_tokens.weight"
UP = "model.layers.1.mlp.up_proj.weight"


def config(**changes: Any) -> Callable[[Path], None]:
    """Changes fields of the config; None takes one away."""

    def spoil(folder: Path) -> None:
        path = folder / "config.json"
        fields = {**json.loads(path.read_text()), **changes}
        path.write_text(json.dumps({name: value for name, value in fields.items() if value is not None}))

    return spoil


def written(name: str, content: bytes) -> Callable[[Path], None]:
    """Puts something else into a file."""

    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return spoil


def cut(name: str, to: float) -> Callable[[Path], None]:
    """Leaves a share of a file."""

    def spoil(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * to)])

    return spoil


def tensors(change: Callable[[dict[str, np.ndarray[Any, Any]]], object]) -> Callable[[Path], None]:
    """Changes the tensors of the weight file."""

    def spoil(folder: Path) -> None:
        kept = load_file(folder / WEIGHTS)
        change(kept)
        save_file(kept, folder / WEIGHTS, metadata={"format": "pt"})

    return spoil


def no_numbers(kept: dict[str, np.ndarray[Any, Any]]) -> None:
    kept[UP][3, 5] = np.nan


def infinite(kept: dict[str, np.ndarray[Any, Any]]) -> None:
    kept["lm_head.weight"][:] = np.inf


def header_of(size: int) -> bytes:
    """The beginning of a weight file that claims a header of so many bytes."""
    return size.to_bytes(8, "little") + b"{}"


FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda folder: (folder / "config.json").unlink(), "There is no config.json"),
    "an empty config": (written("config.json", b""), "config.json cannot be read"),
    "a cut config": (cut("config.json", 0.5), "config.json cannot be read"),
    "a config that is a list": (written("config.json", b"[]"), "config.json cannot be read"),
    "a config that is no UTF-8": (written("config.json", b'{"a": "\xff"}'), "config.json cannot be read"),
    "a config nested too deeply": (written("config.json", b"[" * 200_000), "config.json cannot be read"),
    "a config that is a folder": (
        lambda folder: ((folder / "config.json").unlink(), (folder / "config.json").mkdir()),
        "There is no config.json",
    ),
    "another kind of model": (config(model_type="gpt2"), "'gpt2'"),
    "a kind of model that is no word": (config(model_type=["llama"]), "config.json cannot be read"),
    "no kind of model": (config(model_type=None), "config.json cannot be read"),
    "no hidden size": (config(hidden_size=None), "config.json cannot be read"),
    "another hidden size": (config(hidden_size=48), "do not fit its config.json"),
    "a hidden size in words": (config(hidden_size="many"), "config.json cannot be read"),
    "a hidden size below 0": (config(hidden_size=-32), "config.json"),
    "another number of layers": (config(num_hidden_layers=3), "have 2 decoder layers"),
    "another vocabulary": (config(vocab_size=64), "do not fit its config.json"),
    "another number of heads": (config(num_key_value_heads=4), "do not fit its config.json"),
    "heads that do not divide": (config(num_attention_heads=5), "config.json"),
    "an MLP of a size below 0": (config(intermediate_size=-64), "config.json"),
    "an unknown rope": (config(rope_parameters={"rope_type": "hemp"}), "config.json"),
    "an unknown activation": (config(hidden_act="sloth"), "config.json describes no model"),
    "an unknown quantization": (config(quantization_config={"quant_method": "magic"}), "magic"),
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), "lacks its weights"),
    "empty weights": (written(WEIGHTS, b""), "is not a whole safetensors file"),
    "cut weights": (cut(WEIGHTS, 0.9), "is not a whole safetensors file"),
    "weights cut in their header": (cut(WEIGHTS, 0.01), "is not a whole safetensors file"),
    "weights that are a web page": (
        written(WEIGHTS, b"<!doctype html>" * 99),
        "is not a whole safetensors file",
    ),
    "weights that are a pointer": (
        written(WEIGHTS, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
        "is not a whole safetensors file",
    ),
    "weights with a huge header": (
        written(WEIGHTS, header_of(2**62)),
        "is not a whole safetensors file",
    ),
    "weights with an empty header": (written(WEIGHTS, header_of(2)), "is not a whole safetensors file"),
    "a weight that is missing": (tensors(lambda kept: kept.pop(UP)), UP),
    "an embedding that is missing": (tensors(lambda kept: kept.pop(EMBEDDING)), EMBEDDING),
    "a weight of another shape": (tensors(lambda kept: kept.update({UP: kept[UP].T.copy()})), UP),
    "weights in 8 bits": (
        tensors(lambda kept: kept.update({UP: np.zeros_like(kept[UP], dtype=np.int8)})),
        "use a checkpoint in bfloat16",
    ),
    "a weight that is no number": (tensors(no_numbers), "not finite"),
    "weights that are infinite": (tensors(infinite), "not finite"),
    "an index that is no JSON": (written("model.safetensors.index.json", b"{"), "index.json cannot be read"),
    "an index of a missing shard": (
        written("model.safetensors.index.json", b'{"weight_map": {"a": "other.safetensors"}}'),
        "lacks its weights (other.safetensors)",
    ),
    "an index of numbers": (
        written("model.safetensors.index.json", b'{"weight_map": {"a": 3}}'),
        "index.json cannot be read",
    ),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "There is no tokenizer"),
    "an empty tokenizer": (written("tokenizer.json", b""), "The tokenizer in"),
    "a cut tokenizer": (cut("tokenizer.json", 0.5), "The tokenizer in"),
    "a tokenizer that is empty JSON": (written("tokenizer.json", b"{}"), "The tokenizer in"),
    "a tokenizer whose config is no JSON": (written("tokenizer_config.json", b"{"), "The tokenizer in"),
    "an unknown chat template": (written("chat_template.jinja", b"{% if %}"), "chat template"),
}
"""What spoils the folder, and a part of the sentence, by what is wrong."""

CHATTING = ("an unknown chat template",)


@pytest.mark.parametrize("case", FOLDERS)
def test_a_model_folder_that_is_spoilt(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, sound_model: Path, ends: None, case: str
) -> None:
    spoil, fragment = FOLDERS[case]
    folder = tmp_path / "model"
    shutil.copytree(sound_model, folder)
    spoil(folder)
    words = ["bench", "--benchmark", "own.yaml", "--model", str(folder)]
    (tmp_path / "own.yaml").write_text(
        "task: own\ndataset_path: json\ndata_files: own.jsonl\noutput_type: multiple_choice\n"
        "doc_to_text: q\ndoc_to_choice: o\ndoc_to_target: a\n"
    )
    (tmp_path / "own.jsonl").write_text('{"q": "the cat", "o": ["sat", "dog"], "a": "sat"}\n')
    _, said = refusal(capsys, *words, *(["--chat"] if case in CHATTING else []))
    assert fragment in said


@pytest.mark.parametrize("name", [WEIGHTS, "tokenizer.json"])
def test_scoring_a_model_that_is_spoilt_says_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, sound_model: Path, ends: None, name: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(sound_model, folder)
    cut(name, 0.7)(folder)
    _, said = refusal(capsys, "importance", "--ability", "spatial_reasoning", "--model", str(folder))
    assert str(folder) in said
    assert "again" in said


def test_weights_that_are_no_numbers_score_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, sound_model: Path, ends: None
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(sound_model, folder)
    tensors(no_numbers)(folder)
    words = ("importance", "--ability", "spatial_reasoning", "--n-items", "4", "--k", "0.01")
    _, said = refusal(capsys, *words, "--model", str(folder))
    assert "finite" in said


CACHES: dict[str, str] = {
    "a file": "file",
    "below a file": "file/cache",
    "in an unknown home folder": "~nobody-of-this-name/cache",
}


@pytest.mark.parametrize("case", CACHES)
def test_a_cache_that_is_no_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, ends: None, case: str
) -> None:
    (tmp_path / "file").write_text("")
    code, said = refusal(capsys, "cache", "rm", "abcdef", "--cache-dir", CACHES[case])
    assert code == 1
    assert said
