"""Basic recall: a value by its name, a name by its value, a neighbour in a list, the ends of a list."""

from __future__ import annotations

import random

from core.abilities.drafting import BASIC_NAMES, draft_from, families, pick
from core.abilities.item import Draft
from core.abilities.tables import read_tables

TABLES = read_tables("basic/contextual_recall")
COLORS, THINGS = TABLES["colors"].texts, TABLES["things"].texts


def _set_key(values: list[str]) -> str:
    """The values without their order: the same set under other names or tied otherwise is in one split."""
    return ",".join(sorted(values))


def _value_of_name(rng: random.Random) -> Draft:
    """The color that belongs to a name."""
    names, colors = pick(rng, BASIC_NAMES, 4), pick(rng, COLORS, 4)
    asked = rng.randrange(4)
    told = " , ".join(f"{name} {color}" for name, color in zip(names, colors, strict=True))
    question = f"recall the key color of {names[asked]}"
    return draft_from(
        rng, _set_key(colors), f"the key colors are : {told} .", question, colors[asked], colors
    )


def _name_of_value(rng: random.Random) -> Draft:
    """The name to which a color belongs."""
    names, colors = pick(rng, BASIC_NAMES, 4), pick(rng, COLORS, 4)
    asked = rng.randrange(4)
    told = " , ".join(f"{color} {name}" for name, color in zip(names, colors, strict=True))
    question = f"recall the owner of {colors[asked]}"
    return draft_from(rng, _set_key(colors), f"the key owners are : {told} .", question, names[asked], names)


def _next_in_list(rng: random.Random) -> Draft:
    """What came after a given word of a list."""
    things = pick(rng, THINGS, 5)
    asked = rng.randrange(4)
    others = [thing for thing in things if thing != things[asked]]
    context, question = f"the list reads : {' '.join(things)} .", f"recall what follows {things[asked]}"
    return draft_from(rng, _set_key(things), context, question, things[asked + 1], others)


def _end_of_list(rng: random.Random) -> Draft:
    """What came first or last in a list."""
    things, first = pick(rng, THINGS, 5), rng.random() < 0.5
    answer = things[0] if first else things[-1]
    context, question = (
        f"the list reads : {' '.join(things)} .",
        f"recall the {'first' if first else 'last'} of them",
    )
    return draft_from(rng, _set_key(things), context, question, answer, things)


FAMILIES = families(_value_of_name, _name_of_value, _next_in_list, _end_of_list)
