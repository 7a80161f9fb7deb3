from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import LlamaForCausalLM

from cache.folder import Store
from core.analysis.mask_distribution import mask_distribution
from core.experiment.specs import MaskSpec
from core.masks.mask import Mask, shared_by, top_minus_shared
from core.models.matrices import Variant
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from core.runner.runner import Runner

SETS = st.sets(st.integers(0, 30))


def _mask(addresses: set[int]) -> Mask:
    return Mask(torch.tensor(sorted(addresses), dtype=torch.int64))


@given(SETS, SETS)
def test_algebra_is_that_of_sets(a: set[int], b: set[int]) -> None:
    left, right = _mask(a), _mask(b)
    assert left.union(right) == _mask(a | b)
    assert left.intersection(right) == _mask(a & b)
    assert left.difference(right) == _mask(a - b)
    assert left.containment(right) == (len(a & b) / len(a) if a else 1.0)
    assert left.jaccard(right) == (len(a & b) / len(a | b) if a | b else 1.0)
    assert (left == right) == (a == b)
    assert left != a
    assert len(left) == len(a)
    assert hash(left) == hash(_mask(a))


@given(st.lists(SETS, min_size=1, max_size=5), st.data())
def test_core_is_what_enough_masks_share(sets: list[set[int]], data: st.DataObject) -> None:
    at_least = data.draw(st.integers(1, len(sets)))
    core = {w for w in set().union(*sets) if sum(w in s for s in sets) >= at_least}
    masks = {f"ability_{i}": _mask(s) for i, s in enumerate(sets)}
    assert shared_by(masks.values(), at_least) == _mask(core)
    assert top_minus_shared(masks, "ability_0", at_least) == _mask(sets[0] - core)


def test_core_refuses_what_has_no_meaning() -> None:
    masks = {"spatial": _mask({1}), "temporal": _mask({2})}
    for at_least in (0, 3):
        with pytest.raises(ValueError, match="of 2 masks"):
            top_minus_shared(masks, "spatial", at_least)
    with pytest.raises(ValueError, match="Did you mean spatial"):
        top_minus_shared(masks, "spacial", 1)


def test_a_ranking_becomes_a_mask() -> None:
    assert Mask.of(torch.tensor([5, 2, 9])) == _mask({2, 5, 9})


@pytest.mark.parametrize(
    "addresses",
    [
        torch.tensor([1, 1]),
        torch.tensor([2, 1]),
        torch.tensor([-1, 1]),
        torch.tensor([[1]]),
        torch.tensor([1.0]),
        torch.tensor([1], dtype=torch.int32),
    ],
)
def test_addresses_that_are_no_set_are_refused(addresses: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="ddresses"):
        Mask(addresses)


def test_repeated_addresses_are_not_dropped_unseen() -> None:
    with pytest.raises(ValueError, match="repeated"):
        Mask.of(torch.tensor([3, 1, 3]))


def test_lift_by_hand() -> None:
    half, other = _mask({0, 1, 2, 3}), _mask({3, 4})
    assert half.lift(other, candidates=8) == 1.0  # one shared, 4 * 2 / 8 = 1 expected
    assert half.lift(half, candidates=8) == 2.0
    assert half.lift(_mask({9}), candidates=10) == 0.0
    for empty, candidates in ((_mask(set()), 8), (half, 3)):
        with pytest.raises(ValueError, match="no lift"):
            half.lift(empty, candidates)


def test_where_the_weights_lie(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)
    planned = {0: [0, 7], 6: [space.matrices[6].size - 1], 7: [0], 12: [3, 4, 5]}
    addresses = [space.matrices[i].offset + place for i, places in planned.items() for place in places]
    mask = Mask(torch.tensor(addresses))
    assert {m.index: local.tolist() for m, local in mask.by_matrix(space)} == planned
    assert mask.count_by_matrix(space) == [len(planned.get(i, [])) for i in range(14)]
    assert mask.count_by_layer(space) == [3, 4]
    assert mask.count_by_kind(space) == {"q": 3, "k": 0, "v": 0, "o": 0, "gate": 0, "up": 3, "down": 1}
    neurons = mask.count_by_neuron(space)
    assert neurons.shape == (2, 48)
    last_column_of_down, rows_of_up = (0, 47), (1, 0)
    assert {tuple(place): int(neurons[tuple(place)]) for place in neurons.nonzero().tolist()} == {
        last_column_of_down: 1,
        rows_of_up: 3,
    }
    assert _mask(set()).by_matrix(space) == []
    assert not _mask(set()).count_by_neuron(space).any()
    assert _mask(set()).count_by_layer(space) == [0, 0]


@pytest.mark.parametrize("variant", ["mlp", "all"])
def test_counts_are_those_that_the_results_emit_without_torch(tmp_path: Path, variant: Variant) -> None:
    runner = Runner(ModelSpec(), Store(tmp_path))
    mask_spec = MaskSpec("spatial_reasoning", variant, "random", 0.02)
    found, mask = mask_distribution(runner, mask_spec), runner.mask(mask_spec)
    assert found is not None
    assert found.counts.ravel().tolist() == mask.count_by_matrix(runner.space)
    assert found.by_layer.tolist() == mask.count_by_layer(runner.space)
    neurons = mask.count_by_neuron(runner.space)
    assert found.neurons
    for neuron in found.neurons:
        assert neuron.count == int(neurons[neuron.layer, neuron.index])
    ordered = neurons.flatten().sort(descending=True).values.cumsum(0) / neurons.sum()
    for x, y in found.concentration[1:]:
        assert y == pytest.approx(float(ordered[round(x * len(ordered)) - 1]))


def test_a_mask_of_another_model_is_refused(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)
    assert len(Mask(torch.tensor([space.size - 1])).by_matrix(space)) == 1
    with pytest.raises(ValueError, match="same model"):
        Mask(torch.tensor([space.size])).by_matrix(space)
