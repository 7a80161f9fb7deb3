from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.importance.scoring import score_importance
from core.masks.ablation import Ablation, Ablator
from core.masks.layout import Layout
from core.masks.mask import Mask, random_subset
from core.models.checkpoint import FourBit
from core.models.description import describe_folder
from core.models.files import ModelFilesError
from core.models.loading import load
from core.models.matrices import UnsupportedModelError
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from core.run.runner import Runner
from core.run.runs import outcomes_of
from core.run.specs import ImportanceSpec, MaskSpec, ModelIdentity
from tests.core.four_bit_models import (
    EVEN,
    UNEVEN,
    ZERO_CODES,
    checkpoint,
    dense_copy,
    loaded_model,
    model_bytes,
    packed_bytes,
    unpacked,
)
from tests.core.importance.test_importance import _assert_close, _items, _truth
from tests.core.tiny_models import ARCHITECTURES, byte_tokenizer, save_model, word_tokenizer

ALL_KINDS = [
    FourBit(kind, is_double, storage)
    for kind in ("nf4", "fp4")
    for is_double in (True, False)
    for storage in ("uint8", "bfloat16")
]
TOKENS = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6], [5, 3, 5, 8, 9, 7, 9, 3]])


def named(four_bit: FourBit) -> str:
    return f"{four_bit.kind}-{'double' if four_bit.is_double else 'single'}-{four_bit.storage}"


@pytest.fixture(scope="module", params=ALL_KINDS, ids=named)
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[FourBit, Path]:
    """A kind of 4-bit weights, and the folder of a checkpoint of that kind."""
    return request.param, checkpoint(tmp_path_factory.mktemp("kind"), request.param, vocab_size=64, **UNEVEN)


def logits_of(model: PreTrainedModel) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model(TOKENS).logits
    return logits


