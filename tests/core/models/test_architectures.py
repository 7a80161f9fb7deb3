"""Every architecture that is accepted: what its files tell, its answers, its texts, its neurons."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    CONFIG_MAPPING,
    DogeConfig,
    DogeForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    MambaConfig,
    MambaForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    PreTrainedModel,
)

from core.inference.encoding import EncodedChoice
from core.inference.generation import generate
from core.masks.layout import Layout
from core.masks.mask import Mask
from core.models.checkpoint import FourBit
from core.models.description import (
    ARCHITECTURES,
    TIED_BY_DEFAULT,
    candidate_weights,
    describe_folder,
    stored_matrices,
)
from core.models.files import ModelFilesError
from core.models.loading import LoadedModel, load
from core.models.matrices import UnsupportedModelError, neurons_of
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from tests.core.four_bit_models import EVEN, checkpoint
from tests.core.inference.test_generation import by_transformers
from tests.core.inference.test_loglikelihood import by_full_forward, plan, scores_of
from tests.core.tiny_models import by_tier, lively_model, save_model, word_tokenizer

WORDS = word_tokenizer()

SHAPE = {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}


@pytest.fixture(scope="module", params=by_tier(ARCHITECTURES))
def saved(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, LoadedModel]:
    """A random model of an architecture, as its files have it and as it is loaded from them."""
    folder = tmp_path_factory.mktemp(request.param)
    lively_model(request.param, len(WORDS)).save_pretrained(folder)
    WORDS.save_pretrained(folder)
    return folder, load(ModelSpec(str(folder), device="cpu"))


def choices(longest_option: int, *, prefix: int = 0) -> list[EncodedChoice]:
    """Items of 2 or 3 options; their contexts begin with so many tokens that they share."""
    rng = random.Random(3)

    def tokens(length: int) -> tuple[int, ...]:
        return tuple(rng.randrange(3, len(WORDS)) for _ in range(length))

    block = tokens(prefix)
    return [
        EncodedChoice(
            f"i{i}",
            block + tokens(rng.randint(1, 9)),
            tuple(tokens(rng.randint(1, longest_option)) for _ in range(2 + i % 2)),
            0,
        )
        for i in range(6)
    ]


def test_files_emit_what_the_loaded_model_is(saved: tuple[Path, LoadedModel]) -> None:
    folder, loaded = saved
    space = WeightSpace(loaded.model)
    assert loaded.info == replace(describe_folder(folder, str(folder)), device="cpu")
    assert loaded.info.parameters == space.total_parameters
    shapes = stored_matrices(folder)
    assert shapes == space.matrices
    assert loaded.info.candidates == candidate_weights(shapes)
    assert candidate_weights(shapes) == {
        variant: sum(matrix.size for matrix in space.candidates(variant)) for variant in ("mlp", "all")
    }
    mlp = ("gate", "up", "gate_up", "down")
    assert [shape.is_mlp for shape in shapes] == [matrix.kind in mlp for matrix in space.matrices]


def test_candidates_are_every_matrix_of_the_layers(saved: tuple[Path, LoadedModel]) -> None:
    space = WeightSpace(saved[1].model)
    assert len(space.layers) == 2
    inside = {p.data_ptr() for layer in space.layers for p in layer.parameters() if p.dim() >= 2}
    assert {space.linear(matrix).weight.data_ptr() for matrix in space.matrices} == inside
    assert len(space.matrices) == len(inside)


@pytest.mark.parametrize(
    ("longest_option", "prefix"), [(1, 0), (5, 0), (4, 60)], ids=["one token", "packed", "shared prefix"]
)
def test_log_likelihoods_are_those_of_a_plain_forward(
    saved: tuple[Path, LoadedModel], longest_option: int, prefix: int
) -> None:
    model, items = saved[1].model, choices(longest_option, prefix=prefix)
    made = plan(items, 4)
    assert {len(batch.prefix) for batch in made.batches} == {prefix}
    for item, values in zip(items, scores_of(model, made, len(items)), strict=True):
        assert values == pytest.approx(by_full_forward(model, item), abs=1e-4)


@pytest.mark.parametrize("shared", ["", "the cat sat on the mat and looked at the door " * 6])
def test_greedy_text_is_that_of_transformers(saved: tuple[Path, LoadedModel], shared: str) -> None:
    model = saved[1].model
    prompts = [shared + end for end in ("the cat", "three apples and four", "Rex", "if every dog")]
    answers = generate(model, WORDS, prompts, max_new_tokens=8)
    for prompt, answer in zip(prompts, answers, strict=True):
        assert answer.tokens == by_transformers(model, WORDS, prompt, 8)


def test_a_neuron_is_what_goes_into_one_column_of_down(saved: tuple[Path, LoadedModel]) -> None:
    """With its rows zeroed a neuron is the same for all tokens, and no other one has changed."""
    model, neuron = saved[1].model, 5
    space = WeightSpace(model)
    own = {
        matrix: torch.arange(matrix.size)[neurons_of(matrix, torch.arange(matrix.size)) == neuron]
        for matrix in space.candidates("mlp")
        if matrix.layer == 0
    }
    mask = Mask.of(torch.cat([matrix.offset + local for matrix, local in own.items()]).numpy())
    counts = mask.count_by_neuron(Layout(space.matrices))
    assert np.argwhere(counts).tolist() == [[0, neuron]]
    assert len(mask) * counts.shape[1] == sum(matrix.size for matrix in own)
    before = neurons(model, space)
    patches = [space.scale(matrix, local, 0.0) for matrix, local in own.items() if matrix.kind != "down"]
    after = neurons(model, space)
    for patch in patches:
        space.restore(patch)
    others = [place for place in range(before.shape[-1]) if place != neuron]
    assert torch.equal(after[:, others], before[:, others])
    assert (after[:, neuron] == after[0, neuron]).all()
    assert not torch.equal(after[:, neuron], before[:, neuron])


def neurons(model: PreTrainedModel, space: WeightSpace) -> torch.Tensor:
    """(tokens, neurons) the MLP's inner activations in the first layer."""
    seen: list[torch.Tensor] = []
    down = next(matrix for matrix in space.matrices if matrix.kind == "down")
    handle = space.linear(down).register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        model(torch.tensor([[5, 9, 7, 12]]))
    handle.remove()
    return seen[0].flatten(0, -2)


