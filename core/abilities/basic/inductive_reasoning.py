"""Basic induction: how a pattern goes on, a label by example, a mirrored row, the odd one out."""

from __future__ import annotations

import random

from core.abilities.basic.words import draft, pick
from core.abilities.item import Draft, Family

SYMBOLS = ("star", "moon", "heart", "cross", "circle", "square", "arrow", "dot", "wave", "leaf")
PATTERNS = ("abc", "abcd", "aabc", "abbc", "abcc", "abac", "abcb")
LABELS = ("zib", "pob", "gam", "lun", "tak", "vem")
CATEGORIES = {
    "birds": ("owl", "crow", "swan", "eagle", "robin", "gull"),
    "fruit": ("apple", "plum", "grape", "cherry", "peach", "melon"),
    "music": ("drum", "flute", "piano", "violin", "trumpet", "harp"),
    "clothes": ("shirt", "sock", "jacket", "scarf", "glove", "skirt"),
    "tools": ("saw", "drill", "wrench", "pliers", "chisel", "axe"),
    "weather": ("snow", "storm", "fog", "hail", "wind", "frost"),
}
"""Kinds of things that a label can stand for."""


def _pattern(rng: random.Random) -> Draft:
    """The next symbol of a row that repeats."""
    pattern = rng.choice(PATTERNS)
    symbols = pick(rng, SYMBOLS, 4)
    row = [symbols["abcd".index(letter)] for letter in pattern * 4]
    shown = 2 * len(pattern) + rng.randrange(len(pattern))
    key = f"{pattern}:{shown - 2 * len(pattern)}:{','.join(symbols[: len(set(pattern))])}"
    context = f"a row : {' '.join(row[:shown])}"
    return draft(rng, key, context, "goes on", row[shown], symbols)


def _label(rng: random.Random) -> Draft:
    """The label of a new thing, from one example of each label."""
    groups, labels = pick(rng, list(CATEGORIES), 4), pick(rng, LABELS, 4)
    asked = rng.randrange(4)
    examples = [rng.choice(CATEGORIES[group]) for group in groups]
    new = rng.choice([word for word in CATEGORIES[groups[asked]] if word != examples[asked]])
    listed = " . ".join(f"{e} is {label}" for e, label in zip(examples, labels, strict=True))
    key = ":".join(sorted((examples[asked], new)))
    return draft(rng, key, f"{listed} .", f"so {new} is", labels[asked], labels)


def _mirror(rng: random.Random) -> Draft:
    """The next symbol of a row that runs back."""
    symbols = pick(rng, SYMBOLS, 4)
    shown = rng.randrange(1, 4)
    row = [*symbols, *reversed(symbols)][: 4 + shown]
    key = f"mirror:{shown}:{','.join(symbols)}"
    return draft(rng, key, f"there and back : {' '.join(row)}", "then", symbols[3 - shown], symbols)


def _odd_one(rng: random.Random) -> Draft:
    """The one of four that is of another kind."""
    most, other = pick(rng, list(CATEGORIES), 2)
    odd = rng.choice(CATEGORIES[other])
    words = pick(rng, [*pick(rng, CATEGORIES[most], 3), odd], 4)
    key = f"odd:{odd}:{most}"
    return draft(rng, key, f"among {' '.join(words)}", "the odd one is", odd, words)


FAMILIES = (
    Family("pattern", _pattern),
    Family("label", _label),
    Family("mirror", _mirror),
    Family("odd_one", _odd_one),
)
