from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from core.inference.batching import cheapest_batches

LENGTHS = st.lists(st.integers(1, 30), max_size=8).map(lambda lengths: sorted(lengths, reverse=True))


def cost_of(lengths: list[int], sizes: tuple[int, ...], most: int, cost: int, rows: int | None) -> float:
    total, first = 0.0, 0
    for size in sizes:
        padded = size * lengths[first]
        fits = padded <= most and (rows is None or size <= rows)
        total += padded + cost if fits or size == 1 else float("inf")
        first += size
    return total


def every_way(n: int) -> list[tuple[int, ...]]:
    """All ways to write n as a sum of batches."""
    if not n:
        return [()]
    cuts = itertools.product([False, True], repeat=n - 1)
    edges = ([0, *(i for i, cut in enumerate(ways, start=1) if cut), n] for ways in cuts)
    return [tuple(end - first for first, end in itertools.pairwise(edge)) for edge in edges]


def test_rows_of_like_length_go_together() -> None:
    assert cheapest_batches([100, 99, 98, 10, 10, 9], 1000, 20) == [3, 3]
    assert cheapest_batches([100, 99, 98, 97], 200, 20) == [2, 2]
    assert cheapest_batches([500, 10, 10], 200, 20) == [1, 2]
    assert cheapest_batches([12, 11, 10, 9], 1000, 1000) == [4]
    assert cheapest_batches([12, 11, 10, 9], 1000, 1000, rows=2) == [2, 2]
    assert cheapest_batches([], 1000, 20) == []


@given(LENGTHS, st.integers(1, 100), st.integers(0, 40), st.one_of(st.none(), st.integers(1, 8)))
def test_no_way_is_cheaper(lengths: list[int], most: int, cost: int, rows: int | None) -> None:
    sizes = tuple(cheapest_batches(lengths, most, cost, rows))
    assert sum(sizes) == len(lengths)
    least = min(cost_of(lengths, ways, most, cost, rows) for ways in every_way(len(lengths)))
    assert cost_of(lengths, sizes, most, cost, rows) == least
