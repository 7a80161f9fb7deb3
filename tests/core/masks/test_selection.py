from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from transformers import LlamaForCausalLM

from core.masks import contrast, ranking
from core.masks.choices import SHARED_ABILITIES
from core.masks.contrast import Shares, contrast_scores
from core.masks.layout import Layout
from core.masks.mask import random_mask, random_subset
from core.masks.ranking import bottom_ranking, top_ranking
from core.models.weight_space import WeightSpace

FEW_VALUES = st.sampled_from([0.0, -0.0, 1e-45, -1e-45, 1e-38, 1.0, -1.0, 1.0000001, 3.4e38, -3.4e38])
ANY_VALUE = st.floats(width=32, allow_nan=False, allow_infinity=False)
SCORES = st.one_of(
    arrays(np.float32, st.integers(1, 60), elements=FEW_VALUES),
    arrays(np.float32, st.integers(1, 60), elements=ANY_VALUE),
    arrays(np.float32, st.integers(1, 60), elements=ANY_VALUE.map(abs)),
)


def _full_sort(values: np.ndarray, largest: bool) -> list[int]:
    """The independent truth: Python's sort by value, then by position."""
    sign = -1.0 if largest else 1.0
    return sorted(range(len(values)), key=lambda i: (sign * float(values[i]), i))


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ranking, contrast):
        monkeypatch.setattr(module, "CHUNK", 7)  # so that every case crosses chunks


@settings(deadline=None)
@given(values=SCORES, share=st.floats(0, 1), cuts=st.lists(st.integers(0, 60), max_size=4))
def test_rankings_equal_a_full_sort(values: np.ndarray, share: float, cuts: list[int]) -> None:
    n = round(share * len(values))
    scores = [torch.from_numpy(part.copy()) for part in np.split(values, sorted(cuts))]
    assert top_ranking(scores, n).tolist() == _full_sort(values, largest=True)[:n]
    assert bottom_ranking(scores, n).tolist() == _full_sort(values, largest=False)[:n]


def shares_of(abilities: dict[str, list[torch.Tensor]]) -> Shares:
    """The shares of some abilities, added in their order."""
    sizes = [one.numel() for one in next(iter(abilities.values()))]
    shares = Shares.none(lambda dtype: tuple(torch.zeros(size, dtype=dtype) for size in sizes))
    for name, scores in abilities.items():
        shares.add(name, scores)
    return shares


def contrasted(abilities: dict[str, list[torch.Tensor]], own: str) -> list[torch.Tensor]:
    """The contrast of one of the abilities, a flat tensor for each matrix."""
    found = contrast_scores(abilities[own], own, shares_of(abilities))
    return [scores.part(0, scores.size) for scores in found]


@settings(deadline=None, max_examples=25)
@given(values=SCORES)
def test_a_smaller_ranking_is_a_prefix(values: np.ndarray) -> None:
    whole = top_ranking([torch.from_numpy(values)], len(values))
    for n in range(len(values) + 1):
        assert top_ranking([torch.from_numpy(values)], n).equal(whole[:n])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_scores(dtype: torch.dtype) -> None:
    scores = torch.randn(40, 50, generator=torch.Generator().manual_seed(0)).to(dtype)
    expected = _full_sort(scores.float().view(-1).numpy(), largest=True)
    assert top_ranking([scores], 300).tolist() == expected[:300]


def test_values_equal_those_of_topk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "CHUNK", 1 << 12)
    generator = torch.Generator().manual_seed(0)
    scores = [torch.randn(rows, 64, generator=generator) for rows in (300, 7, 500)]
    flat = torch.cat([tensor.view(-1) for tensor in scores])
    assert flat[top_ranking(scores, 5000)].equal(flat.topk(5000).values)
    assert flat[bottom_ranking(scores, 5000)].equal(flat.topk(5000, largest=False).values)


@dataclass(frozen=True)
class Negated:
    """Scores that are computed as they are read."""

    values: torch.Tensor
    read: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.values)

    def part(self, first: int, last: int) -> torch.Tensor:
        self.read.append(last - first)
        return -self.values[first:last]


@settings(deadline=None)
@given(values=SCORES, share=st.floats(0, 1), cuts=st.lists(st.integers(0, 60), max_size=4))
def test_computed_scores_are_ranked_as_tensors_are(values: np.ndarray, share: float, cuts: list[int]) -> None:
    n = round(share * len(values))
    parts = np.split(values, sorted(cuts))
    computed = [Negated(torch.from_numpy(-part)) for part in parts]
    mixed = [computed[0], *(torch.from_numpy(part.copy()) for part in parts[1:])]
    for scores in (computed, mixed):
        assert top_ranking(scores, n).tolist() == _full_sort(values, largest=True)[:n]
        assert bottom_ranking(scores, n).tolist() == _full_sort(values, largest=False)[:n]
    assert max((length for one in computed for length in one.read), default=0) <= ranking.CHUNK


def test_strided_scores_are_ranked_in_row_major_order() -> None:
    scores = torch.arange(12.0).view(3, 4).T
    assert top_ranking([scores], 2).tolist() == [11, 8]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_scores_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="matrix 1 hold NaN or infinity"):
        top_ranking([torch.ones(3), torch.tensor([1.0, bad])], 1)


def test_what_cannot_be_ranked_is_refused() -> None:
    for n in (-1, 4):
        with pytest.raises(ValueError, match="of 3 scores"):
            top_ranking([torch.ones(3)], n)
    with pytest.raises(ValueError, match="float64"):
        top_ranking([torch.ones(3, dtype=torch.float64)], 1)