@pytest.mark.parametrize("architecture", ["phi3", "gpt_neox"])
def test_4_bit_files_emit_what_the_loaded_model_is(architecture: str, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, FourBit("nf4"), architecture=architecture, **EVEN)
    loaded = load(ModelSpec(str(folder), device="cpu"))
    assert loaded.info == replace(describe_folder(folder, str(folder)), device="cpu")
    assert loaded.info.parameters == describe_folder(tmp_path / "dense", "dense").parameters
    assert stored_matrices(folder) == stored_matrices(tmp_path / "dense")
    space = WeightSpace(loaded.model)
    assert space.matrices == stored_matrices(folder)


def test_which_heads_are_tied_unless_told() -> None:
    assert set(TIED_BY_DEFAULT) == {
        name for name in ARCHITECTURES if CONFIG_MAPPING[name]().tie_word_embeddings
    }


def test_buffers_of_old_files_are_no_parameters(tmp_path: Path) -> None:
    model = save_model(tmp_path, "gpt_neox")
    tensors = load_file(tmp_path / "model.safetensors")
    for layer in range(2):
        name = f"gpt_neox.layers.{layer}.attention"
        tensors[f"{name}.bias"] = torch.ones(1, 1, 8, 8, dtype=torch.bool)
        tensors[f"{name}.masked_bias"] = torch.tensor(-1e9)
        tensors[f"{name}.rotary_emb.inv_freq"] = torch.ones(4)
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert describe_folder(tmp_path, "old").parameters == model.num_parameters()
    assert load(ModelSpec(str(tmp_path), device="cpu")).info.parameters == model.num_parameters()


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (
            lambda: MixtralForCausalLM(MixtralConfig(**SHAPE, intermediate_size=48, num_local_experts=2)),
            r"model\.layers\.0\.(mlp|block_sparse_moe)\.\S+",
        ),
        (
            lambda: GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=1, n_head=4, vocab_size=64)),
            r"transformer\.h\.0\.attn\.c_attn\.weight",
        ),
        (
            lambda: MambaForCausalLM(MambaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=1)),
            r"backbone\.layers\.0\.mixer\.\w+",
        ),
        (
            lambda: DogeForCausalLM(DogeConfig(**SHAPE, intermediate_size=48, num_key_value_heads=2)),
            r"model\.layers\.0\.self_attn\.dt_proj\.weight",
        ),
    ],
    ids=["experts", "conv1d", "convolution", "unknown matrix"],
)
def test_what_cannot_be_scored_is_named(
    build: Callable[[], PreTrainedModel], named: str, tmp_path: Path
) -> None:
    model = build()
    model.save_pretrained(tmp_path)
    WORDS.save_pretrained(tmp_path)
    for kind, use in (
        (UnsupportedModelError, lambda: WeightSpace(model)),
        (ModelFilesError, lambda: describe_folder(tmp_path, "m")),
        (ModelFilesError, lambda: load(ModelSpec(str(tmp_path), device="cpu"))),
    ):
        with pytest.raises(kind, match=rf"{named} is no matrix that is scored: use a model") as caught:
            use()
        assert "\n" not in str(caught.value)


