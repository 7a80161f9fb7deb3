"""The two phantoms: what they know, and that each ability needs its own block and no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from core.abilities import ABILITIES
from core.benchmarks.evaluation import evaluate, prepare
from core.benchmarks.registry import find_benchmarks
from core.masks.ablation import Ablator
from core.models.files import model_folder
from core.models.loading import LoadedModel, load
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from core.phantom.ground_truth import MLP_SIZE, SHARED_BLOCK, Truth, neurons_of, read_truth
from tests.research.training.corpus import build_tokenizer, collect_words
from tests.research.training.ship_phantom import PHANTOMS, block_mask, measure_truth

pytestmark = pytest.mark.slow

LARGEST_BYTES = 6_000_000
IDS = [ability.id for ability in ABILITIES]


@pytest.fixture(scope="module", params=PHANTOMS)
def phantom(request: pytest.FixtureRequest) -> LoadedModel:
    return load(ModelSpec(request.param))


@pytest.fixture(scope="module")
def folder(phantom: LoadedModel) -> Path:
    return model_folder(phantom.spec)


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    return read_truth(folder)


def test_it_is_a_small_plain_llama(phantom: LoadedModel, folder: Path) -> None:
    assert (folder / "model.safetensors").stat().st_size <= LARGEST_BYTES
    assert type(phantom.model) is LlamaForCausalLM
    assert phantom.model.dtype == torch.float32
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["intermediate_size"] == MLP_SIZE
    assert "auto_map" not in config


def test_it_has_the_vocabulary_of_the_demo(phantom: LoadedModel) -> None:
    assert phantom.tokenizer.get_vocab() == build_tokenizer(collect_words()).get_vocab()


def test_its_card_says_that_it_is_engineered(folder: Path) -> None:
    card = (folder / "README.md").read_text()
    assert "This model is engineered" in card
    assert "says nothing about real models" in card
    assert "python -m tests.research.training.phantom --seed" in card


def test_it_knows_every_ability(phantom: LoadedModel) -> None:
    accuracies = {}
    for benchmark in find_benchmarks(["diagnostic"]):
        batches = evaluate(phantom.model, prepare(phantom, benchmark, 200))
        correct = [outcome.correct for batch in batches for outcome in batch]
        accuracies[benchmark.id] = sum(correct) / len(correct)
    assert min(accuracies.values()) >= 0.9, accuracies


def test_an_ability_needs_its_own_block_and_no_other(phantom: LoadedModel) -> None:
    """Measured again here on some blocks, with room for 100 items."""
    blocks = ["contextual_recall", "quantitative_reasoning", "semantic_relationship"]
    measured = measure_truth(phantom, items=100, blocks=blocks)
    for block in blocks:
        for ability, drop in measured.drops[block].items():
            if ability == block:
                assert 100 * measured.accuracy[ability] - drop <= 40
            else:
                assert abs(drop) <= 5, (block, ability)


def test_the_truth_that_is_shipped_is_the_aim(truth: Truth) -> None:
    assert list(truth.drops) == [*IDS, SHARED_BLOCK]
    assert min(truth.accuracy.values()) >= 0.9
    for block in IDS:
        assert list(truth.drops[block]) == IDS
        assert abs(100 * truth.accuracy[block] - truth.drops[block][block] - 25) <= 10
        assert all(abs(drop) <= 3 for ability, drop in truth.drops[block].items() if ability != block)


def test_the_truth_that_is_shipped_is_of_the_model_that_is_shipped(
    phantom: LoadedModel, truth: Truth
) -> None:
    block = "spatial_reasoning"
    again = measure_truth(phantom, items=truth.items, blocks=[block])
    assert again.accuracy == pytest.approx(truth.accuracy, abs=0.005)
    assert again.drops[block] == pytest.approx(truth.drops[block], abs=0.5)


def test_the_mask_of_a_block_zeroes_its_neurons_in_all_layers_and_nothing_else(phantom: LoadedModel) -> None:
    space = WeightSpace(phantom.model)
    neurons = neurons_of("inductive_reasoning")
    is_own = torch.zeros(MLP_SIZE, dtype=torch.bool)
    is_own[neurons.start : neurons.stop] = True
    with Ablator(space).applied(block_mask(space, neurons)) as ablation:
        for layer in phantom.model.model.layers:
            mlp = layer.mlp
            for weight in (mlp.gate_proj.weight, mlp.up_proj.weight, mlp.down_proj.weight.T):
                assert torch.equal((weight == 0).all(dim=1), is_own)
    assert ablation.weights == len(neurons) * 3 * phantom.info.hidden_size * phantom.info.layers
