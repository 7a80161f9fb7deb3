"""Which device a model is put on, models that are spread over several, and models that accelerate calls."""

from __future__ import annotations

import copy
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import dispatch_model
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedModel

from core.importance.plan import one_pass
from core.importance.scoring import score_importance
from core.inference.choice_plan import plan_choices
from core.inference.encoding import EncodedChoice
from core.inference.generation import generate
from core.inference.loglikelihood import loglikelihoods
from core.masks.ablation import Ablator
from core.masks.mask import Mask
from core.models import devices
from core.models.checkpoint import FourBit
from core.models.description import read_config
from core.models.devices import device_kind, layers_over_gpus
from core.models.four_bit import four_bit_arguments
from core.models.loading import _load_model
from core.models.weight_space import WeightSpace
from tests.core.four_bit_models import EVEN, model_bytes
from tests.core.tiny_models import SENTENCES, random_model, save_model, word_tokenizer

GB = 10**9
CONFIG = {"num_hidden_layers": 32, "vocab_size": 128_256, "hidden_size": 4096}
"""Llama-3.1-8B's, as far as it is asked for."""

SHARED = tuple(5 + place % 30 for place in range(120))

ITEMS = [
    EncodedChoice(
        f"item {number}", (*SHARED, 6 + number, 9), ((7, 8 + number), (11,), (12, 13, 14)), number % 3
    )
    for number in range(6)
]
"""They begin alike."""

WEIGHTS, ENDS = 16_060_522_496, 2 * 2 * 128_256 * 4096


def test_what_the_first_gpu_holds_is_not_spread() -> None:
    assert layers_over_gpus(CONFIG, WEIGHTS, 2, [18 * GB, 18 * GB]) is None
    assert layers_over_gpus(CONFIG, WEIGHTS, 2, [4 * GB]) is None  # nowhere to spread to
    assert layers_over_gpus(CONFIG, WEIGHTS, 2, []) is None


def test_what_all_gpus_cannot_hold_is_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"16\.1 GB, and 16\.0 GB are free on all 2 GPUs together: use --q"):
        layers_over_gpus(CONFIG, WEIGHTS, 2, [8 * GB, 8 * GB])


@given(st.lists(st.integers(1, 24), min_size=2, max_size=8), st.booleans())
def test_each_gpu_gets_its_share(free_gb: list[int], is_tied: bool) -> None:
    free = [one * GB for one in free_gb]
    if 0.9 * free[0] >= WEIGHTS or 0.9 * sum(free) < WEIGHTS:
        return
    ends = ENDS // 2 if is_tied else ENDS
    places = layers_over_gpus({**CONFIG, "tie_word_embeddings": is_tied}, WEIGHTS, 2, free)
    assert places is not None
    layers = [places.pop(f"model.layers.{number}") for number in range(32)]
    assert layers == sorted(layers)
    # What the screen looks at is beside the embedding: ids, hidden states, logits.
    assert places == dict.fromkeys(("model.embed_tokens", "model.rotary_emb", "model.norm", "lm_head"), 0)
    layer = (WEIGHTS - ends) / 32
    taken = [ends * (gpu == 0) + layers.count(gpu) * layer for gpu in range(len(free))]
    for gpu, size in enumerate(taken):
        share = free[gpu] / sum(free) * WEIGHTS
        assert size <= max(share, ends * (gpu == 0)) + layer
    assert sum(taken) == pytest.approx(WEIGHTS)


def test_every_part_of_a_model_has_a_place() -> None:
    model = random_model("qwen2", 40, num_hidden_layers=3)
    places = layers_over_gpus(model.config.to_dict(), 10**5, 4, [60_000, 60_000])
    assert places is not None
    named = [name for name, _ in itertools.chain(model.named_parameters(), model.named_buffers())]
    assert {name for name in named if not any(name.startswith(f"{place}.") for place in places)} == set()
    assert set(places.values()) == {0, 1}


