"""Where an ablated model's answer leaves the intact model's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Divergence:
    """The first word that differs."""

    start: int
    """The index of its first character in the other answer; the answer's length if it just ends there."""
    word: int
    """Which word it is, from 1."""


def first_divergence(base: str, other: str, *, base_ended: bool, other_ended: bool) -> Divergence | None:
    """The first word of the other answer that differs from the base answer; None if none does so far.

    Args:
        base: what the intact model wrote.
        other: what the ablated model wrote.
        base_ended: whether the intact model is done: only then does anything beyond its end differ.
        other_ended: the same for the ablated model.
    """
    common = _common_length(base, other)
    if common == len(other) and (common == len(base) or not other_ended):
        return None
    if common == len(base) and not base_ended:
        return None
    start = _start_of_word(base, other, common)
    return Divergence(start, len(other[:start].split()) + 1)


def _common_length(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    shorter = min(len(one), len(other))
    if one[:shorter] == other[:shorter]:
        return shorter
    return next(place for place in range(shorter) if one[place] != other[place])


def _start_of_word(base: str, other: str, place: int) -> int:
    """Where the word begins that one of the two answers has at a place."""
    if place and (base[place : place + 1].strip() or other[place : place + 1].strip()):
        while place and not other[place - 1].isspace():
            place -= 1
    return place
