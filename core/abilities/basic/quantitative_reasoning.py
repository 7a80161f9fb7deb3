"""Basic quantities: getting, losing, counting, comparing.

A held-out key is the operand pair, in its order, or the row that is counted, or the set that is compared.
"""

from __future__ import annotations

import itertools
import random

from core.abilities.drafting import BASIC_NAMES, draft_from, families, pick
from core.abilities.item import Draft
from core.abilities.tables import read_tables

TABLES = read_tables("basic/quantitative_reasoning")
THINGS, COUNTED = TABLES["things"].texts, TABLES["counted"].texts
GOT, LOST = TABLES["got"].texts, TABLES["lost"].texts
MAX_OPERAND = 12


def _near(rng: random.Random, right: int) -> list[str]:
    """Four numbers in a row, the right one anywhere among them."""
    start = right - rng.randrange(4)
    return [str(number) for number in range(start, start + 4)]


def _counting(start: int, times: int, step: int) -> str:
    """What one says when counting on or back: each number, and which count it is."""
    return " ".join(f"{start + step * time} {time}" for time in range(1, times + 1))


def _get(rng: random.Random) -> Draft:
    """How many after getting some more."""
    a, b = rng.randrange(2, MAX_OPERAND + 1), rng.randrange(2, MAX_OPERAND + 1)
    name, thing = rng.choice(BASIC_NAMES), rng.choice(THINGS)
    context = f"{name} had {a} {thing} and {rng.choice(GOT)} {b} ."
    options = _near(rng, a + b)
    return draft_from(rng, f"{a}+{b}", context, f"now {name} has", str(a + b), options, _counting(a, b, 1))


def _lose(rng: random.Random) -> Draft:
    """How many after losing some."""
    rest, b = rng.randrange(3, MAX_OPERAND + 1), rng.randrange(2, MAX_OPERAND + 1)
    a = rest + b
    name, thing = rng.choice(BASIC_NAMES), rng.choice(THINGS)
    context = f"{name} had {a} {thing} and {rng.choice(LOST)} {b} ."
    options = _near(rng, rest)
    return draft_from(rng, f"{a}-{b}", context, f"still {name} has", str(rest), options, _counting(a, b, -1))


def _count(rng: random.Random) -> Draft:
    """How many of one thing lie in a row of three things."""
    n, length = rng.randrange(1, 5), rng.randrange(5, 10)
    mine, *others = pick(rng, COUNTED, 3)
    hits = set(pick(rng, range(length), n))
    row = [mine if i in hits else rng.choice(others) for i in range(length)]
    key = "count:" + "".join("x" if thing == mine else "o" for thing in row)
    context = f"see : {' '.join(row)} ."
    counted = itertools.accumulate(int(thing == mine) for thing in row)
    steps = " ".join(f"{thing} {number}" for thing, number in zip(row, counted, strict=True))
    return draft_from(rng, key, context, f"count of {mine}", str(n), ("1", "2", "3", "4"), steps)


def _compare(rng: random.Random) -> Draft:
    """Who has the most or the fewest of four."""
    names, amounts = pick(rng, BASIC_NAMES, 4), pick(rng, range(1, 17), 4)
    most = rng.random() < 0.5
    winner = amounts.index(max(amounts) if most else min(amounts))
    listed = " , ".join(f"{amount} {name}" for name, amount in zip(names, amounts, strict=True))
    key = f"{'most' if most else 'fewest'}:{','.join(map(str, sorted(amounts)))}"
    steps = f"the {'largest' if most else 'smallest'} number is {amounts[winner]}"
    question = f"the {'most' if most else 'least'} of all has"
    return draft_from(rng, key, f"amounts : {listed} .", question, names[winner], names, steps)


FAMILIES = families(_get, _lose, _count, _compare)
