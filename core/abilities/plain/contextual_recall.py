"""Plain recall: where a thing is, which thing is there, what a thing is like, which thing is like that.

Each option joins the question's words with one of the four things or values that the context names.
"""

from __future__ import annotations

import random

from core.abilities.drafting import capital, draft_of, families, pick, sentence
from core.abilities.item import Draft
from core.abilities.tables import Table, entries, read_tables

TABLES = read_tables("plain/contextual_recall")
PLACES, TRAITS, THINGS = TABLES["places"], TABLES["traits"], TABLES["things"].texts


def _recall(rng: random.Random, table: Table, *, asks_thing: bool) -> Draft:
    """One end of one of four facts, by the other end; the key is the set of values, whatever has them."""
    told, asks_value, asks_name, pool = rng.choice(table.rows)
    things, values, asked = pick(rng, THINGS, 4), pick(rng, entries(pool), 4), rng.randrange(4)
    facts = [told.format(thing=t, value=v) for t, v in zip(things, values, strict=True)]
    question = (asks_name if asks_thing else asks_value).format(thing=things[asked], value=values[asked])
    ends = [(t, values[asked]) for t in things] if asks_thing else [(things[asked], v) for v in values]
    options = [capital(told.format(thing=t, value=v)) for t, v in ends]
    context = " ".join(map(sentence, facts))
    return draft_of(",".join(sorted(values)), context, f"{capital(question)}?", options, asked)


def _place(rng: random.Random) -> Draft:
    """Where one of four things is."""
    return _recall(rng, PLACES, asks_thing=False)


def _thing_in_place(rng: random.Random) -> Draft:
    """Which of four things is at a place."""
    return _recall(rng, PLACES, asks_thing=True)


def _trait(rng: random.Random) -> Draft:
    """Which color or price one of four things has, or what it is made of."""
    return _recall(rng, TRAITS, asks_thing=False)


def _thing_with_trait(rng: random.Random) -> Draft:
    """Which of four things has a color or a price, or is made of something."""
    return _recall(rng, TRAITS, asks_thing=True)


FAMILIES = families(_place, _thing_in_place, _trait, _thing_with_trait)
