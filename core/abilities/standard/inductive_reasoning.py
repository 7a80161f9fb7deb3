"""Inductive reasoning: the rule behind examples, applied to a new case.

The examples are in the context and the question is general. Numeric options are four numbers at equal
distances, the right one anywhere among them; the other options are made of the same parts. Numbers and
letters are here, figures and words in `induction_patterns`. A key holds the rule and what it is applied to.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

from core.abilities.drafting import NAMES, draft_of, families
from core.abilities.item import Draft
from core.abilities.standard.induction_patterns import PATTERNS
from core.abilities.tables import read_tables

SERIES = read_tables("standard/inductive_reasoning")["series"].texts
"""Wordings of a series."""


def _numeric(
    rng: random.Random, key: str, context: str, question: str, gold: int, gaps: Sequence[int]
) -> Draft:
    """A draft whose options are equally far apart, the right one at a random position among them."""
    gap = rng.choice([gap for gap in gaps if 0 < 3 * gap < gold] or [1])
    index = rng.randrange(4)
    return draft_of(key, context, question, [gold + gap * (i - index) for i in range(4)], index)


def _series(rng: random.Random, key: str, terms: Sequence[int], gaps: Sequence[int]) -> Draft:
    """A draft that shows all terms but the last, which is asked for."""
    shown = ", ".join(map(str, terms[:-1]))
    context = rng.choice(SERIES).format(name=rng.choice(NAMES), shown=shown)
    return _numeric(rng, key, context, "Which number comes next?", terms[-1], gaps)


def _changing_steps(rng: random.Random) -> Draft:
    """A series whose steps grow, double or alternate."""
    kind = rng.choice(("grow", "double", "alternate"))
    step, change = rng.randint(2, 9), rng.randint(1, 6)
    if kind == "grow":
        steps = [step + i * change for i in range(5)]
    elif kind == "double":
        step, change = rng.randint(1, 9), 0
        steps = [step * 2**i for i in range(5)]
    else:
        change = rng.choice([i for i in range(-9, 10) if i not in (0, step, -step)])
        steps = [step, change] * 3 + [step] * rng.randint(0, 1)
    sign = rng.choice((-1, 1))
    start = rng.randint(5, 40) if sign > 0 else rng.randint(10, 40) + sum(map(abs, steps))
    start += sum(map(abs, steps)) if kind == "alternate" else 0
    terms = [start]
    for one in steps:
        terms.append(terms[-1] + sign * one)
    return _series(
        rng, f"changing_steps/{kind}/{sign * step}/{sign * change}", terms, (1, 2, abs(change), step)
    )


def _repeated_rule(rng: random.Random) -> Draft:
    """A series in which one or two operations are done again and again."""
    factor, plus, start = rng.randint(2, 3), rng.choice([*range(-5, 0), *range(1, 10)]), rng.randint(2, 9)
    kind = rng.choice(("both", "times first", "plus first"))
    operations: dict[str, tuple[Callable[[int], int], ...]] = {
        "both": (lambda x: factor * x + plus,),
        "times first": (lambda x: factor * x, lambda x: x + plus),
        "plus first": (lambda x: x + plus, lambda x: factor * x),
    }
    turns = operations[kind]
    start += max(0, -plus) * 2
    terms = [start]
    for i in range(5 if kind == "both" else 6):
        terms.append(turns[i % len(turns)](terms[-1]))
    return _series(rng, f"repeated_rule/{kind}/{factor}/{plus}/{start}", terms, (1, 2, abs(plus), 10))


def _interleaved(rng: random.Random) -> Draft:
    """Two series that take turns."""
    steps = rng.sample([i for i in range(-12, 13) if abs(i) > 1], 2)
    n = rng.randint(7, 8)
    starts = [rng.randint(4, 30) + max(0, -4 * step) + rng.choice((0, 50)) for step in steps]
    terms = [starts[i % 2] + steps[i % 2] * (i // 2) for i in range(n + 1)]
    return _series(rng, f"interleaved/{n}/{steps[0]}/{steps[1]}", terms, (1, 2, abs(steps[n % 2])))


def _sum_of_two(rng: random.Random) -> Draft:
    """A series in which each number comes from the two before it."""
    first, second, plus = rng.randint(1, 12), rng.randint(2, 12), rng.randint(-1, 5)
    terms = [first, second]
    for _ in range(5):
        terms.append(terms[-1] + terms[-2] + plus)
    return _series(rng, f"sum_of_two/{first}/{second}/{plus}", terms, (1, 2, 3, 5))


def _machine(rng: random.Random) -> Draft:
    """What a machine makes of a number, from four examples."""
    kind = rng.choice(("line", "line", "line", "square", "product"))
    a, b = rng.randint(2, 9), rng.randint(-9, 12)
    rule: Callable[[int], int] = {
        "line": lambda x: a * x + b,
        "square": lambda x: x * x + b,
        "product": lambda x: x * (x + a),
    }[kind]
    inputs = rng.sample(range(4 if b < 0 else 1, 13), 5)
    while rule(min(inputs)) < 4:
        inputs = rng.sample(range(4, 13), 5)
    shown = ", ".join(f"{x} becomes {rule(x)}" for x in inputs[:4])
    context = f"A machine changes every number by the same rule: {shown}."
    context += f" Now {rng.choice(NAMES)} puts in {inputs[4]}."
    parameters = {"line": f"{a}/{b}", "square": f"{b}", "product": f"{a}"}[kind]
    key = f"machine/{kind}/{parameters}"
    return _numeric(rng, key, context, "Which number comes out?", rule(inputs[4]), (1, 2, a, 10))


def _pair_machine(rng: random.Random) -> Draft:
    """What a machine makes of two numbers, from four examples."""
    kind = rng.choice(("weighted", "product", "square"))
    a, b, c = rng.randint(1, 4), rng.randint(1, 4), rng.randint(0, 6)
    rule: Callable[[int, int], int] = {
        "weighted": lambda p, q: a * p + b * q + c,
        "product": lambda p, q: p * q + b * c,
        "square": lambda p, q: p * p + b * q + c,
    }[kind]
    pairs = rng.sample([(p, q) for p in range(2, 11) for q in range(2, 11) if p != q], 5)
    shown = "; ".join(f"from {p} and {q} it makes {rule(p, q)}" for p, q in pairs[:4])
    context = f"A machine makes one number out of two, always by the same rule: {shown}."
    p, q = pairs[4]
    parameters = {"weighted": f"{a}/{b}/{c}", "product": f"{b * c}", "square": f"{b}/{c}"}[kind]
    key = f"pair_machine/{kind}/{parameters}"
    return _numeric(
        rng, key, f"{context} Now it gets {p} and {q}.", "Which number does it make?", rule(p, q), (1, 2, 3)
    )


def _letter_steps(rng: random.Random) -> Draft:
    """Groups of three letters, each letter with a step of its own."""
    steps = [rng.choice((-3, -2, -1, 1, 2, 3)) for _ in range(3)]
    starts = [rng.randint(1 + max(0, -4 * step), 24 - max(0, 4 * step)) for step in steps]
    groups = [[start + i * step for start, step in zip(starts, steps, strict=True)] for i in range(5)]
    one, other = rng.sample(range(3), 2)
    wrong = {place: rng.choice((-1, 1)) for place in (one, other)}
    options = []
    for changed in ((), (one,), (other,), (one, other)):
        options.append(_letters(n + (wrong[i] if i in changed else 0) for i, n in enumerate(groups[4])))
    return draft_of(
        f"letter_steps/{steps}",
        f"The groups of letters follow a rule: {', '.join(map(_letters, groups[:4]))}.",
        "Which group comes next?",
        options,
    )


def _letters(numbers: Iterable[int]) -> str:
    return "".join(chr(ord("A") + number) for number in numbers)


Order = Callable[[list[str]], list[str]]
"""A way to put letters into another order."""

ORDERS: dict[str, Order] = {
    "reverse": lambda x: x[::-1],
    "first to end": lambda x: x[1:] + x[:1],
    "last to front": lambda x: x[-1:] + x[:-1],
    "first two to end": lambda x: x[2:] + x[:2],
    "ends swapped": lambda x: [x[-1], *x[1:-1], x[0]],
    "first two swapped": lambda x: [x[1], x[0], *x[2:]],
    "last two swapped": lambda x: [*x[:-2], x[-1], x[-2]],
    "pairs swapped": lambda x: [x[i ^ 1] if i ^ 1 < len(x) else x[i] for i in range(len(x))],
}
"""The ways that differ from one another on five letters or more."""


def _reordering(rng: random.Random) -> Draft:
    """Letters put into another order, the way known from examples."""
    n, names = rng.randint(5, 7), rng.sample(list(ORDERS), 4)
    rows = [rng.sample("ABCDEFGHIJKLMNOPRSTUVWXYZ", n) for _ in range(rng.randint(2, 3) + 1)]
    shown = "; ".join(f"{' '.join(row)} becomes {' '.join(ORDERS[names[0]](row))}" for row in rows[:-1])
    options = [" ".join(ORDERS[name](rows[-1])) for name in names]
    return draft_of(
        f"reordering/{n}/{'-'.join(sorted(names))}",
        f"A code puts letters into another order: {shown}. The next message is {' '.join(rows[-1])}.",
        "What does it become?",
        options,
    )


FAMILIES = (
    *families(_changing_steps, _repeated_rule, _interleaved, _sum_of_two),
    *families(_machine, _pair_machine, _letter_steps, _reordering),
    *PATTERNS,
)
