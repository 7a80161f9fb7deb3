"""Clues that fix the order of four things, in space or in time."""

from __future__ import annotations

import random
from functools import cache
from itertools import permutations
from typing import NamedTuple

N_THINGS = 4
"""How many things are put in order: as many as an item has options."""


class Clue(NamedTuple):
    """One true statement about the order; things are named by their true places, from 0."""

    kind: str
    """`first` and `last` (of a), `before` (a is), `next` (a is right before b), `apart` (one between)."""
    a: int
    b: int


def _holds(clue: Clue, places: tuple[int, ...]) -> bool:
    """Whether a clue is true when each thing stands at the given place."""
    a, b = places[clue.a], places[clue.b]
    return {
        "first": a == 0,
        "last": a == N_THINGS - 1,
        "before": a < b,
        "next": b - a == 1,
        "apart": abs(a - b) == 2,
    }[clue.kind]


@cache
def _true_clues() -> tuple[tuple[Clue, int], ...]:
    """Every clue that is true of the order 0, 1, 2, 3, with the set of orders it allows, as bits."""
    orders = list(permutations(range(N_THINGS)))
    pairs = [(a, b) for a in range(N_THINGS) for b in range(N_THINGS) if a != b]
    clues = [Clue(kind, a, b) for kind in ("before", "next", "apart") for a, b in pairs]
    clues += [Clue("first", 0, 0), Clue("last", N_THINGS - 1, N_THINGS - 1)]
    true = [clue for clue in clues if _holds(clue, orders[0])]
    return tuple((c, sum(_holds(c, order) << i for i, order in enumerate(orders))) for c in true)


def draw_clues(rng: random.Random) -> list[Clue]:
    """Clues, in random order, that together leave only the order 0, 1, 2, 3; each rules something out."""
    clues: list[Clue] = []
    left = -1
    for clue, allowed in rng.sample(_true_clues(), len(_true_clues())):
        if left & allowed != left:
            clues.append(clue)
            left &= allowed
    rng.shuffle(clues)
    return clues


def gives_away(clues: list[Clue], place: int) -> bool:
    """Whether a clue simply says what is at the asked place."""
    ends = {"first": 0, "last": N_THINGS - 1}
    return any(ends.get(clue.kind) == place for clue in clues)


def clues_key(clues: list[Clue], place: int) -> str:
    """The key of clues and an asked place: the same whatever the things and the order of telling."""
    return f"{sorted(clues)} {place}"
