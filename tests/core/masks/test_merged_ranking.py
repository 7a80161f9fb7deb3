"""The ranking of scores that lie in several places is that of one place, to the last tie."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.masks import ranking
from core.masks.ranking import Part, merged_ranking


def plain_ranking(scores: list[torch.Tensor], n: int, sign: int) -> list[int]:
    """By a stable sort of everything."""
    values = torch.cat([one.reshape(-1) for one in scores]).double() * sign + 0.0
    return torch.sort(values, descending=True, stable=True).indices[:n].tolist()


@st.composite
def scores_in_parts(draw: st.DrawFn) -> tuple[list[torch.Tensor], list[int]]:
    """Matrices of few different values, so that many are tied, and where they are divided."""
    values = draw(st.lists(st.floats(-4, 4, width=16), min_size=1, max_size=4))
    sizes = draw(st.lists(st.integers(1, 40), min_size=1, max_size=7))
    seed = draw(st.integers(0, 999))
    generator = torch.Generator().manual_seed(seed)
    pool = torch.tensor([*values, 0.0, -0.0])
    matrices = [pool[torch.randint(len(pool), (size,), generator=generator)] for size in sizes]
    ends = draw(st.lists(st.integers(0, len(sizes)), max_size=3))
    return matrices, sorted({0, *ends, len(sizes)})


@given(scores_in_parts(), st.floats(0, 1), st.sampled_from([1, -1]), st.booleans())
def test_it_is_that_of_a_plain_sort(
    found: tuple[list[torch.Tensor], list[int]], share: float, sign: int, whole_bins: bool
) -> None:
    matrices, ends = found
    with pytest.MonkeyPatch.context() as patch:
        if not whole_bins:  # as where a bin is too large to be sorted with the ranking
            patch.setattr(ranking, "SHARE_OF_BIN", 0.0)
            patch.setattr(ranking, "CHUNK", 7)
        parts = [Part(matrices[first:last], sign, first) for first, last in pairwise(ends)]
        n = int(share * sum(part.size() for part in parts))
        assert merged_ranking(parts, n).tolist() == plain_ranking(matrices, n, sign)


def test_what_is_not_finite_is_named_by_its_number_among_all() -> None:
    parts = [Part([torch.ones(3), torch.ones(2)], 1), Part([torch.tensor([1.0, float("nan")])], 1, first=2)]
    with pytest.raises(ValueError, match="The scores of matrix 2 hold NaN or infinity"):
        merged_ranking(parts, 1)
    with pytest.raises(ValueError, match="8 of 7 scores cannot be ranked"):
        merged_ranking(parts, 8)
