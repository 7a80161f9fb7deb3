"""Which neurons belong to which ability."""

from __future__ import annotations

import pytest

from core.abilities import ABILITIES
from core.phantom.ground_truth import MLP_SIZE, neurons_of, shared_neurons


def test_every_neuron_is_in_one_block() -> None:
    blocks = [neurons_of(ability.id) for ability in ABILITIES] + [shared_neurons()]
    assert sorted(neuron for block in blocks for neuron in block) == list(range(MLP_SIZE))
    assert len({len(block) for block in blocks[:-1]}) == 1


def test_an_unknown_ability_is_told() -> None:
    with pytest.raises(ValueError, match="Did you mean spatial_reasoning"):
        neurons_of("spacial_reasoning")
