"""Basic quantities: getting, losing, counting, comparing. The key is the operand pair or the counts.

Amounts that are added or taken are shown, not written as numerals: a table of sums of numerals can be learnt
by heart, and a tiny model does just that and knows nothing of the pairs that were held out.
"""

from __future__ import annotations

import itertools
import random

from core.abilities.basic.words import NAMES, draft, pick
from core.abilities.item import Draft, Family

COUNTED = ("pear", "bean", "rock", "seed", "brick", "bell", "egg", "cake")
SUMS = list(itertools.combinations_with_replacement(range(2, 7), 2))
"""The pairs that are added."""
RESTS = list(itertools.product(range(2, 6), range(1, 6)))
"""What remains and what is taken."""
GOT = ("got", "bought", "found")
LOST = ("lost", "sold", "dropped")


def _near(rng: random.Random, gold: int) -> list[str]:
    """Four numbers in a row that hold the gold at any place."""
    start = gold - rng.randrange(4)
    return [str(number) for number in range(start, start + 4)]


def _shown(thing: str, amount: int) -> str:
    """An amount as it is seen: the thing so many times."""
    return " ".join([thing] * amount)


def _counting(first: int, last: int) -> str:
    """The numbers that one says when counting from one number on to another."""
    step = 1 if last >= first else -1
    return " ".join(str(number) for number in range(first, last + step, step))


def _get(rng: random.Random) -> Draft:
    """How many after getting some more, both amounts shown."""
    number = rng.randrange(len(SUMS))
    a, b = pick(rng, SUMS[number], 2)
    name, thing = rng.choice(NAMES), rng.choice(COUNTED)
    context = f"{name} had {_shown(thing, a)} and {rng.choice(GOT)} {_shown(thing, b)} ."
    question, total, member = f"now count of {thing}", a + b, (number, len(SUMS))
    return draft(rng, "add", context, question, str(total), _near(rng, total), _counting(1, total), member)


def _lose(rng: random.Random) -> Draft:
    """How many after losing some, both amounts shown."""
    number = rng.randrange(len(RESTS))
    rest, b = RESTS[number]
    name, thing = rng.choice(NAMES), rng.choice(COUNTED)
    context = f"{name} had {_shown(thing, rest + b)} and {rng.choice(LOST)} {_shown(thing, b)} ."
    question, member = f"still count of {thing}", (number, len(RESTS))
    steps = _counting(rest + b, rest)
    return draft(rng, "subtract", context, question, str(rest), ("2", "3", "4", "5"), steps, member)


def _count(rng: random.Random) -> Draft:
    """How many of one thing lie in a row of two things."""
    n, others = rng.randrange(2, 6), rng.randrange(1, 4)
    mine, other = pick(rng, COUNTED, 2)
    row = pick(rng, [True] * n + [False] * others, n + others)
    key = "count:" + "".join("x" if is_mine else "o" for is_mine in row)
    context = f"see : {' '.join(mine if is_mine else other for is_mine in row)} ."
    return draft(rng, key, context, f"count of {mine}", str(n), ("2", "3", "4", "5"), _counting(1, n))


def _compare(rng: random.Random) -> Draft:
    """Who has the most or the fewest of four."""
    names, amounts = pick(rng, NAMES, 4), pick(rng, range(1, 17), 4)
    most = rng.random() < 0.5
    winner = amounts.index(max(amounts) if most else min(amounts))
    listed = " , ".join(f"{name} {amount}" for name, amount in zip(names, amounts, strict=True))
    key = f"{'most' if most else 'fewest'}:{','.join(map(str, sorted(amounts)))}"
    steps = f"the {'largest' if most else 'smallest'} number is {amounts[winner]}"
    question = f"the {'most' if most else 'least'} of all has"
    return draft(rng, key, f"amounts : {listed} .", question, names[winner], names, steps)


FAMILIES = (
    Family("get", _get),
    Family("lose", _lose),
    Family("count", _count),
    Family("compare", _compare),
)
