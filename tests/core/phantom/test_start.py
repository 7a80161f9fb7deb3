"""What the phantom's training starts from: which neurons are copied where."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from core.abilities import ABILITIES
from core.phantom.ground_truth import MLP_SIZE, PRIVATE, SHARED, neurons_of, shared_neurons
from tests.research.training.corpus import Corpus, collect_words
from tests.research.training.demo import Recipe, build_model
from tests.research.training.routing import chosen_neurons, copied_weights, neuron_shares

NEURONS = 600


@pytest.fixture(scope="module")
def llama() -> LlamaForCausalLM:
    sizes = Recipe(hidden_size=16, layers=2, heads=2, mlp_size=NEURONS)
    return build_model(sizes, len(collect_words())).eval()


def corpus() -> Corpus:
    return Corpus(collect_words(), 0)


def test_special_neurons_become_private_and_those_of_all_become_shared() -> None:
    shares = torch.full((len(ABILITIES), NEURONS), 1e-3)
    shares[:, :SHARED] = 0.5
    for place, ability in enumerate(ABILITIES):
        first = SHARED + place * PRIVATE
        shares[place, first : first + PRIVATE] = 0.3
        chosen = chosen_neurons(shares)
        assert len(chosen) == MLP_SIZE
        assert set(chosen[list(neurons_of(ability.id))].tolist()) == set(range(first, first + PRIVATE))
    assert set(chosen[list(shared_neurons())].tolist()) == set(range(SHARED))


def test_an_ability_with_the_same_neurons_as_another_gets_copies_of_its_own() -> None:
    shares = torch.rand(len(ABILITIES), NEURONS, generator=torch.Generator().manual_seed(0))
    shares[1] = shares[0]
    chosen = chosen_neurons(shares)
    first, second = (set(chosen[list(neurons_of(ABILITIES[place].id))].tolist()) for place in (0, 1))
    assert first == second


def test_what_a_neuron_does_is_what_taking_it_away_changes(llama: LlamaForCausalLM) -> None:
    """A neuron whose output is 0 does nothing for any ability; shares add up to one."""
    silent = 7
    llama.model.layers[1].mlp.down_proj.weight.data[:, silent] = 0
    shares = neuron_shares(llama, corpus())
    assert shares.shape == (2, len(ABILITIES), NEURONS)
    assert shares[1, :, silent].eq(0).all()
    assert shares[0].gt(0).all()
    torch.testing.assert_close(shares.sum(2), torch.ones(2, len(ABILITIES)))


def test_all_but_the_neurons_stays_and_these_are_copied_whole(llama: LlamaForCausalLM) -> None:
    state, before = copied_weights(llama, corpus()), llama.state_dict()
    for name, value in before.items():
        if ".mlp." not in name:
            assert torch.equal(state[name], value)
    gate, down = (state[f"model.layers.0.mlp.{kind}_proj.weight"] for kind in ("gate", "down"))
    assert (gate.shape, down.shape) == ((MLP_SIZE, 16), (16, MLP_SIZE))
    old_gate, old_down = (before[f"model.layers.0.mlp.{kind}_proj.weight"] for kind in ("gate", "down"))
    for neuron in (0, MLP_SIZE - 1):
        origin = _place_of(gate[neuron], old_gate)
        assert torch.equal(down[:, neuron], old_down[:, origin])


def _place_of(row: Tensor, rows: Tensor) -> int:
    (found,) = (rows == row).all(dim=1).nonzero(as_tuple=True)[0].tolist()
    return int(found)
