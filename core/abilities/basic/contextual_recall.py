"""Basic recall: a value by its name, a name by its value, a neighbour in a list, a chain of two facts."""

from __future__ import annotations

import random

from core.abilities.basic.words import NAMES, draft, pick
from core.abilities.item import Draft, Family

COLORS = ("red", "blue", "green", "black", "white", "yellow", "pink", "brown", "gray", "purple")
CONTAINERS = ("box", "bag", "jar", "drawer", "chest", "purse", "crate", "sack")
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


def _chain(rng: random.Random) -> Draft:
    """What somebody has, through the container that the context ties to both."""
    names, containers, contents = pick(rng, NAMES, 4), pick(rng, CONTAINERS, 4), pick(rng, CONTENTS, 4)
    asked = rng.randrange(4)
    inside = " , ".join(f"{c} {v}" for c, v in zip(containers, contents, strict=True))
    held = " , ".join(pick(rng, [f"{n} {c}" for n, c in zip(names, containers, strict=True)], 4))
    key = _set_key(contents)
    context = f"inside : {inside} . holders : {held} ."
    return draft(rng, key, context, f"reach through {names[asked]}", contents[asked], contents)


FAMILIES = (
    Family("value_of_name", _value_of_name),
    Family("name_of_value", _name_of_value),
    Family("next_in_list", _next_in_list),
    Family("chain", _chain),
)
