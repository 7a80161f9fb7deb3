"""Which token sequences share a prefix that is worth computing once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.inference.encoding import common_length

TokenIds = tuple[int, ...]

LEAST_SHARED = 16
"""Tokens: for a shorter prefix (`Question:`) the attention that sharing needs costs more than it saves."""

LOOKS = 2**22
"""Pairs of a token and one that it may look at, in one batch that shares a prefix: their scores are in memory
at once, 0.5 GB in float32 for 32 heads, and as much again for the weights made of them."""


@dataclass(frozen=True)
class PrefixGroup:
    """Sequences that share their first tokens."""

    length: int
    """How many tokens they share; 0 for those that share none worth it."""
    members: tuple[int, ...]
    """Which of the sequences, in ascending order."""


def group_by_prefix(
    sequences: Sequence[TokenIds], worth: int, least: int = LEAST_SHARED
) -> list[PrefixGroup]:
    """Groups that save many tokens: one of n that share L tokens saves (n - 1) * L - worth.

    Every sequence is in one group; those that are in none worth it are in one of length 0, the last.

    Args:
        sequences: what may be shared of each.
        worth: tokens that a group has to save to be worth its forward pass.
        least: tokens that a group has to share.
    """
    order = sorted(range(len(sequences)), key=lambda i: (sequences[i], i))
    root = _grown([sequences[i] for i in order], worth, least)
    groups = [
        PrefixGroup(found.length, tuple(sorted(order[place] for place in found.places)))
        for found in sorted(root.groups, key=lambda found: found.places)
    ]
    alone = tuple(sorted(order[place] for place in root.free))
    return [*groups, PrefixGroup(0, alone)] if alone else groups


@dataclass(frozen=True)
class _Found:
    """A group of sorted sequences."""

    length: int
    places: list[int]
    worth: int

    @property
    def saved(self) -> int:
        return (len(self.places) - 1) * self.length - self.worth


@dataclass
class _Branch:
    """Sorted sequences that share a prefix: a range of which the end is not known as long as it grows."""

    length: int
    free: list[int] = field(default_factory=list)
    """Those that are in no group so far."""
    groups: list[_Found] = field(default_factory=list)
    """Groups that share more than the prefix."""

    def add(self, free: list[int], groups: list[_Found]) -> None:
        self.free += free
        self.groups += groups

    def close(self, worth: int, least: int) -> None:
        """Groups by the prefix what is free or saves less in a group of its own, if that saves more."""
        if self.length < least:
            return
        joining = [found for found in self.groups if len(found.places) * self.length > found.saved]
        places = [*self.free, *itertools.chain.from_iterable(found.places for found in joining)]
        group = _Found(self.length, places, worth)
        if places and group.saved > sum(found.saved for found in joining):
            self.groups = [found for found in self.groups if found not in joining] + [group]
            self.free = []


def _grown(ordered: Sequence[TokenIds], worth: int, least: int) -> _Branch:
    """The branch of all sorted sequences: prefixes are a tree, gone through from its leaves up."""
    growing = [_Branch(0)]
    for place, depth in enumerate(_shared_with_next(ordered)):
        closed = _Branch(len(ordered[place]), [place])
        while growing[-1].length > depth:
            growing[-1].add(closed.free, closed.groups)
            closed = growing.pop()
            closed.close(worth, least)
        if growing[-1].length < depth:
            growing.append(_Branch(depth))
        growing[-1].add(closed.free, closed.groups)
    return growing[0]


def _shared_with_next(ordered: Sequence[TokenIds]) -> Iterator[int]:
    """How many tokens each sequence shares with the one after it; 0 for the last."""
    for place in range(len(ordered)):
        yield common_length(ordered[place : place + 2]) if place + 1 < len(ordered) else 0