def test_an_architecture_that_nobody_tested_is_refused(tmp_path: Path) -> None:
    """Its matrices may be known, but nobody knows what else it does."""
    save_model(tmp_path, tokenizer=WORDS)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "falcon"}))
    with pytest.raises(ModelFilesError, match=r"of type 'falcon', which is not tested: use one of type"):
        load(ModelSpec(str(tmp_path), device="cpu"))


def damaged(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


UP = "model.layers.1.mlp.up_proj.weight"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tensors: tensors.pop(UP), r"layers\.1\.mlp\.up_proj\.weight is missing"),
        (
            lambda tensors: tensors.update({UP: torch.zeros(64, 31)}),
            r"layers\.1\.mlp\.up_proj\.weight has another shape",
        ),
        (
            lambda tensors: tensors.update({UP.replace("up_proj", "gate_up_proj"): torch.zeros(128, 32)}),
            r"gate_up_proj\.weight has none like it in the first layer",
        ),
        (
            lambda tensors: tensors.update(
                {UP.replace("model.layers.1", "other.layers.0"): torch.zeros(64, 32)}
            ),
            r"layers under model\.layers and under other\.layers",
        ),
        (
            lambda tensors: tensors.update({UP.replace("1", "900000"): torch.zeros(64, 32)}),
            r"model\.layers\.2 has no matrices",
        ),
        (
            lambda tensors: tensors.pop(UP.replace("1", "0")),
            r"first decoder layer are model\.layers\.0\.self_attn\.q_proj\.weight, .*: use a model",
        ),
        (
            lambda tensors: tensors.update({UP.replace("1", str(i)): torch.zeros(63, 32) for i in range(2)}),
            r"up_proj\.weight has 63 rows, but the MLP has 64 neurons",
        ),
    ],
)
def test_layers_that_do_not_fit_are_told(
    change: Callable[[dict[str, torch.Tensor]], Any], words: str, tmp_path: Path
) -> None:
    save_model(tmp_path)
    damaged(tmp_path, change)
    with pytest.raises(ModelFilesError, match=words) as caught:
        describe_folder(tmp_path, "m")
    assert "\n" not in str(caught.value)


def test_another_number_of_layers_than_the_config_says_is_refused(tmp_path: Path) -> None:
    save_model(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "num_hidden_layers": 3}))
    with pytest.raises(ModelFilesError, match=r"have 2 decoder layers, but its config\.json says 3: copy"):
        describe_folder(tmp_path, "m")
