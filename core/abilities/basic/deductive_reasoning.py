"""Basic deduction: from a rule, back from an only-rule, against a rule, the other of two."""

from __future__ import annotations

import random

from core.abilities.drafting import BASIC_NAMES, draft_from, families, pick
from core.abilities.item import Draft
from core.abilities.tables import read_tables

TABLES = read_tables("basic/deductive_reasoning")
KINDS, DEEDS, PLACES = TABLES["kinds"].texts, TABLES["deeds"].texts, TABLES["places"].texts


def _set_key(words: list[str]) -> str:
    """The words without their order: the same set in other rules is in one split."""
    return ",".join(sorted(words))


def _rules(kinds: list[str], deeds: list[str]) -> str:
    return " . ".join(f"every {k} {d}" for k, d in zip(kinds, deeds, strict=True))


def _from_rule(rng: random.Random) -> Draft:
    """What one of a kind does, by the rule for its kind."""
    kinds, deeds = pick(rng, KINDS, 4), pick(rng, DEEDS, 4)
    asked, name = rng.randrange(4), rng.choice(BASIC_NAMES)
    kind, deed = kinds[asked], deeds[asked]
    context = f"{_rules(kinds, deeds)} . {name} is a {kind} ."
    steps = f"{name} is a {kind} and every {kind} {deed}"
    question = rng.choice((f"therefore this {kind}", f"therefore {name}"))
    return draft_from(rng, _set_key(deeds), context, question, deed, deeds, steps)


def _only_rule(rng: random.Random) -> Draft:
    """What somebody must be who does what only one kind does."""
    kinds, deeds = pick(rng, KINDS, 4), pick(rng, DEEDS, 4)
    asked, name = rng.randrange(4), rng.choice(BASIC_NAMES)
    kind, deed = kinds[asked], deeds[asked]
    rules = " . ".join(f"{d} only a {k}" for k, d in zip(kinds, deeds, strict=True))
    steps = f"{name} {deed} and {deed} only a {kind}"
    context = f"{rules} . what is {name} ?"
    return draft_from(rng, _set_key(kinds), context, f"{name} {deed}", kind, kinds, steps)


def _against_rule(rng: random.Random) -> Draft:
    """What somebody cannot be who does not do what the kind does."""
    kinds, deeds = pick(rng, KINDS, 4), pick(rng, DEEDS, 4)
    asked, name = rng.randrange(4), rng.choice(BASIC_NAMES)
    kind, deed = kinds[asked], deeds[asked]
    rules = " . ".join(f"{d} every {k}" for k, d in zip(kinds, deeds, strict=True))
    steps = f"never {deed} and {deed} every {kind}"
    question = f"{name} never {deed}"
    context = f"{rules} . which kind is {name} not ?"
    return draft_from(rng, _set_key(kinds), context, question, kind, kinds, steps)


def _either_or(rng: random.Random) -> Draft:
    """The other one of two possible places, when one is ruled out."""
    places, names = pick(rng, PLACES, 4), pick(rng, BASIC_NAMES, 2)
    asked, ruled_out = rng.randrange(2), rng.randrange(2)
    pair = places[2 * asked : 2 * asked + 2]
    context = " . ".join(f"{n} in {places[2 * i]} or {places[2 * i + 1]}" for i, n in enumerate(names))
    answer = pair[1 - ruled_out]
    steps = f"{pair[0]} or {pair[1]} and not {pair[ruled_out]}"
    question = f"{names[asked]} not in {pair[ruled_out]} but"
    return draft_from(rng, _set_key(places), f"{context} .", question, answer, places, steps)


FAMILIES = families(_from_rule, _only_rule, _against_rule, _either_or)