def test_read_zero_and_restore_against_plain_unpacking(stored: tuple[FourBit, Path]) -> None:
    four_bit, folder = stored
    model = loaded_model(folder)
    space, before = WeightSpace(model), model_bytes(model)
    mask = Mask(np.union1d(random_subset(space.size, 3000, 1), np.arange(101)))
    by_matrix = mask.by_matrix(Layout(space.matrices))
    places = {space.matrices[index]: local for index, local in by_matrix}
    truths = {matrix: unpacked(space.linear(matrix)) for matrix in space.matrices}
    assert all(torch.equal(space.read(m), truths[m].dense(model.dtype)) for m in space.matrices)
    numbers = sum(
        int(truths[m].dense(torch.float32).view(-1)[local].count_nonzero()) for m, local in places.items()
    )
    with Ablator(space).applied(mask) as ablation:
        for matrix, truth in truths.items():
            truth.codes.reshape(-1)[places[matrix]] = ZERO_CODES[four_bit.kind]
            assert np.array_equal(packed_bytes(space.linear(matrix)), truth.packed()), matrix.name
            assert torch.equal(space.read(matrix), truth.dense(model.dtype))
        changed = {name for name, data in model_bytes(model).items() if data != before[name]}
        assert changed <= {matrix.name for matrix in space.matrices}  # no scale
    assert ablation == Ablation(len(mask), numbers)
    assert 0 < numbers < len(mask)
    assert model_bytes(model) == before


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_the_ablated_model_computes_what_the_dequantized_one_does(
    stored: tuple[FourBit, Path], dtype: str
) -> None:
    model = loaded_model(stored[1], dtype=dtype)
    space = WeightSpace(model)
    dense = dense_copy(model)
    intact = logits_of(model)
    # On a CPU both dequantize to the same matrix and multiply by it in the same way.
    assert torch.equal(intact, logits_of(dense))
    mask = Mask(random_subset(space.size, space.size // 20, 2))
    with Ablator(space).applied(mask), Ablator(WeightSpace(dense)).applied(mask):
        ablated = logits_of(model)
        assert torch.equal(ablated, logits_of(dense))
    assert not torch.equal(ablated, intact)
    assert torch.equal(logits_of(model), intact)


def test_scores_are_those_of_the_dequantized_model(stored: tuple[FourBit, Path]) -> None:
    model, items = loaded_model(stored[1], dtype="float32"), _items(4)
    logits_of(model)  # a forward pass without gradients comes first, as in evaluation
    found = score_importance(model, WeightSpace(model), items, loss="margin")
    _assert_close(found.scores, _truth(dense_copy(model), items, "margin", "abs-sum"))


def test_scores_in_half_precision_are_those_of_the_dequantized_model(tmp_path: Path) -> None:
    model = loaded_model(checkpoint(tmp_path, FourBit("nf4"), vocab_size=64, **EVEN))
    items, dense = _items(12), dense_copy(model)
    found = score_importance(model, WeightSpace(model), items, loss="margin")
    truth = score_importance(dense, WeightSpace(dense), items, loss="margin")
    _assert_close(found.scores, list(truth.scores))
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("kind", ["nf4", "fp4"])
def test_evaluate_score_ablate_restore_is_exact_at_each_step(kind: str, tmp_path: Path) -> None:
    """The order in which bitsandbytes would put the weights into another layout, and give wrong gradients."""
    save_model(tmp_path, vocab_size=64, **EVEN)
    model = loaded_model(tmp_path, quantization=kind, dtype="float32")
    space, before, truth = WeightSpace(model), model_bytes(model), dense_copy(model)
    assert not model.training

    intact = logits_of(model)
    assert torch.equal(intact, logits_of(truth))
    assert model_bytes(model) == before

    items = _items(4)
    scores = score_importance(model, space, items, loss="margin").scores
    _assert_close(scores, _truth(truth, items, "margin", "abs-sum"))
    assert model_bytes(model) == before

    mask = Mask(random_subset(space.size, 900, 3))
    ablator, other = Ablator(space), Ablator(WeightSpace(truth))
    ablator.apply(mask)
    other.apply(mask)
    assert torch.equal(logits_of(model), logits_of(truth))
    assert not torch.equal(logits_of(model), intact)
    scores = score_importance(model, space, items, loss="margin").scores
    _assert_close(scores, _truth(truth, items, "margin", "abs-sum"), tolerance=1e-4)

    ablator.restore()
    assert model_bytes(model) == before
    assert torch.equal(logits_of(model), intact)


def test_overlapping_patches_undo_each_other_in_turn(tmp_path: Path) -> None:
    save_model(tmp_path, **EVEN)
    model = loaded_model(tmp_path, quantization="nf4")
    space, before = WeightSpace(model), model_bytes(model)
    matrix = space.matrices[4]
    first = space.scale(matrix, torch.arange(0, 400, 3), 0.0)
    between = model_bytes(model)
    second = space.scale(matrix, torch.arange(100, 300), 0.0)
    assert not space.read(matrix).view(-1)[100:300].any()
    space.restore(second)
    assert model_bytes(model) == between
    space.restore(first)
    assert model_bytes(model) == before
    ablator = Ablator(space)
    assert ablator.apply(Mask(np.arange(space.size))).weights == space.size
    assert not any(space.read(one).any() for one in space.matrices)
    ablator.apply(Mask(np.arange(50, 60)))
    ablator.restore()
    assert model_bytes(model) == before


def test_a_factor_beside_zero_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    save_model(tmp_path, **EVEN)
    model = loaded_model(tmp_path, quantization="fp4")
    ablator = Ablator(WeightSpace(model))
    ablator.apply(Mask(np.arange(10)))
    applied = model_bytes(model)
    with pytest.raises(ValueError, match=r"cannot be multiplied by 0\.5: give the factor 0"):
        ablator.apply(Mask(np.arange(20)), factor=0.5)
    assert model_bytes(model) == applied


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_description_agrees_with_the_loaded_model(architecture: str, tmp_path: Path) -> None:
    dense = save_model(tmp_path, architecture, tie_word_embeddings=architecture == "mistral", **UNEVEN)
    for kind, dtype, expected in (("nf4", "auto", "bfloat16"), ("fp4", "float32", "float32")):
        info = describe_folder(tmp_path, str(tmp_path), None, kind, dtype)  # type: ignore[arg-type]
        loaded = load(ModelSpec(str(tmp_path), kind, dtype, "cpu"))  # type: ignore[arg-type]
        assert loaded.info == replace(info, device="cpu")
        assert (info.quantization, info.dtype, info.stored_as) == (kind, expected, f"{kind}, {expected}")
        assert info.parameters == dense.num_parameters() == WeightSpace(loaded.model).total_parameters
        assert not any(parameter.requires_grad for parameter in loaded.model.parameters())


def test_a_stored_4_bit_checkpoint_is_taken_as_it_is(stored: tuple[FourBit, Path]) -> None:
    four_bit, folder = stored
    tensors = load_file(folder / "model.safetensors")
    loaded = load(ModelSpec(str(folder), device="cpu"))
    assert loaded.info == replace(describe_folder(folder, str(folder)), device="cpu")
    assert loaded_model(folder, dtype="float32").dtype == torch.float32
    assert loaded.info.parameters == describe_folder(folder.parent / "dense", "dense").parameters
    assert loaded.info.stored_as == f"{four_bit.kind}, bfloat16"
    for name, tensor in loaded.model.state_dict().items():
        if "quant_state" not in name:  # which is JSON
            assert torch.equal(tensor.view(torch.uint8), tensors[name].view(torch.uint8)), name


def test_the_identity_says_how_weights_are_stored(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, FourBit("nf4"))

    def identity(**asked: str) -> ModelIdentity:
        return Runner(ModelSpec(str(folder), **asked), Store(tmp_path / "cache")).identity  # type: ignore[arg-type]

    assert (identity().quantization, identity().dtype) == ("nf4", "bfloat16")
    assert identity(quantization="nf4") == identity()
    assert identity(dtype="float32").dtype == "float32"
    for use in (identity, lambda quantization: load(ModelSpec(str(folder), quantization, device="cpu"))):
        with pytest.raises(ValueError, match="is nf4 already and cannot become fp4: leave"):
            use(quantization="fp4")
    dense = Runner(ModelSpec(str(tmp_path / "dense"), "fp4"), Store(tmp_path / "cache")).identity
    assert (dense.quantization, dense.dtype) == ("fp4", "bfloat16")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"quant_method": "gptq", "bits": 4}, "gptq"),
        ({"quant_method": "awq"}, "awq"),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "in 8 bits"),
        ({"load_in_4bit": True, "bnb_4bit_quant_type": "int4"}, "int4"),
        (
            {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_quant_storage": "float64"},
            "float64",
        ),
        ({"load_in_4bit": True, "llm_int8_skip_modules": "lm_head"}, "skip_modules"),
        ("nf4", "unreadable"),
    ],
)
def test_other_ways_of_quantizing_are_refused(entry: object, words: str, tmp_path: Path) -> None:
    save_model(tmp_path)
    edit_config(tmp_path, quantization_config=entry)
    for use in (lambda: describe_folder(tmp_path, "m"), lambda: loaded_model(tmp_path)):
        with pytest.raises(ModelFilesError, match=words) as caught:
            use()
        assert "\n" not in str(caught.value)


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


