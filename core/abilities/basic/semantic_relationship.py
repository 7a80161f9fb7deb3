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

DEEDS = ("pushed", "called", "helped", "chased", "praised", "blamed", "kissed", "warned")


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
    word, relation, name = rng.choice(list(table)), rng.randrange(4), rng.choice(NAMES)
    context = f"{name} says first {word} then {table[word][relation]} ."
    key, member = f"named:{names[relation]}", (list(table).index(word), len(table))
    return draft(rng, key, context, "the second is its", names[relation], names, member=member)


def _role(rng: random.Random) -> Draft:
    """Who did something, or to whom it was done, told in the active or the passive."""
    names, deeds = pick(rng, NAMES, 4), pick(rng, DEEDS, 2)
    told, passives = [], [rng.random() < 0.5, rng.random() < 0.5]
    for number, deed in enumerate(deeds):
        doer, receiver = names[2 * number], names[2 * number + 1]
        told.append(f"{receiver} was {deed} by {doer}" if passives[number] else f"{doer} {deed} {receiver}")
    asked, is_doer = rng.randrange(2), rng.random() < 0.5
    key = f"role:{deeds[asked]}:{deeds[1 - asked]}:{asked}:{passives}:{is_doer}"
    question = f"who {deeds[asked]} :" if is_doer else f"who was {deeds[asked]} :"
    return draft(rng, key, " . ".join(told) + " .", question, names[2 * asked + (not is_doer)], names)


FAMILIES = (
    Family("adjective", _adjective),
    Family("noun", _noun),
    Family("name_relation", _name_relation),
    Family("role", _role),
)
