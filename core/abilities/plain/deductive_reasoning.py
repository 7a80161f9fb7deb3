"""Plain deduction: what a rule says of a case, what holds for one of a kind, the other one of two.

Every option names the case and one of the four conclusions that the context knows.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from core.abilities.drafting import BASIC_NAMES, capital, draft_of, families, pick
from core.abilities.item import Draft
from core.abilities.tables import Table, read_tables

TABLES = read_tables("plain/deductive_reasoning")
WEATHER, DESTINATIONS = TABLES["weather"].texts, TABLES["destinations"].texts
ANIMALS, COLORS = TABLES["animals"].texts, TABLES["colors"].texts
THINGS, ROOMS = TABLES["things"].texts, TABLES["rooms"].texts


def _set_key(words: Sequence[str]) -> str:
    """The words without their order: the same set in other rules is in one split."""
    return ",".join(sorted(words))


def _apply(rng: random.Random, wordings: Table, cases: Sequence[str], results: Sequence[str]) -> Draft:
    """The conclusion of the one of four rules that the fact fits."""
    rule, fact, question, conclusion = rng.choice(wordings.rows)
    ifs, thens, asked = pick(rng, cases, 4), pick(rng, results, 4), rng.randrange(4)
    words = {"name": rng.choice(BASIC_NAMES), "if": ifs[asked]}
    rules = [rule.format(**{"if": i, "then": then}) for i, then in zip(ifs, thens, strict=True)]
    options = [capital(conclusion.format(**words, then=then)) for then in thens]
    context = " ".join((*rules, fact.format(**words)))
    steps = f"{fact.format(**words)} {rules[asked]}"
    return draft_of(_set_key(thens), context, question.format(**words), options, asked, steps)


def _condition(rng: random.Random) -> Draft:
    """What follows from a condition that is met."""
    return _apply(rng, TABLES["conditions"], WEATHER, DESTINATIONS)


def _class(rng: random.Random) -> Draft:
    """What holds for one of a kind of animals."""
    return _apply(rng, TABLES["classes"], ANIMALS, ROOMS)


def _goods(rng: random.Random) -> Draft:
    """What holds for one of a kind of things."""
    return _apply(rng, TABLES["goods"], THINGS, COLORS)


def _either_or(rng: random.Random) -> Draft:
    """The other one of two rooms, when one is ruled out."""
    things, rooms = pick(rng, THINGS, 2), pick(rng, ROOMS, 4)
    asked, ruled_out = rng.randrange(2), rng.randrange(2)
    thing, out, left = things[asked], rooms[2 * asked + ruled_out], rooms[2 * asked + 1 - ruled_out]
    told = [f"The {t} is in the {rooms[2 * i]} or in the {rooms[2 * i + 1]}." for i, t in enumerate(things)]
    told.insert(asked, f"The {thing} is not in the {out}.")
    options = [f"The {thing} is in the {room}" for room in rooms]
    steps = f"{told[asked + 1]} It is not in the {out}."
    question = f"Where is the {thing}?"
    return draft_of(_set_key(rooms), " ".join(told), question, options, rooms.index(left), steps)


FAMILIES = families(_condition, _class, _goods, _either_or)
