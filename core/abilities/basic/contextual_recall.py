"""Basic recall: a value by its name, a name by its value, a neighbour in a list, the ends of a list."""

from __future__ import annotations

import random

from core.abilities.basic.words import NAMES, draft, pick
from core.abilities.item import Draft, Family

COLORS = ("red", "blue", "green", "black", "white", "yellow", "pink", "brown", "gray", "purple")
CONTENTS = (
    "coin", "ring", "nut", "pen", "shell", "button", "stamp", "pearl", "comb", "dice", "badge", "match",
)  # fmt: skip


def _set_key(values: list[str]) -> str:
    """The values without their order: the same set under other names or tied otherwise is in one split."""
    return ",".join(sorted(values))


def _value_of_name(rng: random.Random) -> Draft:
    """The color that belongs to a name."""
    names, colors = pick(rng, NAMES, 4), pick(rng, COLORS, 4)
    asked = rng.randrange(4)
    listed = " , ".join(f"{n} {c}" for n, c in zip(names, colors, strict=True))
    key = _set_key(colors)
    question = f"recall the key color of {names[asked]}"
    return draft(rng, key, f"the key colors are : {listed} .", question, colors[asked], colors)


def _name_of_value(rng: random.Random) -> Draft:
    """The name to which a color belongs."""
    names, colors = pick(rng, NAMES, 4), pick(rng, COLORS, 4)
    asked = rng.randrange(4)
    listed = " , ".join(f"{c} {n}" for n, c in zip(names, colors, strict=True))
    key = _set_key(colors)
    question = f"recall the owner of {colors[asked]}"
    return draft(rng, key, f"the key owners are : {listed} .", question, names[asked], names)


def _next_in_list(rng: random.Random) -> Draft:
    """What stood after a given word of a list."""
    things = pick(rng, CONTENTS, 5)
    asked = rng.randrange(4)
    answer = things[asked + 1]
    others = [thing for thing in things if thing != things[asked]]
    key = _set_key(things)
    question = f"recall what follows {things[asked]}"
    return draft(rng, key, f"the list reads : {' '.join(things)} .", question, answer, others)


def _end_of_list(rng: random.Random) -> Draft:
    """What stood first or last in a list."""
    things, first = pick(rng, CONTENTS, 5), rng.random() < 0.5
    answer = things[0] if first else things[-1]
    question = f"recall the {'first' if first else 'last'} of them"
    return draft(rng, _set_key(things), f"the list reads : {' '.join(things)} .", question, answer, things)


FAMILIES = (
    Family("value_of_name", _value_of_name),
    Family("name_of_value", _name_of_value),
    Family("next_in_list", _next_in_list),
    Family("end_of_list", _end_of_list),
)