UP = "model.layers.1.mlp.up_proj.weight"


@pytest.mark.parametrize(
    "damage",
    [
        "no scales",
        "few scales",
        "few bytes",
        "no state",
        "broken state",
        "other kind",
        "other shape",
        "not packed",
    ],
)
def test_4_bit_files_that_do_not_fit_are_refused(damage: str, tmp_path: Path) -> None:
    """bitsandbytes would read beyond the end of the tensors, or take other bytes for the weights."""
    folder = checkpoint(tmp_path, FourBit("nf4"))
    tensors = load_file(folder / "model.safetensors")
    state = f"{UP}.quant_state.bitsandbytes__nf4"
    if damage == "no scales":
        tensors.pop(f"{UP}.absmax")
    elif damage == "few scales":
        tensors[f"{UP}.absmax"] = tensors[f"{UP}.absmax"][:3].clone()
    elif damage == "few bytes":
        tensors[UP] = tensors[UP][:-8].clone()
    elif damage == "no state":
        tensors.pop(state)
    elif damage == "broken state":
        tensors[state] = torch.zeros_like(tensors[state])
    elif damage == "other kind":
        tensors[state.replace("nf4", "fp4")] = tensors.pop(state)
    elif damage == "other shape":
        edit_config(folder, intermediate_size=64)
    else:
        for name in [name for name in tensors if name.startswith(f"{UP}.")]:
            tensors.pop(name)
        tensors[UP] = torch.zeros(128, 64, dtype=torch.bfloat16)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelFilesError) as caught:
        loaded_model(folder)
    assert str(folder) in str(caught.value)


