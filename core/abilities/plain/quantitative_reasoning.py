"""Plain quantities: adding, taking away, multiplying, counting on, one more.

The numbers that an item tells are never among its options. Each right number comes up in both splits: of the
pairs that lead to it, a fifth is held out. Products, and the numbers that are counted to, are apart: a fifth
of all products and of all tens is held out.
"""

from __future__ import annotations

import random
from itertools import combinations_with_replacement

from core.abilities.drafting import NAMES, draft_from, families, pick
from core.abilities.generate import split_of
from core.abilities.item import SPLITS, Draft
from core.abilities.tables import read_tables

ABILITY = "quantitative_reasoning"
TABLES = read_tables("plain/quantitative_reasoning")
THINGS = TABLES["things"].texts
NUMBERS = range(4, 10)
"""Sums and rests: of one digit, so that none is longer than another."""

Pair = tuple[int, int]

SUMMANDS: dict[int, list[Pair]] = {n: [(a, n - a) for a in range(1, n // 2 + 1)] for n in NUMBERS}
"""The pairs that add up to each number."""

DIFFERENCES: dict[int, list[Pair]] = {n: [(n + b, b) for b in range(1, 10)] for n in NUMBERS}
"""The pairs that differ by each number."""

FACTORS = {a * b: (a, b) for a, b in combinations_with_replacement(range(2, 10), 2) if a * b > 9}
"""Two factors of each product of two digits."""

PRODUCTS = [
    [n for i, n in enumerate(FACTORS) if split_of(ABILITY, "product", (i, len(FACTORS))) == split]
    for split in SPLITS
]
"""The products of each split."""


def _scene(rng: random.Random, table: str, a: int, b: int = 0) -> list[str]:
    """A row of a table, filled in."""
    name, things = rng.choice(NAMES), rng.choice(THINGS)
    return [text.format(name=name, things=things, a=a, b=b) for text in rng.choice(TABLES[table].rows)]


def _reckon(rng: random.Random, table: str, pairs: dict[int, list[Pair]], sign: str) -> Draft:
    """Two numbers, what they give, and three options that are none of the two."""
    options = pick(rng, NUMBERS, 4)
    number = rng.randrange(len(pairs[options[0]]))
    pair = pairs[options[0]][number]
    if {*pair} & {*options}:
        return _reckon(rng, table, pairs, sign)
    a, b = pick(rng, pair, 2) if sign == "+" else pair
    (scene,) = _scene(rng, table, a, b)
    key, member = f"{sign}{options[0]}", (number, len(pairs[options[0]]))
    question = f"{scene} What is {a} {sign} {b}?"
    steps = f"{a} {sign} {b} = {options[0]}."
    return draft_from(rng, key, "", question, str(options[0]), [*map(str, options)], steps, member)


def _add(rng: random.Random) -> Draft:
    """Two numbers together."""
    return _reckon(rng, "adding", SUMMANDS, "+")


def _subtract(rng: random.Random) -> Draft:
    """What is left of a number."""
    return _reckon(rng, "subtracting", DIFFERENCES, "-")


def _multiply(rng: random.Random) -> Draft:
    """Groups of the same size."""
    options = pick(rng, rng.choice(PRODUCTS), 4)
    a, b = pick(rng, FACTORS[options[0]], 2)
    (scene,) = _scene(rng, "multiplying", a, b)
    question, member = f"{scene} What is {a} x {b}?", (list(FACTORS).index(options[0]), len(FACTORS))
    steps = f"{a} x {b} = {options[0]}."
    return draft_from(rng, "product", "", question, str(options[0]), [*map(str, options)], steps, member)


def _successor(rng: random.Random, table: str) -> Draft:
    """The number after a number, among others with the same tens; the number itself is no option."""
    tens, digits = rng.randrange(10), pick(rng, range(1, 10), 4)
    if digits[0] - 1 in digits:
        return _successor(rng, table)
    options = [str(10 * tens + digit) for digit in digits]
    told = int(options[0]) - 1
    *context, question = _scene(rng, table, told)
    steps = f"{told} + 1 = {options[0]}."
    return draft_from(rng, table, "".join(context), question, options[0], options, steps, (tens, 10))


def _count_on(rng: random.Random) -> Draft:
    """The number that comes next."""
    return _successor(rng, "next")


def _one_more(rng: random.Random) -> Draft:
    """How many there are with one more."""
    return _successor(rng, "one more")


FAMILIES = families(_add, _subtract, _multiply, _count_on, _one_more)
