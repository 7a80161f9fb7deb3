"""Basic space: the other point of view, what is between, neighbours in a row, the compass."""

from __future__ import annotations

import itertools
import random

from core.abilities.drafting import BASIC_NAMES, draft_from, families, pick
from core.abilities.item import Draft
from core.abilities.tables import read_tables

TABLES = read_tables("basic/spatial_reasoning")
OBJECTS, FACING, SIDE_FORMS = TABLES["objects"].texts, TABLES["facing"].texts, TABLES["sides"].texts
PAIRS = list(itertools.combinations(OBJECTS, 2))
OPPOSITE_SIDE = {"left": "right", "right": "left", "above": "below", "below": "above"}
WAYS = ("north", "east", "south", "west")
SIDES = {"right": 1, "behind": 2, "left": 3}
"""Directions of the sides, in quarter turns clockwise from straight ahead."""


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
    return draft_from(rng, key, context, question, answer, list(OPPOSITE_SIDE), steps, member)


def _between(rng: random.Random) -> Draft:
    """What is between two things of a row."""
    row, index = pick(rng, OBJECTS, 5), rng.randrange(1, 4)
    ends = pick(rng, (row[index - 1], row[index + 1]), 2)
    others = [thing for thing in row if thing not in ends]
    options = [*others, rng.choice([thing for thing in OBJECTS if thing not in row])]
    steps = f"{row[index - 1]} then {row[index]} then {row[index + 1]}"
    key = f"row:{','.join(sorted(row))}"
    context = f"in a row stand {' '.join(row)} ."
    return draft_from(rng, key, context, f"between {ends[0]} and {ends[1]}", row[index], options, steps)


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
    return draft_from(rng, key, context, f"next on the {side} of {row[asked]}", answer, others, steps)


def _compass(rng: random.Random) -> Draft:
    """Which way lies on a side of somebody who faces a way; the key is heading, side and phrasing."""
    heading, side = rng.randrange(4), rng.choice(list(SIDES))
    told, asked = rng.randrange(len(FACING)), rng.randrange(len(SIDE_FORMS))
    context = FACING[told].format(name=rng.choice(BASIC_NAMES), way=WAYS[heading])
    answer = WAYS[(heading + SIDES[side]) % 4]
    key, member = f"compass:{WAYS[heading]}:{side}", (3 * told + asked, 12)
    steps = f"{WAYS[heading]} ahead {side} {answer}"
    question = SIDE_FORMS[asked].format(side=side)
    return draft_from(rng, key, context, question, answer, WAYS, steps, member)


FAMILIES = families(_viewpoint, _between, _row, _compass)
