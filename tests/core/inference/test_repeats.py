from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inference.answers import LEAST_REPEATS, LEAST_TOKENS, LONGEST_PERIOD, RepeatWatch


def first_loop(tokens: list[int]) -> int | None:
    """How many tokens the watch takes until it says that they repeat themselves."""
    watch = RepeatWatch()
    return next((count for count, token in enumerate(tokens, start=1) if watch.push(token)), None)


def by_the_rule(tokens: list[int]) -> bool:
    """Whether the tokens end in a loop, by comparing whole repetitions."""
    for period in range(1, LONGEST_PERIOD + 1):
        n = max(LEAST_REPEATS * period, LEAST_TOKENS)
        if len(tokens) >= n and tokens[-n : -period or None] == tokens[len(tokens) - n + period :]:
            return True
    return False


@pytest.mark.parametrize(
    ("period", "tokens"), [(1, 64), (3, 64), (16, 64), (17, 68), (128, 512), (129, None), (200, None)]
)
def test_how_long_a_loop_has_to_be(period: int, tokens: int | None) -> None:
    assert first_loop(list(range(period)) * (1000 // period)) == tokens


def test_what_comes_before_the_loop_does_not_count() -> None:
    assert first_loop([*range(500, 600), *[1, 2] * 50]) == 100 + 64


def test_a_list_that_counts_is_no_loop() -> None:
    assert first_loop([token for i in range(100) for token in (7, 8, 9, 1000 + i)]) is None


@given(
    st.lists(st.integers(0, 1), max_size=20), st.lists(st.integers(0, 2), min_size=1, max_size=20), st.data()
)
def test_equal_to_the_rule(before: list[int], cycle: list[int], data: st.DataObject) -> None:
    tokens = (before + cycle * 70)[: data.draw(st.integers(0, 150))]
    found = first_loop(tokens)
    expected = next((n for n in range(1, len(tokens) + 1) if by_the_rule(tokens[:n])), None)
    assert found == expected
