"""Basic induction: how a pattern goes on, what comes back, a mirrored row, the odd one out."""

from __future__ import annotations

import random

from core.abilities.drafting import draft_from, families, pick
from core.abilities.item import Draft
from core.abilities.tables import read_tables

TABLES = read_tables("basic/inductive_reasoning")
SYMBOLS, CATEGORIES = TABLES["symbols"].texts, TABLES["categories"].lists
PATTERNS = ("abc", "abcd", "aabc", "abbc", "abcc", "abac", "abcb")
"""Rows that repeat; each letter is a symbol."""


def _pattern(rng: random.Random) -> Draft:
    """The next symbol of a row that repeats."""
    pattern = rng.choice(PATTERNS)
    symbols = pick(rng, SYMBOLS, 4)
    row = [symbols["abcd".index(letter)] for letter in pattern * 4]
    shown = 2 * len(pattern) + rng.randrange(len(pattern))
    key = f"{pattern}:{shown - 2 * len(pattern)}:{','.join(symbols[: len(set(pattern))])}"
    context = f"a row : {' '.join(row[:shown])}"
    return draft_from(rng, key, context, "goes on", row[shown], symbols)


def _recurring(rng: random.Random) -> Draft:
    """The symbol that comes back every second or third time, between others that do not."""
    period = rng.choice((2, 3))
    constant, *others = pick(rng, SYMBOLS, 7)
    shown = 3 * period + 1 if period == 2 else 2 * period + 2
    row = [constant if i % period == period - 1 else others.pop() for i in range(shown)]
    while len(row) % period != period - 1:
        row.pop()
    seen = [symbol for symbol in dict.fromkeys(row) if symbol != constant]
    key = f"recurring:{period}:{','.join(sorted(set(row)))}"
    context = f"a row : {' '.join(row)}"
    return draft_from(rng, key, context, "comes back to", constant, [constant, *seen])


def _mirror(rng: random.Random) -> Draft:
    """The next symbol of a row that runs back."""
    symbols = pick(rng, SYMBOLS, 4)
    shown = rng.randrange(1, 4)
    row = [*symbols, *reversed(symbols)][: 4 + shown]
    key = f"mirror:{shown}:{','.join(symbols)}"
    return draft_from(rng, key, f"there and back : {' '.join(row)}", "then", symbols[3 - shown], symbols)


def _odd_one(rng: random.Random) -> Draft:
    """The one of four that is of another kind."""
    most, other = pick(rng, list(CATEGORIES), 2)
    odd = rng.choice(CATEGORIES[other])
    words = pick(rng, [*pick(rng, CATEGORIES[most], 3), odd], 4)
    key = f"odd:{','.join(sorted(words))}"
    return draft_from(rng, key, f"among {' '.join(words)}", "the odd one is", odd, words)


FAMILIES = families(_pattern, _recurring, _mirror, _odd_one)