def test_a_model_in_another_layout_is_refused(tmp_path: Path) -> None:
    save_model(tmp_path, **EVEN)
    model = loaded_model(tmp_path, quantization="nf4")
    model.model.layers[0].mlp.up_proj.weight.quant_state.packing_format_for_cpu = True
    with pytest.raises(UnsupportedModelError, match=r"up_proj were put into another order.*load the"):
        WeightSpace(model)


def test_rows_that_are_no_whole_blocks_are_read_right_or_refused(tmp_path: Path) -> None:
    """With AVX512, bitsandbytes takes wrong scales where the columns are a multiple of 16 but not of 64."""
    save_model(tmp_path, hidden_size=32)
    try:
        model = loaded_model(tmp_path, quantization="nf4")
    except ModelFilesError as error:
        assert "32 columns are no multiple of 64: use a checkpoint in full precision" in str(error)  # noqa: PT017
        return
    space = WeightSpace(model)
    matrices = space.matrices
    assert all(torch.equal(space.read(m), unpacked(space.linear(m)).dense(model.dtype)) for m in matrices)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_whole_way_through_the_workbench(architecture: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    tokenizer = byte_tokenizer() if architecture == "qwen2" else word_tokenizer()
    save_model(folder, architecture, tokenizer, max_position_embeddings=1024, **EVEN)
    runner = Runner(
        ModelSpec(str(folder), "nf4", device="cpu").settled("letters", "standard"),
        Store(tmp_path / "cache"),
        ImportanceSpec(n_items=4),
    )
    (benchmark,) = find_benchmarks(["deductive_reasoning"])
    base = outcomes_of(runner, runner.request(None, benchmark, 3))
    before = model_bytes(runner.loaded.model)
    mask_spec = MaskSpec("deductive_reasoning", "all", "top", 0.05)
    request = runner.request(mask_spec, benchmark, 3)
    ablated = outcomes_of(runner, request)
    assert request.key_inputs["model"].quantization == "nf4"
    assert model_bytes(runner.loaded.model) == before
    mask = runner.mask(mask_spec)
    assert len(mask) == int(0.05 * runner.info.parameters)
    with runner.ablated(mask) as ablation:
        assert ablation is not None
        assert ablation.changed == len(mask)  # a weight that is 0 has no importance
    assert model_bytes(runner.loaded.model) == before
    assert base["loglikelihoods"].to_list() != ablated["loglikelihoods"].to_list()


@pytest.mark.slow
def test_bitsandbytes_is_imported_for_4_bit_weights_alone(tmp_path: Path) -> None:
    save_model(tmp_path)
    program = (
        "import sys\n"
        "from core.models.loading import load\n"
        "from core.models.spec import ModelSpec\n"
        "from core.models.weight_space import WeightSpace\n"
        f"WeightSpace(load(ModelSpec({str(tmp_path)!r}, device='cpu')).model)\n"
        "print('bitsandbytes' in sys.modules)\n"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "False"
