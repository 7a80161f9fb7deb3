"""Plain analogies: two pairs show a relation, and the asked word is given its partner in the same relation.

All options are partners of the asked word, each by another relation; only the pairs say which is meant.
"""

from __future__ import annotations

import random

from core.abilities.drafting import capital, draft_from, families, pick, sentence
from core.abilities.item import Draft
from core.abilities.tables import Table, read_tables

TABLES = read_tables("plain/analogical_reasoning")
TOLD = "{a} goes with {b}"
"""A pair, given or answered: after pairs told in the same words, the answer is a mapping."""


def _pair(rng: random.Random, table: Table) -> Draft:
    """The partner of a word, after two pairs; the key is the relation and the three words."""
    relation = rng.randrange(4)
    rows = pick(rng, table.rows, 3)
    while len({row[1 + relation] for row in rows}) < 3:  # a partner told already would be a copy
        rows = pick(rng, table.rows, 3)
    word, *partners = rows[-1]
    context = " ".join(sentence(TOLD.format(a=a, b=of_a[relation])) for a, *of_a in rows[:-1])
    options = [capital(TOLD.format(a=word, b=partner)) for partner in partners]
    key = f"{table.columns[1 + relation]}:{','.join(sorted(row[0] for row in rows))}"
    return draft_from(rng, key, context, f"What does {word} go with?", options[relation], options)


def _animals(rng: random.Random) -> Draft:
    """Young, sound, home and food of animals."""
    return _pair(rng, TABLES["animals"])


def _countries(rng: random.Random) -> Draft:
    """Capital, language, continent and money of countries."""
    return _pair(rng, TABLES["countries"])


def _qualities(rng: random.Random) -> Draft:
    """Opposite, forms and noun of adjectives."""
    return _pair(rng, TABLES["qualities"])


def _workers(rng: random.Random) -> Draft:
    """Place, tool, product and guest of workers."""
    return _pair(rng, TABLES["workers"])


FAMILIES = families(_animals, _countries, _qualities, _workers)