@pytest.fixture
def drivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which `nvidia` and `amd` are what the drivers leave."""
    paths = {"cuda": (tmp_path / "nvidia",), "hip": (tmp_path / "amd",)}
    monkeypatch.setattr(devices, "DRIVERS", paths)
    return tmp_path


def test_auto_is_a_gpu_whose_driver_is_here_and_that_torch_is_built_for(drivers: Path) -> None:
    assert device_kind("auto") == "cpu"
    assert [device_kind(name) for name in ("cpu", "cuda:1", "mps")] == ["cpu", "cuda", "mps"]
    for driver, built_for in (("nvidia", torch.version.cuda), ("amd", torch.version.hip)):
        (drivers / driver).touch()
        assert device_kind("auto") == ("cuda" if built_for else "cpu")
        (drivers / driver).unlink()


def hooked(model: PreTrainedModel) -> PreTrainedModel:
    """The same model as it is called when it is spread: through accelerate, which moves what goes in."""
    parts = [name for name, _ in model.named_children() if name != "model"]
    parts += [f"model.{name}" for name, _ in model.model.named_children() if name != "layers"]
    parts += [f"model.layers.{number}" for number in range(len(model.model.layers))]
    spread = dispatch_model(copy.deepcopy(model), dict.fromkeys(parts, "cpu"), force_hooks=True)
    assert hasattr(spread.model.layers[1].mlp.up_proj, "_hf_hook")
    return spread


@pytest.mark.parametrize("checkpointing", [False, True])
def test_importance_is_the_same_through_accelerate(checkpointing: bool) -> None:
    plain = random_model("llama", len(word_tokenizer()), num_hidden_layers=3)
    spread = hooked(plain)
    plan = replace(one_pass(3, on_cpu=True), groups=((0, 1), (1, 3)), checkpointing=checkpointing)
    found = [score_importance(m, WeightSpace(m), ITEMS, loss="margin", plan=plan) for m in (plain, spread)]
    for one, other in zip(found[0].products, found[1].products, strict=True):
        assert one.equal(other)
        assert one.any()


def test_ablation_and_restoring_are_the_same_through_accelerate() -> None:
    plain = random_model("llama", len(word_tokenizer()))
    spread = hooked(plain)
    mask = Mask.of(np.arange(0, WeightSpace(plain).size, 3))
    before = {name: tensor.clone() for name, tensor in spread.state_dict().items()}
    for model in (plain, spread):
        Ablator(WeightSpace(model)).apply(mask)
    ids = torch.tensor([[1, 5, 9, 12]])
    assert plain(ids).logits.equal(spread(ids).logits)
    ablator = Ablator(WeightSpace(spread))
    with ablator.applied(mask):
        pass
    for matrix in WeightSpace(plain).matrices:
        assert spread.state_dict()[matrix.name].equal(plain.state_dict()[matrix.name])
        assert not spread.state_dict()[matrix.name].equal(before[matrix.name])


def test_evaluation_and_generation_are_the_same_through_accelerate() -> None:
    tokenizer = word_tokenizer()
    plain = random_model("llama", len(tokenizer))
    spread = hooked(plain)
    beginning = " ".join(SENTENCES[:3] * 5)
    prompts = [f"{beginning} {end}" for end in ("the cat", "every dog barks", "four")]

    def results(model: PreTrainedModel) -> object:
        plan = plan_choices(ITEMS, model.device, "auto", pad_id=0, max_length=256)
        assert any(batch.prefix for batch in plan.batches)  # read once, and attended to by all
        scores = list(loglikelihoods(model, plan))
        written = generate(model, tokenizer, prompts, max_new_tokens=8)
        return scores, [answer.tokens for answer in written]

    assert results(plain) == results(spread)


@pytest.mark.parametrize("kind", ["none", "nf4"])
def test_a_map_of_the_parts_is_taken_by_transformers(kind: str, tmp_path: Path) -> None:
    save_model(tmp_path, **EVEN)
    folder, cpu = tmp_path, torch.device("cpu")
    arguments = four_bit_arguments(folder, FourBit("nf4"), cpu, "float32") if kind == "nf4" else {}
    places = layers_over_gpus(read_config(folder), 10**5, 4, [60_000, 60_000])
    assert places is not None

    def load_with(device_map: dict[str, str] | None) -> PreTrainedModel:
        found = {} if device_map is None else {"device_map": device_map}
        return _load_model(folder, "float32", lambda done, total: None, **arguments, **found)

    # transformers refuses a map in which a parameter has no place. There are no two devices here.
    spread = load_with(dict.fromkeys(places, "cpu"))
    assert model_bytes(spread) == model_bytes(load_with(None))
