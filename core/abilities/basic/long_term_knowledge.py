"""Basic knowledge: capitals, countries, continents, symbols of elements, classes of animals.

A held-out key is a fact and a phrasing: the fact is known from other phrasings. What the fact is about
is in the context, so that question and options alone give nothing away.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from core.abilities.drafting import BASIC_NAMES, draft_from, families
from core.abilities.item import Draft
from core.abilities.tables import read_tables

TABLES = read_tables("basic/long_term_knowledge")
CAPITALS, SYMBOLS = dict(TABLES["capitals"].pairs), dict(TABLES["symbols"].pairs)
CONTINENTS, CLASSES = TABLES["continents"].lists, TABLES["classes"].lists
CLASS_OF = {animal: name for name, members in CLASSES.items() for animal in members}
CONTEXTS = TABLES["contexts"].texts


def _recall(
    rng: random.Random, facts: Mapping[str, str], questions: Sequence[str], pool: Sequence[str]
) -> Draft:
    """A fact in one of the phrasings."""
    subject = rng.choice(list(facts))
    told, asked = rng.randrange(len(CONTEXTS)), rng.randrange(len(questions))
    context = CONTEXTS[told].format(x=subject, name=rng.choice(BASIC_NAMES))
    return draft_from(
        rng, f"{subject}:{questions[asked]}:{told}", context, questions[asked], facts[subject], pool
    )


def _capital(rng: random.Random) -> Draft:
    """The capital of a country."""
    asked = ("its capital is", "there the government sits in", "the main city is called")
    return _recall(rng, CAPITALS, asked, list(CAPITALS.values()))


def _country(rng: random.Random) -> Draft:
    """The country of a capital."""
    facts = {city: country for country, city in CAPITALS.items()}
    asked = ("the city lies in", "it is the capital of", "its people live in")
    return _recall(rng, facts, asked, list(CAPITALS))


def _continent(rng: random.Random) -> Draft:
    """The continent of a country, each continent asked for equally often."""
    continent = rng.choice(list(CONTINENTS))
    facts = dict.fromkeys(CONTINENTS[continent], continent)
    asked = ("the country is part of", "its continent is", "it belongs to")
    return _recall(rng, facts, asked, list(CONTINENTS))


def _symbol(rng: random.Random) -> Draft:
    """The symbol of an element."""
    asked = ("the symbol is", "chemists write", "its short sign is")
    return _recall(rng, SYMBOLS, asked, list(SYMBOLS.values()))


def _animal_class(rng: random.Random) -> Draft:
    """The class of an animal."""
    asked = ("this animal is a kind of", "biologists call it", "its class is")
    return _recall(rng, CLASS_OF, asked, list(CLASSES))


FAMILIES = families(_capital, _country, _continent, _symbol, _animal_class)
