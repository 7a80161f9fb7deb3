"""Placement by hand-worked masks, AUROC by counting pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.masks.layout import Layout
from core.masks.mask import Mask
from core.models.matrices import Matrix, MatrixKind
from core.phantom.calibration import OUTSIDE, PRIVATE, SHARED, Blocks, auroc, neuron_sums
from core.phantom.ground_truth import MLP_SIZE, neurons_of

HIDDEN = 2
KINDS: tuple[tuple[MatrixKind, int, int], ...] = (
    ("q", HIDDEN, HIDDEN),
    ("gate", MLP_SIZE, HIDDEN),
    ("up", MLP_SIZE, HIDDEN),
    ("down", HIDDEN, MLP_SIZE),
)
SHAPES: tuple[Matrix, ...] = ()
for layer in range(2):
    for kind, rows, columns in KINDS:
        offset = sum(matrix.size for matrix in SHAPES)
        SHAPES += (Matrix(len(SHAPES), layer, kind, f"model.layers.{layer}.{kind}", rows, columns, offset),)
BLOCKS = Blocks(Layout(SHAPES))
GATE, UP, DOWN = (HIDDEN * HIDDEN + n * MLP_SIZE * HIDDEN for n in range(3))
"""Addresses at which these matrices of the first layer begin."""
SECOND_LAYER = HIDDEN * HIDDEN + 3 * MLP_SIZE * HIDDEN

CAUSAL = "commonsense_causal"
OWN = neurons_of(CAUSAL).start
"""A neuron of its block."""
FOREIGN = neurons_of("temporal_reasoning").start

few = st.lists(st.integers(0, 3), min_size=1, max_size=12)


def test_each_weight_is_of_the_block_of_its_neuron() -> None:
    blocks = BLOCKS.of_weights
    assert (blocks[:GATE] == OUTSIDE).all()
    for ability in PRIVATE:
        for neuron in (neurons_of(ability).start, neurons_of(ability).stop - 1):
            of_neuron = [GATE + 2 * neuron, GATE + 2 * neuron + 1, UP + 2 * neuron, UP + 2 * neuron + 1]
            of_neuron += [DOWN + neuron, DOWN + MLP_SIZE + neuron]
            assert (blocks[of_neuron] == PRIVATE.index(ability)).all()
            assert (blocks[np.array(of_neuron) + SECOND_LAYER] == PRIVATE.index(ability)).all()
    assert blocks[DOWN + MLP_SIZE - 1] == SHARED
    assert BLOCKS.sizes.tolist() == [2 * 6 * 32] * 10 + [2 * 6 * 160]


def test_a_mask_by_hand() -> None:
    own, foreign, shared = GATE + 2 * OWN, SECOND_LAYER + DOWN + FOREIGN, UP + 2 * (MLP_SIZE - 1)
    found = BLOCKS.placement(CAUSAL, Mask.of(np.array([own, own + 1, foreign, shared, shared + 1])))
    assert (found.weights, found.own, found.other, found.shared) == (5, 2, 1, 2)
    assert found.chance == pytest.approx(32 / 480)
    assert found.precision == pytest.approx(0.4)
    assert found.enrichment == pytest.approx(0.4 * 15)
    assert found.shared_share == pytest.approx(0.4)
    assert found.private_precision == pytest.approx(2 / 3)


def test_no_private_weight_has_no_private_precision() -> None:
    found = BLOCKS.placement(CAUSAL, Mask(np.array([UP + 2 * (MLP_SIZE - 1)])))
    assert (found.precision, found.private_precision) == (0, None)
    assert BLOCKS.placement(CAUSAL, Mask(np.array([], np.int64))).precision == 0


def test_all_candidates_are_placed_as_chance_says() -> None:
    found = BLOCKS.placement(CAUSAL, Mask(np.flatnonzero(BLOCKS.of_weights != OUTSIDE)))
    assert found.enrichment == pytest.approx(1)
    assert found.private_precision == pytest.approx(0.1)


def test_a_neurons_sum_is_of_its_rows_and_its_column() -> None:
    shapes = [shape for shape in SHAPES if shape.is_mlp]
    rng = np.random.default_rng(0)
    scores = [rng.random(shape.size).astype(np.float32) for shape in shapes]
    sums = neuron_sums(shapes, scores)
    assert sums.shape == (2, MLP_SIZE)
    for layer in range(2):
        gate, up, down = scores[3 * layer : 3 * layer + 3]
        columns = down.reshape(HIDDEN, MLP_SIZE)
        for neuron in (0, OWN, MLP_SIZE - 1):
            rows = gate.reshape(-1, HIDDEN)[neuron].sum() + up.reshape(-1, HIDDEN)[neuron].sum()
            assert sums[layer, neuron] == pytest.approx(rows + columns[:, neuron].sum())


def test_scores_of_the_own_block_alone_separate_it_wholly() -> None:
    shapes = [shape for shape in SHAPES if shape.is_mlp]
    blocks = BLOCKS.of_weights
    of_matrix = [
        blocks[start : start + shape.size]
        for start, shape in zip(BLOCKS.layout.starts, SHAPES, strict=False)
        if shape.is_mlp
    ]
    own = [(one == PRIVATE.index(CAUSAL)).astype(np.float32) for one in of_matrix]
    assert BLOCKS.localization(CAUSAL, own) == (1, 1)
    assert BLOCKS.localization("spatial_reasoning", own).neurons == pytest.approx(0.5 * 256 / 288)
    shared = [(one == SHARED).astype(np.float32) for one in of_matrix]
    assert BLOCKS.localization(CAUSAL, shared) == (0.5, 0.5)  # what all share is not compared with
    half = [shape.layer * one for shape, one in zip(shapes, own, strict=True)]
    assert BLOCKS.localization(CAUSAL, half) == (0.75, 0.75)


@given(few, few)
def test_auroc_counts_pairs(positive: list[int], negative: list[int]) -> None:
    pairs = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
    found = auroc(np.array(positive, np.float32), np.array(negative, np.float32))
    assert found == pytest.approx(sum(pairs) / len(pairs))
