"""Basic analogies. All options belong to the asked word; the given pair says which relation is meant."""

from __future__ import annotations

import random

from core.abilities.drafting import BASIC_NAMES, draft_from, families, pick
from core.abilities.item import Draft
from core.abilities.tables import Table, read_tables

TABLES = read_tables("basic/analogical_reasoning")
ANIMALS, WORKERS, VERBS = TABLES["animals"], TABLES["workers"], TABLES["verbs"]
THINGS = (ANIMALS, WORKERS)


def _key(relation: int, a: str, c: str) -> str:
    return f"{relation}:{':'.join(sorted((a, c)))}"


def _complete(rng: random.Random, table: Table, template: str) -> Draft:
    """The fourth term of a proportion whose first pair shows one of four relations."""
    relation = rng.randrange(4)
    (a, *of_a), (c, *of_c) = pick(rng, table.rows, 2)
    return draft_from(
        rng,
        _key(relation, a, c),
        f"{rng.choice(BASIC_NAMES)} says {a} is to {of_a[relation]}",
        template.format(c=c),
        of_c[relation],
        of_c,
    )


def _things(rng: random.Random) -> Draft:
    """Relations between things of the world."""
    return _complete(rng, rng.choice(THINGS), "as {c} is to")


def _word_forms(rng: random.Random) -> Draft:
    """Relations between forms of a word."""
    return _complete(rng, VERBS, "like {c} and")


def _name_relation(rng: random.Random) -> Draft:
    """The relation itself, named, from two pairs that show it."""
    table = rng.choice(THINGS)
    names = table.columns[1:]
    relation = rng.randrange(4)
    (a, *of_a), (c, *of_c) = pick(rng, table.rows, 2)
    context = f"{rng.choice(BASIC_NAMES)} pairs {a} with {of_a[relation]} and {c} with {of_c[relation]} ."
    return draft_from(rng, _key(relation, a, c), context, "both show a", names[relation], names)


def _same_pair(rng: random.Random) -> Draft:
    """The pair in which the same relation holds as in the given pair."""
    table = rng.choice(THINGS)
    (a, *of_a), *others = pick(rng, table.rows, 5)
    relations = pick(rng, range(4), 4)
    options = [f"{word} {of_word[r]}" for (word, *of_word), r in zip(others, relations, strict=True)]
    context = f"{rng.choice(BASIC_NAMES)} pairs {a} with {of_a[relations[0]]} ."
    key = _key(relations[0], a, others[0][0])
    return draft_from(rng, key, context, "so goes the pair", options[0], options)


FAMILIES = families(_things, _word_forms, _name_relation, _same_pair)
