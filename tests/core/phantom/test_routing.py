"""What a row of a training batch reaches, and what it teaches."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from core.abilities import ABILITIES
from core.phantom.ground_truth import MLP_SIZE, PRIVATE, SHARED
from tests.research.training.demo import Recipe, build_model
from tests.research.training.routing import SIZES, Routing, by_neuron, merged, routed, split

OWN = 3
SHARED_PLACE = len(ABILITIES)
IDS = torch.tensor([[2, 5, 9, 7, 11]])


@pytest.fixture
def plain() -> LlamaForCausalLM:
    return build_model(Recipe(hidden_size=16, layers=2, heads=2, mlp_size=MLP_SIZE), vocabulary=20).eval()


@pytest.fixture
def model(plain: LlamaForCausalLM) -> LlamaForCausalLM:
    model = copy.deepcopy(plain)
    split(model)
    return model


def route(model: LlamaForCausalLM, learning: list[int], others: list[int]) -> None:
    others_on = by_neuron(on(others))
    routing = Routing(by_neuron(on(learning)), others_on, others_on)
    for mlp in routed(model):
        mlp.routing = routing


def on(blocks: list[int]) -> Tensor:
    row = torch.zeros(1, len(SIZES))
    row[0, blocks] = 1.0
    return row


def without(plain: LlamaForCausalLM, block: int) -> LlamaForCausalLM:
    model = copy.deepcopy(plain)
    for layer in model.model.layers:
        layer.mlp.down_proj.weight.data[:, block * PRIVATE : (block + 1) * PRIVATE] = 0
    return model


def test_split_and_merged_keep_every_weight(plain: LlamaForCausalLM, model: LlamaForCausalLM) -> None:
    assert torch.equal(model(IDS).logits, plain(IDS).logits)
    again = merged(model)
    assert type(again) is LlamaForCausalLM
    assert again.state_dict().keys() == plain.state_dict().keys()
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in plain.state_dict().items())


def test_with_every_block_on_it_is_the_plain_model(plain: LlamaForCausalLM, model: LlamaForCausalLM) -> None:
    foreign = [block for block in range(SHARED_PLACE) if block != OWN]
    route(model, [OWN, SHARED_PLACE], foreign)
    torch.testing.assert_close(model(IDS).logits, plain(IDS).logits, rtol=0, atol=1e-5)


def test_a_block_that_is_off_is_as_if_zeroed(plain: LlamaForCausalLM, model: LlamaForCausalLM) -> None:
    foreign = [block for block in range(SHARED_PLACE) if block != OWN]
    route(model, [SHARED_PLACE], foreign)
    torch.testing.assert_close(model(IDS).logits, without(plain, OWN)(IDS).logits, rtol=0, atol=1e-5)
    assert not torch.allclose(model(IDS).logits, plain(IDS).logits, atol=1e-4)


def test_a_row_teaches_its_own_block_and_the_shared_one_alone(model: LlamaForCausalLM) -> None:
    foreign = [block for block in range(SHARED_PLACE) if block != OWN]
    route(model, [OWN, SHARED_PLACE], foreign)
    torch.autograd.backward(model(IDS).logits.square().sum())
    for mlp in routed(model):
        for blocks in (mlp.gate, mlp.up, mlp.down):
            taught = [bool(part.grad.any()) for part in blocks]
            assert taught == [block in (OWN, SHARED_PLACE) for block in range(len(SIZES))]


def test_loudness_teaches_the_blocks_of_others_alone(model: LlamaForCausalLM) -> None:
    route(model, [OWN, SHARED_PLACE], [1, 2])
    model(IDS)
    torch.autograd.backward(sum(mlp.loudness.sum() for mlp in routed(model)))
    taught = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    kinds = ("gate", "up", "down")
    assert taught == {
        f"model.layers.{layer}.mlp.{kind}.{block}" for layer in range(2) for kind in kinds for block in (1, 2)
    }


def test_others_that_are_not_heard_are_silenced_all_the_same(
    plain: LlamaForCausalLM, model: LlamaForCausalLM
) -> None:
    foreign = [block for block in range(SHARED_PLACE) if block != OWN]
    learning, none = by_neuron(on([SHARED_PLACE, *foreign])), by_neuron(on([]))
    for mlp in routed(model):
        mlp.routing = Routing(learning, by_neuron(on([OWN])), none)
    torch.testing.assert_close(model(IDS).logits, without(plain, OWN)(IDS).logits, rtol=0, atol=1e-5)
    torch.autograd.backward(sum(mlp.loudness.sum() for mlp in routed(model)))
    for mlp in routed(model):
        assert [part.grad is not None and bool(part.grad.any()) for part in mlp.down] == [
            block == OWN for block in range(len(SIZES))
        ]


def test_loudness_is_what_the_others_add(plain: LlamaForCausalLM, model: LlamaForCausalLM) -> None:
    x = torch.randn(1, 5, 16, generator=torch.Generator().manual_seed(0))
    mlp, whole = routed(model)[0], plain.model.layers[0].mlp
    mlp.routing = Routing(by_neuron(on([SHARED_PLACE])), by_neuron(on([2])), by_neuron(on([])))
    mlp(x)
    kept = torch.zeros(MLP_SIZE)
    kept[2 * PRIVATE : 3 * PRIVATE] = 1.0
    whole.down_proj.weight.data *= kept
    assert mlp.loudness.item() == pytest.approx(whole(x).square().mean().item(), rel=1e-4)
    assert mlp.weights()[0].shape == (10 * PRIVATE + SHARED, 16)