@settings(deadline=None)
@given(total=st.integers(0, 200), share=st.floats(0, 1), seed=st.integers(0, 5))
def test_random_subsets_are_seeded(total: int, share: float, seed: int) -> None:
    n = round(share * total)
    drawn = random_subset(total, n, seed)
    assert drawn.dtype == np.int64
    assert drawn.tolist() == sorted(set(drawn.tolist()))
    assert len(drawn) == n
    assert all(0 <= number < total for number in drawn.tolist())
    assert np.array_equal(drawn, random_subset(total, n, seed))


def test_random_subsets_are_uniform() -> None:
    counts = np.zeros((10, 10))
    for seed in range(3000):
        for n in (3, 7):
            drawn = random_subset(10, n, seed)
            counts[drawn[:, None], drawn] += 1
    single, pairs = counts.diagonal() / 3000, counts[~np.eye(10, dtype=bool)] / 3000
    assert np.abs(single - 1.0).max() < 0.06  # 0.3 + 0.7, standard deviation 0.012
    assert np.abs(pairs - (3 * 2 + 7 * 6) / 90).max() < 0.06


def test_random_needs_enough_weights() -> None:
    with pytest.raises(ValueError, match="11 of 10"):
        random_subset(10, 11, 0)


def test_random_masks_take_from_the_variants_candidates(tiny_llama: LlamaForCausalLM) -> None:
    matrices = WeightSpace(tiny_llama).matrices
    layout = Layout(matrices)
    size = int(layout.starts[-1])
    whole = random_mask(layout, "all", 3000, seed=1)
    assert whole.addresses.tolist() == random_subset(size, 3000, 1).tolist()
    mlp = random_mask(layout, "mlp", 3000, seed=1)
    blocks = [matrices[index].block for index, _ in mlp.by_matrix(layout)]
    assert (len(mlp), set(blocks)) == (3000, {"mlp"})


@settings(deadline=None, max_examples=50)
@given(
    counts=arrays(np.int16, st.tuples(st.integers(2, 5), st.integers(1, 40)), elements=st.integers(0, 5)),
    own=st.integers(0, 4),
    cut=st.integers(0, 40),
)
def test_contrast_with_the_largest_is_that_of_a_dense_computation(
    counts: np.ndarray, own: int, cut: int
) -> None:
    """With many equal shares, so that a tie is often between the own one and another's."""
    counts[:, 0] += 1
    own %= len(counts)
    shares = [row / float(row.sum()) for row in counts.astype(np.float64)]
    largest = np.max([share.astype(np.float32) for n, share in enumerate(shares) if n != own], axis=0)
    matrices = {
        str(number): [torch.from_numpy(part.astype(np.float32)) for part in np.split(row, [cut])]
        for number, row in enumerate(counts)
    }
    found = contrasted(matrices, str(own))
    assert torch.cat(found).numpy().tobytes() == (shares[own] - largest).astype(np.float32).tobytes()


@pytest.mark.parametrize("own", [0, 7])
def test_what_most_abilities_share_comes_last(own: int) -> None:
    """One weight has more than 16 times the mean share in all eight abilities, one in six, one in two."""
    rng = np.random.default_rng(0)
    scores = rng.random((8, 2000)).astype(np.float32)
    scores[:, 1234] = 10 + np.arange(8)
    scores[:2, 77] = scores[2:, 500] = 9
    shares = scores.astype(np.float64) / scores.sum(axis=1, dtype=np.float64)[:, None]
    counted = (shares > 16 / 2000).sum(axis=0)
    largest = np.delete(shares.astype(np.float32), own, axis=0).max(axis=0)
    truth = shares[own] - np.where(counted >= SHARED_ABILITIES, 2.0, largest)
    matrices = [[torch.from_numpy(part.copy()) for part in np.split(row, [900])] for row in scores]
    shared = shares_of({str(number): one for number, one in enumerate(matrices)})
    found = top_ranking(contrast_scores(matrices[own], str(own), shared), 2000)
    assert (counted[1234], counted[500], counted[77]) == (8, 6, 2)
    assert found.tolist() == np.argsort(-truth.astype(np.float32), kind="stable").tolist()
    assert set(found[-2:].tolist()) == {1234, 500}


def test_contrast_refuses_what_has_no_meaning() -> None:
    ones = [torch.ones(2)]
    with pytest.raises(ValueError, match="at least two"):
        contrasted({"own": ones}, "own")
    with pytest.raises(ValueError, match="importance of own sums to 0"):
        shares_of({"own": [torch.zeros(2)]})
    with pytest.raises(ValueError, match="use one model"):
        shares_of({"own": ones, "other": [torch.ones(3)]})
    sums = shares_of({"own": ones, "other": ones})
    with pytest.raises(ValueError, match="are in already"):
        sums.add("own", ones)
    with pytest.raises(ValueError, match="third are not in"):
        contrast_scores(ones, "third", sums)


def test_positions_and_addresses(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)
    layout = Layout(space.matrices)
    every = np.arange(space.size)
    assert np.array_equal(layout.addresses("all", every), every)
    truth = np.concatenate([np.arange(m.offset, m.offset + m.size) for m in space.candidates("mlp")])
    shuffled = np.random.default_rng(0).permutation(len(truth))
    assert np.array_equal(layout.addresses("mlp", shuffled), truth[shuffled])
    matrices, local = layout.split("mlp", shuffled)
    offsets = np.array([space.matrices[index].offset for index in matrices])
    assert np.array_equal(offsets + local, truth[shuffled])
    assert len(layout.addresses("mlp", np.empty(0, np.int64))) == 0


def test_positions_outside_are_refused(tiny_llama: LlamaForCausalLM) -> None:
    space = WeightSpace(tiny_llama)
    layout = Layout(space.matrices)
    for position in (-1, sum(m.size for m in space.candidates("mlp"))):
        with pytest.raises(ValueError, match="outside"):
            layout.addresses("mlp", np.array([position]))
