from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inference.attention import PrefixGroup, TokenIds, group_by_prefix
from core.inference.encoding import common_length

BLOCK = tuple(range(100))
OTHER = tuple(range(200, 300))
SEQUENCES = st.lists(st.lists(st.integers(0, 1), max_size=6).map(tuple), max_size=7)


def saved_by(groups: Sequence[PrefixGroup], worth: int) -> int:
    return sum((len(group.members) - 1) * group.length - worth for group in groups if group.length)


def best_run(sequences: list[TokenIds], worth: int) -> int:
    """The most that is saved by any way to cut the sorted sequences into runs."""
    ordered = sorted(sequences)
    best = 0
    for cuts in itertools.product([False, True], repeat=max(len(ordered) - 1, 0)):
        edges = [0, *(place for place, cut in enumerate(cuts, start=1) if cut), len(ordered)]
        runs = [ordered[first:end] for first, end in itertools.pairwise(edges) if end > first]
        best = max(best, sum(max((len(run) - 1) * common_length(run) - worth, 0) for run in runs))
    return best


def test_two_subjects_and_one_alone() -> None:
    sequences = [(*BLOCK, 1), (*OTHER, 1), (7, 8), (*BLOCK, 2), (*OTHER, 2), (*BLOCK, 3)]
    assert group_by_prefix(sequences, 64) == [
        PrefixGroup(100, (0, 3, 5)),
        PrefixGroup(100, (1, 4)),
        PrefixGroup(0, (2,)),
    ]


def test_what_saves_too_little_is_no_group() -> None:
    assert group_by_prefix([(*BLOCK, 1), (*BLOCK, 2)], 100) == [PrefixGroup(0, (0, 1))]
    assert group_by_prefix([(*BLOCK[:15], i) for i in range(100)], 100) == [PrefixGroup(0, tuple(range(100)))]
    assert group_by_prefix([], 0) == []


def test_the_deeper_prefix_wins_where_it_saves_more() -> None:
    passages = [(*BLOCK, *OTHER, i) for i in range(9)]
    assert group_by_prefix([*passages, (*BLOCK, 5)], 64) == [
        PrefixGroup(200, tuple(range(9))),
        PrefixGroup(0, (9,)),
    ]
    few = [(*BLOCK, *range(300 + i, 310 + i), j) for i in range(20) for j in range(2)]
    assert group_by_prefix(few, 64) == [PrefixGroup(100, tuple(range(40)))]


def test_what_is_left_beside_a_deeper_group_is_a_group() -> None:
    passage = [(*BLOCK, *OTHER, i) for i in range(9)]
    others = [(*BLOCK, i) for i in range(9)]
    assert group_by_prefix(passage + others, 64) == [
        PrefixGroup(100, tuple(range(9, 18))),
        PrefixGroup(200, tuple(range(9))),
    ]


def test_a_long_chain_of_prefixes() -> None:
    chain = [(1,) * length for length in range(1000, 3000)]
    groups = group_by_prefix(chain, 64)
    assert sorted(member for group in groups for member in group.members) == list(range(2000))
    assert saved_by(groups, 64) > 1499 * 1500, "the most that one group saves"


@given(SEQUENCES, st.integers(0, 4))
def test_groups_are_a_partition_and_no_runs_save_more(sequences: list[TokenIds], worth: int) -> None:
    groups = group_by_prefix(sequences, worth, least=1)
    assert sorted(member for group in groups for member in group.members) == list(range(len(sequences)))
    for group in groups:
        assert len({sequences[member][: group.length] for member in group.members}) == 1
        assert all(len(sequences[member]) >= group.length for member in group.members)
    assert saved_by(groups, worth) >= best_run(sequences, worth)


@given(SEQUENCES.filter(bool))
def test_common_length(sequences: list[TokenIds]) -> None:
    length = common_length(sequences)
    assert len({sequence[:length] for sequence in sequences}) == 1
    assert len({sequence[: length + 1] for sequence in sequences}) > 1 or length == min(map(len, sequences))


def test_no_sequence_has_no_common_length() -> None:
    with pytest.raises(ValueError, match="empty"):
        common_length([])
