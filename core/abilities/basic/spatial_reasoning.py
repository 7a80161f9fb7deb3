"""Basic space: the other point of view, turns, neighbours in a row, where a walk ends."""

from __future__ import annotations

import itertools
import random

from core.abilities.basic.words import NAMES, draft, pick
from core.abilities.item import Draft, Family

OBJECTS = ("chair", "desk", "couch", "clock", "shelf", "rug", "stove", "sink", "plant", "mug")
PAIRS = list(itertools.combinations(OBJECTS, 2))
OPPOSITE_SIDE = {"left": "right", "right": "left", "above": "below", "below": "above"}
HEADINGS = ("north", "east", "south", "west")
TURNS = {"right": 1, "around": 2, "left": 3}
"""Turns in quarter turns clockwise."""


def _viewpoint(rng: random.Random) -> Draft:
    """Where the one is, seen from the other."""
    number = rng.randrange(len(PAIRS))
    a, b = pick(rng, PAIRS[number], 2)
    side = rng.choice(list(OPPOSITE_SIDE))
    swapped = rng.random() < 0.5
    near, far = (a, b) if swapped else (b, a)
    answer = OPPOSITE_SIDE[side] if swapped else side
    key, member = f"view:{side}:{swapped}", (number, len(PAIRS))
    context = f"from the {b} the {a} is {side} ."
    steps = "the other view" if swapped else "the same view"
    question = f"from the {near} the {far} is"
    return draft(rng, key, context, question, answer, list(OPPOSITE_SIDE), steps, member)


def _turn(rng: random.Random) -> Draft:
    """Where somebody faces after one or two turns."""
    name, heading = rng.choice(NAMES), rng.randrange(4)
    turns = [rng.choice(list(TURNS)) for _ in range(rng.randrange(1, 3))]
    faced = [heading]
    for turn in turns:
        faced.append((faced[-1] + TURNS[turn]) % 4)
    context = f"{name} faces {HEADINGS[heading]} and turns {' then '.join(turns)} ."
    steps = " then ".join(f"{turn} {HEADINGS[f]}" for turn, f in zip(turns, faced[1:], strict=True))
    key, member = f"turn:{','.join(turns)}", (heading, 4)
    return draft(rng, key, context, f"now {name} faces", HEADINGS[faced[-1]], HEADINGS, steps, member)


def _row(rng: random.Random) -> Draft:
    """The neighbour on one side in a row of five."""
    row = pick(rng, OBJECTS, 5)
    to_right = rng.random() < 0.5
    asked = rng.randrange(4) if to_right else rng.randrange(1, 5)
    answer = row[asked + 1 if to_right else asked - 1]
    side = "right" if to_right else "left"
    others = [thing for thing in row if thing != row[asked]]
    first, second = (row[asked], answer) if to_right else (answer, row[asked])
    key = f"row:{','.join(sorted(row))}"
    context = f"from left to right stand {' '.join(row)} ."
    steps = f"{first} then {second}"
    return draft(rng, key, context, f"next on the {side} of {row[asked]}", answer, others, steps)


def _walk(rng: random.Random) -> Draft:
    """Where one is from the start after three moves, two of which undo each other."""
    net, there = rng.randrange(4), rng.randrange(4)
    moves = pick(rng, [net, there, (there + 2) % 4], 3)
    back = rng.random() < 0.5
    answer = HEADINGS[(net + 2) % 4 if back else net]
    words = [HEADINGS[move] for move in moves]
    name = rng.choice(NAMES)
    context = f"{name} walks one {' one '.join(words)} ."
    key = f"walk:{','.join(words)}"
    steps = f"{HEADINGS[there]} and {HEADINGS[(there + 2) % 4]} cancel and {HEADINGS[net]} stays"
    question = "the start lies to the" if back else "the end lies to the"
    return draft(rng, key, context, question, answer, HEADINGS, steps)


FAMILIES = (
    Family("viewpoint", _viewpoint),
    Family("turn", _turn),
    Family("row", _row),
    Family("walk", _walk),
)
