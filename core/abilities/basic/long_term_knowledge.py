"""Basic knowledge: capitals, countries, continents, symbols of elements, classes of animals.

A held-out key is a fact and a phrasing: the fact is known from other phrasings. What the fact is about
stands in the context, so that question and options alone give nothing away.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from core.abilities.basic.words import NAMES, draft
from core.abilities.item import Draft, Family

CAPITALS = {
    "France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Poland": "Warsaw", "Norway": "Oslo",
    "Greece": "Athens", "Egypt": "Cairo", "Kenya": "Nairobi", "Ghana": "Accra", "Japan": "Tokyo",
    "China": "Beijing", "Thailand": "Bangkok", "Iraq": "Baghdad", "Peru": "Lima", "Chile": "Santiago",
    "Cuba": "Havana", "Canada": "Ottawa", "Austria": "Vienna",
}  # fmt: skip
CONTINENTS = {
    "Europe": ("France", "Italy", "Spain", "Poland", "Norway", "Greece", "Austria"),
    "Africa": ("Egypt", "Kenya", "Ghana"),
    "Asia": ("Japan", "China", "Thailand", "Iraq"),
    "America": ("Peru", "Chile", "Cuba", "Canada"),
}
CONTINENT_OF = {country: name for name, members in CONTINENTS.items() for country in members}
SYMBOLS = {
    "gold": "Au", "silver": "Ag", "lead": "Pb", "tin": "Sn", "sodium": "Na", "potassium": "K",
    "mercury": "Hg", "copper": "Cu", "oxygen": "O", "hydrogen": "H", "carbon": "C", "helium": "He",
}  # fmt: skip
CLASSES = {
    "mammal": ("whale", "bat", "mouse", "rabbit"),
    "bird": ("penguin", "ostrich", "stork", "parrot"),
    "fish": ("shark", "trout", "salmon", "carp"),
    "insect": ("beetle", "ant", "moth", "wasp"),
    "reptile": ("lizard", "turtle", "crocodile", "cobra"),
}
CLASS_OF = {animal: name for name, members in CLASSES.items() for animal in members}

CONTEXTS = (
    "think of {x} .",
    "{name} reads about {x} .",
    "the topic is {x} .",
    "{name} asks about {x} .",
    "here we study {x} .",
)


def _recall(
    rng: random.Random, facts: dict[str, str], questions: Sequence[str], pool: Sequence[str]
) -> Draft:
    """A fact in one of the phrasings."""
    subject = rng.choice(list(facts))
    told, asked = rng.randrange(len(CONTEXTS)), rng.randrange(len(questions))
    context = CONTEXTS[told].format(x=subject, name=rng.choice(NAMES))
    return draft(rng, f"{subject}:{questions[asked]}:{told}", context, questions[asked], facts[subject], pool)


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


FAMILIES = (
    Family("capital", _capital),
    Family("country", _country),
    Family("continent", _continent),
    Family("symbol", _symbol),
    Family("animal_class", _animal_class),
)
