"""Basic semantics: relations of adjectives and of nouns, who did what to whom, the relation of two words.

All options belong to the asked word, each by another relation; the context says which is meant.
"""

from __future__ import annotations

import random

from core.abilities.drafting import BASIC_NAMES, draft_from, families, pick
from core.abilities.item import Draft
from core.abilities.tables import Table, read_tables

TABLES = read_tables("basic/semantic_relationship")
ADJECTIVES, NOUNS = TABLES["adjectives"], TABLES["nouns"]
WORDINGS = {relation: wordings for relation, *wordings in TABLES["relations"].rows}
ASKED, PAIRS, NAMING = TABLES["asked"].texts, TABLES["pairs"].texts, TABLES["naming"].texts
DEALS = TABLES["deals"].rows


def _relate(rng: random.Random, table: Table) -> Draft:
    word, *related = rng.choice(table.rows)
    relation = rng.randrange(4)
    wordings = WORDINGS[table.columns[1 + relation]]
    told, asked = rng.randrange(3), rng.randrange(3)
    key, member = f"{word}:{relation}", (told * 3 + asked, 9)
    question = ASKED[asked].format(word=word)
    return draft_from(rng, key, wordings[told], question, related[relation], related, member=member)


def _adjective(rng: random.Random) -> Draft:
    """Synonym, antonym, quality or example of an adjective."""
    return _relate(rng, ADJECTIVES)


def _noun(rng: random.Random) -> Draft:
    """Kind, part, material or use of a noun."""
    return _relate(rng, NOUNS)


def _name_relation(rng: random.Random) -> Draft:
    """The relation of two words, named."""
    table = rng.choice((ADJECTIVES, NOUNS))
    names = table.columns[1:]
    word, *related = rng.choice(table.rows)
    relation = rng.randrange(4)
    told, asked = rng.randrange(len(PAIRS)), rng.randrange(len(NAMING))
    context = PAIRS[told].format(word=word, other=related[relation], name=rng.choice(BASIC_NAMES))
    key, member = f"named:{word}:{relation}", (3 * told + asked, 12)
    return draft_from(rng, key, context, NAMING[asked], names[relation], names, member=member)


def _role(rng: random.Random) -> Draft:
    """Who gave, who got, who came along and for whom it was, told in any order."""
    verb, *roles = (*rng.choice(DEALS), "helper", "friend")
    markers = ("by", "to", "with", "for")
    names, order, asked = pick(rng, BASIC_NAMES, 4), pick(rng, range(4), 4), rng.randrange(4)
    told = " ".join(f"{markers[i]} {names[i]}" for i in order)
    key = f"role:{verb}:{order}:{asked}"
    return draft_from(rng, key, f"it was {verb} {told} .", f"who was {roles[asked]} :", names[asked], names)


FAMILIES = families(_adjective, _noun, _name_relation, _role)
