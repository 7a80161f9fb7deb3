from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from core.models.description import describe_folder, selectable_weights
from core.models.files import EMBEDDED_FOLDER
from core.models.matrices import KINDS, UnsupportedModelError, weights_of
from core.models.weight_space import WeightSpace

SEPARATE = [kind for kind in KINDS if kind not in ("qkv", "gate_up")]
"""As Llama has them."""

SHAPE = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def test_order_and_addresses(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)
    parameters = dict(tiny_llama.named_parameters())
    assert [(m.layer, m.kind) for m in space.matrices] == [(i, kind) for i in range(2) for kind in SEPARATE]
    assert [m.index for m in space.matrices] == list(range(14))
    expected_offset = 0
    for matrix in space.matrices:
        assert matrix.offset == expected_offset
        assert (matrix.rows, matrix.columns) == tuple(parameters[matrix.name].shape)
        assert space.read(matrix).data_ptr() == parameters[matrix.name].data_ptr()
        assert space.linear(matrix).weight is parameters[matrix.name]
        assert not space.read(matrix).requires_grad
        expected_offset += parameters[matrix.name].numel()
    assert space.size == expected_offset


def test_candidates_are_every_matrix_of_the_layers_and_nothing_else(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)
    linears = {
        f"{name}.weight"
        for name, m in tiny_llama.model.layers.named_modules()
        if isinstance(m, torch.nn.Linear)
    }
    assert {m.name.removeprefix("model.layers.") for m in space.candidates("all")} == linears
    assert {m.kind for m in space.candidates("mlp")} == {"gate", "up", "down"}
    assert len(space.candidates("mlp")) == 6
    assert space.candidates("base") == ()
    with pytest.raises(ValueError, match="Did you mean mlp"):
        space.candidates("mpl")  # type: ignore[arg-type]


@pytest.mark.parametrize("tied", [False, True])
def test_tied_weights_count_once(tied: bool) -> None:
    model = Qwen2ForCausalLM(Qwen2Config(**SHAPE, tie_word_embeddings=tied))
    unique = {p.data_ptr(): p.numel() for p in model.parameters()}
    assert WeightSpace(model).total_parameters == sum(unique.values())


@pytest.mark.parametrize(
    "build",
    [lambda: Qwen2ForCausalLM(Qwen2Config(**SHAPE)), lambda: MistralForCausalLM(MistralConfig(**SHAPE))],
    ids=["qwen2", "mistral"],
)
def test_other_families_are_supported(build: Callable[[], PreTrainedModel]) -> None:
    space = WeightSpace(build())
    assert len(space.matrices) == 14
    assert all(space.read(m).shape == (m.rows, m.columns) for m in space.matrices)


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (lambda: MixtralForCausalLM(MixtralConfig(**SHAPE, num_local_experts=2)), "layers.0.mlp.gate"),
        (
            lambda: GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=1, n_head=4, vocab_size=64)),
            "transformer.h.0.attn.c_attn",
        ),
    ],
    ids=["mixtral", "gpt2"],
)
def test_unknown_layers_are_named(build: Callable[[], PreTrainedModel], named: str) -> None:
    with pytest.raises(UnsupportedModelError, match="use a model whose decoder layers have") as error:
        WeightSpace(build())
    assert named in str(error.value)


def test_weights_that_are_not_floating_point_are_refused(tiny_llama: LlamaForCausalLM) -> None:
    packed = torch.zeros_like(tiny_llama.model.layers[1].mlp.up_proj.weight, dtype=torch.uint8)
    tiny_llama.model.layers[1].mlp.up_proj.weight = torch.nn.Parameter(packed, requires_grad=False)
    with pytest.raises(UnsupportedModelError, match=r"layers\.1\.mlp\.up_proj is stored as torch\.uint8"):
        WeightSpace(tiny_llama)


def test_a_fraction_of_all_parameters_is_an_exact_floor() -> None:
    assert weights_of(0.01, 1_000_000) == 10_000
    assert weights_of(1e-6, 8_030_261_248) == 8030
    assert weights_of(1e-12, 8_030_261_248) == 0


@given(percent=st.integers(1, 99), hundreds=st.integers(1, 10**8))
def test_whole_percentages_of_hundreds_are_whole(percent: int, hundreds: int) -> None:
    assert weights_of(float(f"0.{percent:02d}"), 100 * hundreds) == percent * hundreds


def test_more_weights_than_there_are_candidates_are_refused() -> None:
    info = describe_folder(EMBEDDED_FOLDER / "demo", "demo")
    total, available = info.parameters, info.candidates["mlp"]
    assert selectable_weights(0.01, "mlp", info) == total // 100
    with pytest.raises(ValueError, match=rf"is {total:,} weights.* only {available:,} candidates"):
        selectable_weights(1.0, "mlp", info)
    for k in (0.0, -0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="choose it above 0"):
            selectable_weights(k, "all", info)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_zero_and_restore_one_matrix(tiny_llama: LlamaForCausalLM, dtype: torch.dtype) -> None:
    model = tiny_llama.to(dtype)
    space = WeightSpace(model)
    matrix = space.matrices[5]
    with torch.no_grad():
        space.linear(matrix).weight[0, :3] = torch.tensor([float("nan"), -0.0, float("inf")])
    before = space.read(matrix).clone()
    local = torch.tensor([0, 1, 2, 40, matrix.size - 1])
    patch = space.scale(matrix, local, 0.0)
    expected = before.clone().view(-1)
    expected[local] = 0
    assert _bits(space.read(matrix)).equal(_bits(expected.view_as(before)))
    assert int(patch.changed) == 4  # -0.0 was zero already
    space.restore(patch)
    assert _bits(space.read(matrix)).equal(_bits(before))


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous().view(torch.uint8)
