"""Plain space: what is where at a thing, which way somebody goes, shapes, the other side.

A held-out key is a landmark, a deed, a thing with a shape, or two things.
"""

from __future__ import annotations

import random
from itertools import permutations

from core.abilities.drafting import NAMES, draft_from, families
from core.abilities.item import Draft
from core.abilities.plain.facts import group_family, kind_family
from core.abilities.tables import entries, read_tables

ABILITY = "spatial_reasoning"
TABLES = read_tables("plain/spatial_reasoning")
LANDMARKS = [
    [(place, thing) for place, thing in (entry.split(": ") for entry in entries(row))]
    for _, row in TABLES["landmarks"].pairs
]
"""Each landmark's places, and what is there."""

WAYS = TABLES["ways"].lists
PAIRS, SIDES = list(permutations(TABLES["things"].texts, 2)), TABLES["sides"].rows


def _way(rng: random.Random) -> Draft:
    """Which way a deed leads: up, down, in or out."""
    way = rng.choice(list(WAYS))
    number = rng.randrange(len(WAYS[way]))
    name = rng.choice(NAMES)
    question = rng.choice(TABLES["way questions"].texts).format(name=name)
    answer, *options = (f"{name} goes {other}" for other in (way, *WAYS))
    context, member = f"{name} {WAYS[way][number]}.", (number, len(WAYS[way]))
    return draft_from(rng, f"way:{way}", context, question, answer, options, f"The way leads {way}.", member)


def _other_side(rng: random.Random) -> Draft:
    """Where one thing is, seen from another that is told to be on a side of it."""
    number = rng.randrange(len(PAIRS))
    a, b = PAIRS[number]
    here, opposite, side = rng.choice(SIDES)
    question = rng.choice(TABLES["side questions"].texts).format(a=a, b=b)
    sides, member = [name for name, *_ in SIDES], (number, len(PAIRS))
    context = f"The {a} is {side} the {b}."
    steps = f"The opposite of {here} is {opposite}."
    return draft_from(rng, "side", context, question, opposite, sides, steps, member)


FAMILIES = (
    group_family(ABILITY, "place_at_thing", LANDMARKS, TABLES["landmark questions"].texts, 2, "{a} is {s}."),
    kind_family("shape", TABLES["shapes"].lists, TABLES["shape questions"].texts, "{s} is {a}."),
    *families(_way, _other_side),
)
