"""The scope `per-matrix`, the same share of every matrix, and the control that is matched to a mask."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.folder import Store
from core.abilities import ABILITIES
from core.analysis.mask_tables import overlaps
from core.masks.choices import Scope, Selection
from core.masks.layout import Layout, order_of_shares, shares_of_matrices
from core.masks.ranking import bottom_ranking, top_ranking
from core.models.description import selectable_weights
from core.models.matrices import Variant
from core.models.spec import ModelSpec
from core.run.runner import Runner
from core.run.selected import selected
from core.run.specs import ImportanceSpec, MaskSpec, drawn_seed

MASK_SPEC = MaskSpec("spatial_reasoning", "all", "top", 0.01, scope="per-matrix")

MATRICES = st.lists(
    st.lists(st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.5, 1e-45, 3e38]), min_size=1, max_size=12),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(ModelSpec(), Store(tmp_path_factory.mktemp("cache")), ImportanceSpec(n_items=4))


def in_order(sizes: list[int]) -> list[tuple[int, int]]:
    """The independent truth: (matrix, rank in it) of every weight, by exact fractional rank, then address."""
    every = [(matrix, rank) for matrix, size in enumerate(sizes) for rank in range(size)]
    return sorted(every, key=lambda one: (Fraction(2 * one[1] + 1, 2 * sizes[one[0]]), one[0]))


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=12), share=st.floats(0, 1))
def test_shares_are_those_of_exact_fractions(sizes: list[int], share: float) -> None:
    n = round(share * sum(sizes))
    first = in_order(sizes)[:n]
    counts = shares_of_matrices(sizes, n)
    taken = Counter(matrix for matrix, _ in first)
    assert counts == [taken[matrix] for matrix in range(len(sizes))]
    starts = np.cumsum([0, *counts])
    assert order_of_shares(sizes, counts).tolist() == [starts[matrix] + rank for matrix, rank in first]


@settings(deadline=None, max_examples=30)
@given(
    sizes=st.lists(st.integers(1, 300_000_000), min_size=1, max_size=300),
    n=st.integers(0, 10**12),
    more=st.integers(0, 1000),
)
def test_shares_are_whole_and_nested_at_any_size(sizes: list[int], n: int, more: int) -> None:
    total = sum(sizes)
    n %= total + 1
    larger = min(total, n + more)
    counts, beyond = shares_of_matrices(sizes, n), shares_of_matrices(sizes, larger)
    assert (sum(counts), sum(beyond)) == (n, larger)
    assert all(
        0 <= count <= bigger <= size for count, bigger, size in zip(counts, beyond, sizes, strict=True)
    )
    # One threshold rounds all shares: no matrix's last one comes after another's next one.
    last = max(((c - 0.5) / s for c, s in zip(counts, sizes, strict=True) if c), default=0.0)
    following = min(((c + 0.5) / s for c, s in zip(counts, sizes, strict=True) if c < s), default=1.0)
    assert last <= following


def test_matrices_of_one_size_differ_by_one_at_most() -> None:
    for n in range(0, 71):
        counts = shares_of_matrices([10] * 7, n)
        assert max(counts) - min(counts) <= 1
        assert counts == sorted(counts, reverse=True)


def test_impossible_shares_are_refused() -> None:
    for n in (-1, 6):
        with pytest.raises(ValueError, match="of 5 weights"):
            shares_of_matrices([2, 3], n)


@settings(deadline=None)
@given(matrices=MATRICES, share=st.floats(0, 1))
def test_rankings_put_each_matrix_in_order_and_between_the_others(
    matrices: list[list[float]], share: float
) -> None:
    values = [np.array(one, np.float32) for one in matrices]
    sizes, starts = [len(one) for one in values], np.cumsum([0, *(len(one) for one in values)])
    n = round(share * sum(sizes))
    scores = [torch.from_numpy(one) for one in values]
    for sign, ranking in ((-1.0, top_ranking), (1.0, bottom_ranking)):
        own = [sorted(range(len(one)), key=lambda i, of=one: (sign * float(of[i]), i)) for one in values]
        truth = [int(starts[matrix]) + own[matrix][rank] for matrix, rank in in_order(sizes)]
        assert ranking(scores, n, "per-matrix").tolist() == truth[:n]


def test_the_matrix_that_is_not_finite_is_named() -> None:
    with pytest.raises(ValueError, match="matrix 1 hold NaN"):
        top_ranking([torch.ones(3), torch.tensor([1.0, float("nan")])], 1, "per-matrix")


@pytest.mark.parametrize("selection", ["top", "bottom", "contrast", "random", "random_matched"])
def test_a_mask_takes_the_same_share_of_every_matrix(runner: Runner, selection: Selection) -> None:
    mask_spec = replace(MASK_SPEC, selection=selection)
    small, large = (runner.mask(replace(mask_spec, k=k), [0.002, 0.01]) for k in (0.002, 0.01))
    for mask in (small, large):
        counts = mask.count_by_matrix(Layout(runner.space.matrices)).tolist()
        for matrix, count in zip(runner.space.matrices, counts, strict=True):
            assert abs(count - matrix.size * len(mask) / runner.space.size) < 1
    assert len(large) == selectable_weights(0.01, "all", runner.info)
    if selection in ("top", "bottom", "contrast"):
        assert small.intersection(large) == small


def test_a_mask_has_the_first_weights_of_each_matrix(runner: Runner) -> None:
    mask = runner.mask(replace(MASK_SPEC, variant="mlp"))
    scores = runner.maps.by_ability[MASK_SPEC.ability].scores
    found = mask.by_matrix(Layout(runner.space.matrices))
    assert {index for index, _ in found} == {one.index for one in runner.space.candidates("mlp")}
    for index, local in found:
        best = scores[index].dense().view(-1).topk(len(local)).values
        assert scores[index].dense().view(-1)[local].sort(descending=True).values.equal(best)


@pytest.mark.parametrize("variant", ["mlp", "all"])
@pytest.mark.parametrize("scope", ["global", "per-matrix"])
def test_the_matched_control_has_the_counts_of_top(runner: Runner, variant: Variant, scope: Scope) -> None:
    top = replace(MASK_SPEC, variant=variant, scope=scope)
    matched = replace(top, selection="random_matched")
    masks = [runner.mask(replace(matched, seed=drawn_seed(0, draw))) for draw in range(3)]
    layout = Layout(runner.space.matrices)
    counts = runner.mask(top).count_by_matrix(layout).tolist()
    for mask in masks:
        assert mask.count_by_matrix(layout).tolist() == counts
        assert len(mask.intersection(runner.mask(top))) < 0.2 * len(mask)
    assert len(set(masks)) == 3
    assert runner.mask(matched) == masks[0]


@pytest.mark.parametrize("variant", ["mlp", "all"])
@pytest.mark.parametrize("scope", ["global", "per-matrix"])
@pytest.mark.parametrize("selection", ["top", "random", "random_matched"])
def test_what_is_read_without_torch_is_the_same(
    runner: Runner, variant: Variant, scope: Scope, selection: Selection
) -> None:
    mask_spec = replace(MASK_SPEC, variant=variant, scope=scope, selection=selection)
    truth = runner.mask(mask_spec)
    found = selected(runner, mask_spec)
    assert found == truth


def test_overlaps_of_matched_masks(runner: Runner, tmp_path: Path) -> None:
    mask_specs = [replace(MASK_SPEC, ability=one.id, selection="random_matched") for one in ABILITIES]
    before = overlaps(runner, mask_specs[0])
    for mask_spec in before.missing:
        assert mask_spec.selection == "top"  # what is lacking is a ranking, and this is whose
        runner.mask(mask_spec)
    found = overlaps(runner, mask_specs[0])
    assert (found.missing, found.damaged, dict(found.split_half_overlaps)) == ((), (), {})
    first, second = (runner.mask(mask_spec) for mask_spec in mask_specs[:2])
    assert found.shared[0, 1] == len(first.intersection(second))
    assert found.lift[np.triu_indices(10, 1)].mean() == pytest.approx(1, abs=0.2)


def test_keys_and_words(tmp_path: Path) -> None:
    runner = Runner(ModelSpec(device="cpu"), Store(tmp_path))
    selections: tuple[Selection, ...] = (
        "top",
        "contrast",
        "top_minus_shared",
        "random",
        "random_matched",
        "bottom",
    )
    masks = [
        replace(MASK_SPEC, selection=one, scope=scope)
        for one in selections
        for scope in ("global", "per-matrix")
    ]  # type: ignore[arg-type]
    keys = {str(runner.mask_key_inputs(mask)) for mask in masks}
    assert len(keys) == len(masks)
    ordinary = replace(MASK_SPEC, scope="global")
    assert "scope" not in runner.ranking_key_inputs(ordinary)
    assert str(ordinary) == "spatial_reasoning · all · top · k 0.01"
    assert str(MASK_SPEC) == "spatial_reasoning · all · top · k 0.01 · scope per-matrix"
