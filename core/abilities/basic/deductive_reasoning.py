"""Basic deduction with invented kinds: from the rule, through two rules, against the rule, by elimination."""

from __future__ import annotations

import random

from core.abilities.basic.words import NAMES, draft, pick
from core.abilities.item import Draft, Family

KINDS = ("wug", "dax", "fep", "zot", "blick", "tove", "rask", "glim", "mip", "plonk")
DOES = ("sings", "jumps", "swims", "sleeps", "laughs", "digs", "hides", "spins", "waits", "flies")
PLACES = ("attic", "cellar", "kitchen", "garage", "hall", "bathroom", "balcony", "office")


def _set_key(words: list[str]) -> str:
    """The words without their order: the same set in other rules is in one split."""
    return ",".join(sorted(words))


def _rules(kinds: list[str], deeds: list[str]) -> str:
    return " . ".join(f"every {k} {d}" for k, d in zip(kinds, deeds, strict=True))


def _from_rule(rng: random.Random) -> Draft:
    """What one of a kind does, by the rule for its kind."""
    kinds, deeds = pick(rng, KINDS, 4), pick(rng, DOES, 4)
    asked, name = rng.randrange(4), rng.choice(NAMES)
    kind, deed = kinds[asked], deeds[asked]
    context = f"{_rules(kinds, deeds)} . {name} is a {kind} ."
    steps = f"{name} is a {kind} and every {kind} {deed}"
    question = rng.choice((f"therefore this {kind}", f"therefore {name}"))
    return draft(rng, _set_key(deeds), context, question, deed, deeds, steps)


def _two_rules(rng: random.Random) -> Draft:
    """What a kind does through the kind that it belongs to."""
    low, high, deeds = pick(rng, KINDS[:5], 3), pick(rng, KINDS[5:], 3), pick(rng, DOES, 4)
    asked = rng.randrange(3)
    belongs = " . ".join(pick(rng, [f"each {a} is {b}" for a, b in zip(low, high, strict=True)], 3))
    key = _set_key(deeds)
    context = f"{_rules(high, deeds[:3])} . {belongs} ."
    steps = f"each {low[asked]} is {high[asked]} and every {high[asked]} {deeds[asked]}"
    return draft(rng, key, context, f"therefore each {low[asked]}", deeds[asked], deeds, steps)


def _against_rule(rng: random.Random) -> Draft:
    """What somebody cannot be who does not do what the kind does."""
    kinds, deeds = pick(rng, KINDS, 4), pick(rng, DOES, 4)
    asked, name = rng.randrange(4), rng.choice(NAMES)
    kind, deed = kinds[asked], deeds[asked]
    rules = " . ".join(f"{d} every {k}" for k, d in zip(kinds, deeds, strict=True))
    steps = f"never {deed} and {deed} every {kind}"
    question = f"{name} never {deed}"
    context = f"{rules} . which kind is {name} not ?"
    return draft(rng, _set_key(kinds), context, question, kind, kinds, steps)


def _eliminate(rng: random.Random) -> Draft:
    """The one place of four that is left."""
    places = pick(rng, PLACES, 4)
    answer, *excluded = pick(rng, places, 4)
    key = _set_key(places)
    name = rng.choice(NAMES)
    context = f"{name} is in {' or '.join(places)} , not {' not '.join(excluded)} ."
    steps = f"not {' not '.join(excluded)}"
    return draft(rng, key, context, f"so {name} is in", answer, places, steps)


FAMILIES = (
    Family("from_rule", _from_rule),
    Family("two_rules", _two_rules),
    Family("against_rule", _against_rule),
    Family("eliminate", _eliminate),
)
