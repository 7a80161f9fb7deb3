"""Basic semantics: relations of adjectives and of nouns, who did what to whom, the relation of two words.

All options belong to the asked word, each by another relation; the context says which is meant.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from core.abilities.basic.words import NAMES, draft, pick
from core.abilities.item import Draft, Family

ADJECTIVES = {
    "big": ("large", "small", "size", "elephant"),
    "fast": ("quick", "slow", "speed", "rocket"),
    "loud": ("noisy", "quiet", "volume", "thunder"),
    "old": ("ancient", "young", "age", "grandfather"),
    "bright": ("shiny", "dark", "brightness", "lightning"),
    "heavy": ("weighty", "light", "weight", "boulder"),
    "sweet": ("sugary", "bitter", "taste", "honey"),
    "rich": ("wealthy", "poor", "wealth", "king"),
    "strong": ("mighty", "weak", "strength", "giant"),
    "tall": ("high", "short", "height", "tower"),
    "smart": ("clever", "stupid", "wisdom", "professor"),
    "sharp": ("pointed", "blunt", "sharpness", "razor"),
}
"""Each adjective's synonym, antonym, quality and typical example."""

NOUNS = {
    "knife": ("cutlery", "blade", "steel", "cutting"),
    "house": ("building", "roof", "stone", "living"),
    "coat": ("clothing", "sleeve", "wool", "wearing"),
    "table": ("furniture", "leg", "wood", "eating"),
    "novel": ("literature", "chapter", "paper", "reading"),
    "sword": ("weapon", "hilt", "iron", "fighting"),
    "guitar": ("instrument", "string", "maple", "playing"),
    "ship": ("vessel", "deck", "oak", "sailing"),
    "sofa": ("seat", "cushion", "leather", "resting"),
    "pot": ("dish", "lid", "clay", "cooking"),
}
"""Each noun's kind, part, material and use."""

RELATIONS = ("synonym", "antonym", "quality", "example", "kind", "part", "material", "use")
RELATION_FORMS = {
    "synonym": ("a word that means the same :", "say it with another word :", "give a synonym :"),
    "antonym": ("a word that means the reverse :", "say the contrary :", "give an antonym :"),
    "quality": ("the scale that it belongs to :", "say what is measured :", "give the quality :"),
    "example": ("something that is just so :", "say a typical case :", "give an example :"),
    "kind": ("the larger group of it :", "say what it is :", "give the kind :"),
    "part": ("a piece of it :", "say what belongs to it :", "give a part :"),
    "material": ("the stuff of it :", "say what it is made from :", "give the material :"),
    "use": ("the purpose of it :", "say what it is good for :", "give the use :"),
}
ASKED_FORMS = ("for {word}", "take {word}", "what of {word}")

PAIR_FORMS = (
    "{name} says first {word} then {other} .",
    "{name} writes {word} and {other} .",
    "from {word} {name} goes to {other} .",
    "{word} makes {name} think of {other} .",
)
NAMING_FORMS = ("the second is its", "the second names the", "this shows the")

DEALS = {
    "sent": ("sender", "receiver"),
    "sold": ("seller", "buyer"),
    "lent": ("lender", "borrower"),
    "told": ("teller", "listener"),
    "handed": ("giver", "taker"),
}
"""Verbs of giving, and what one calls the one who gives and the one who gets."""


def _relate(rng: random.Random, table: Mapping[str, tuple[str, ...]], first_relation: int) -> Draft:
    word, relation = rng.choice(list(table)), rng.randrange(4)
    forms = RELATION_FORMS[RELATIONS[first_relation + relation]]
    told, asked = rng.randrange(len(forms)), rng.randrange(len(ASKED_FORMS))
    key, member = f"{word}:{relation}", (told * 3 + asked, 9)
    question = ASKED_FORMS[asked].format(word=word)
    return draft(rng, key, forms[told], question, table[word][relation], table[word], member=member)


def _adjective(rng: random.Random) -> Draft:
    """Synonym, antonym, quality or example of an adjective."""
    return _relate(rng, ADJECTIVES, 0)


def _noun(rng: random.Random) -> Draft:
    """Kind, part, material or use of a noun."""
    return _relate(rng, NOUNS, 4)


def _name_relation(rng: random.Random) -> Draft:
    """The relation of two words, named."""
    table, names = rng.choice(((ADJECTIVES, RELATIONS[:4]), (NOUNS, RELATIONS[4:])))
    word, relation = rng.choice(list(table)), rng.randrange(4)
    told, asked = rng.randrange(len(PAIR_FORMS)), rng.randrange(len(NAMING_FORMS))
    context = PAIR_FORMS[told].format(word=word, other=table[word][relation], name=rng.choice(NAMES))
    key, member = f"named:{word}:{relation}", (3 * told + asked, 12)
    return draft(rng, key, context, NAMING_FORMS[asked], names[relation], names, member=member)


def _role(rng: random.Random) -> Draft:
    """Who gave, who got, who came along and for whom it was, told in any order."""
    verb = rng.choice(list(DEALS))
    markers = ("by", "to", "with", "for")
    roles = (*DEALS[verb], "helper", "friend")
    names, order, asked = pick(rng, NAMES, 4), pick(rng, range(4), 4), rng.randrange(4)
    told = " ".join(f"{markers[i]} {names[i]}" for i in order)
    key = f"role:{verb}:{order}:{asked}"
    return draft(rng, key, f"it was {verb} {told} .", f"who was {roles[asked]} :", names[asked], names)


FAMILIES = (
    Family("adjective", _adjective),
    Family("noun", _noun),
    Family("name_relation", _name_relation),
    Family("role", _role),
)
