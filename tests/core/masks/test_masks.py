import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import LlamaForCausalLM

from cache.folder import Store
from core.analysis.mask_tables import mask_distribution
from core.masks.layout import Layout
from core.masks.mask import Mask, overlap_of
from core.models.matrices import Variant
from core.models.spec import ModelSpec
from core.models.weight_space import WeightSpace
from core.run.runner import Runner
from core.run.specs import MaskSpec

SETS = st.sets(st.integers(0, 30))


def _mask(addresses: set[int]) -> Mask:
    return Mask(np.array(sorted(addresses), np.int64))


@given(SETS, SETS)
def test_algebra_is_that_of_sets(a: set[int], b: set[int]) -> None:
    left, right = _mask(a), _mask(b)
    assert left.intersection(right) == _mask(a & b)
    assert left.difference(right) == _mask(a - b)
    assert (left == right) == (a == b)
    assert left != a
    assert len(left) == len(a)
    assert hash(left) == hash(_mask(a))


@given(st.lists(SETS, min_size=1, max_size=5))
def test_overlap_is_that_of_sets(sets: list[set[int]]) -> None:
    found = overlap_of([_mask(one) for one in sets], candidates=31)
    for (i, a), (j, b) in itertools.product(enumerate(sets), repeat=2):
        assert found.shared[i, j] == len(a & b)
        assert found.containment[i, j] == (len(a & b) / len(a) if a else 1.0)
        assert found.jaccard[i, j] == (len(a & b) / len(a | b) if a | b else 1.0)
        if a and b:
            assert found.lift[i, j] == len(a & b) * 31 / (len(a) * len(b))
        else:
            assert np.isnan(found.lift[i, j])


def test_a_ranking_becomes_a_mask() -> None:
    assert Mask.of(np.array([5, 2, 9])) == _mask({2, 5, 9})


@pytest.mark.parametrize(
    "addresses",
    [
        np.array([1, 1]),
        np.array([2, 1]),
        np.array([-1, 1]),
        np.array([[1]]),
        np.array([1.0]),
        np.array([1], np.int32),
    ],
)
def test_addresses_that_are_no_set_are_refused(addresses: np.ndarray) -> None:
    with pytest.raises(ValueError, match="ddresses"):
        Mask(addresses)


def test_repeated_addresses_are_not_dropped_unseen() -> None:
    with pytest.raises(ValueError, match="repeated"):
        Mask.of(np.array([3, 1, 3]))


def test_lift_by_hand() -> None:
    half, other, elsewhere = {0, 1, 2, 3}, {3, 4}, {9}
    lift = overlap_of([_mask(half), _mask(other), _mask(elsewhere)], candidates=8).lift
    assert lift[0].tolist() == [2.0, 1.0, 0.0]  # half and other: one shared, 4 * 2 / 8 = 1 expected


def test_overlaps_of_long_masks_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.masks.mask.CHUNK", 64)
    rng = np.random.default_rng(0)
    sets = [np.flatnonzero(rng.random(3000) < share) for share in (0.5, 0.01, 0.2)]
    sets += [np.empty(0, np.int64), np.arange(100)]
    truth = [[len(np.intersect1d(one, other)) for other in sets] for one in sets]
    masks = [Mask(one) for one in sets]
    assert overlap_of(masks, 3000).shared.tolist() == truth
    assert [[len(a.intersection(b)) for b in masks] for a in masks] == truth


def test_where_the_weights_lie(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)
    layout = Layout(space.matrices)
    planned = {0: [0, 7], 6: [space.matrices[6].size - 1], 7: [0], 12: [3, 4, 5]}
    addresses = [space.matrices[i].offset + place for i, places in planned.items() for place in places]
    mask = Mask(np.array(addresses))
    assert {index: local.tolist() for index, local in mask.by_matrix(layout)} == planned
    assert mask.count_by_matrix(layout).tolist() == [len(planned.get(i, [])) for i in range(14)]
    neurons = mask.count_by_neuron(layout)
    assert neurons.shape == (2, 48)
    last_column_of_down, rows_of_up = (0, 47), (1, 0)
    assert {tuple(index): int(neurons[tuple(index)]) for index in np.argwhere(neurons).tolist()} == {
        last_column_of_down: 1,
        rows_of_up: 3,
    }
    assert _mask(set()).by_matrix(layout) == []
    assert not _mask(set()).count_by_neuron(layout).any()


@pytest.mark.parametrize("variant", ["mlp", "all"])
def test_the_distribution_of_a_random_mask_is_that_of_its_addresses(tmp_path: Path, variant: Variant) -> None:
    runner = Runner(ModelSpec(), Store(tmp_path))
    mask_spec = MaskSpec("spatial_reasoning", variant, "random", 0.02)
    found, mask = mask_distribution(runner, mask_spec), runner.mask(mask_spec)
    assert found is not None
    inside = [
        (mask.addresses >= matrix.offset) & (mask.addresses < matrix.offset + matrix.size)
        for matrix in runner.space.matrices
    ]
    assert found.counts.ravel().tolist() == [int(which.sum()) for which in inside]
    assert found.counts.sum(axis=1).tolist() == [
        sum(int(w.sum()) for w, m in zip(inside, runner.space.matrices, strict=True) if m.layer == layer)
        for layer in range(runner.info.layers)
    ]
    neurons = mask.count_by_neuron(Layout(runner.space.matrices))
    assert found.neurons
    for neuron in found.neurons:
        assert neuron.count == int(neurons[neuron.layer, neuron.index])
    ordered = np.cumsum(np.sort(neurons.ravel())[::-1]) / neurons.sum()
    for x, y in found.concentration[1:]:
        assert y == pytest.approx(float(ordered[round(x * len(ordered)) - 1]))


def test_a_mask_of_another_model_is_refused(tiny_llama: LlamaForCausalLM) -> None:
    layout = Layout(WeightSpace(tiny_llama).matrices)
    size = int(layout.starts[-1])
    assert len(Mask(np.array([size - 1])).by_matrix(layout)) == 1
    for counted in (Mask.by_matrix, Mask.count_by_matrix, Mask.count_by_neuron):
        with pytest.raises(ValueError, match="same model"):
            counted(Mask(np.array([size])), layout)
