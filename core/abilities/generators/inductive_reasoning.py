"""Inductive reasoning: the rule behind examples, applied to a new case.

The examples are in the context and the question is general. Numeric options are four numbers at equal
distances, the right one anywhere among them; the other options are made of the same parts. A key holds the
rule and what it is applied to.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, product

from core.abilities.drafting import BASIC_NAMES, NAMES, draft_from, draft_of, families, listed, pick
from core.abilities.item import Draft, Family
from core.abilities.tables import entries, read_tables
from core.models.spec import Level

# Basic induction: how a pattern goes on, what comes back, a mirrored row, the odd one out.

BASIC_TABLES = read_tables("basic/inductive_reasoning")
SYMBOLS, CATEGORIES = BASIC_TABLES["symbols"].texts, BASIC_TABLES["categories"].lists
PATTERNS = ("abc", "abcd", "aabc", "abbc", "abcc", "abac", "abcb")
"""Rows that repeat; each letter is a symbol."""


def _pattern(rng: random.Random) -> Draft:
    pattern = rng.choice(PATTERNS)
    symbols = pick(rng, SYMBOLS, 4)
    row = [symbols["abcd".index(letter)] for letter in pattern * 4]
    shown = 2 * len(pattern) + rng.randrange(len(pattern))
    key = f"{pattern}:{shown - 2 * len(pattern)}:{','.join(symbols[: len(set(pattern))])}"
    context = f"a row : {' '.join(row[:shown])}"
    return draft_from(rng, key, context, "goes on", row[shown], symbols)


def _recurring(rng: random.Random) -> Draft:
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
    symbols = pick(rng, SYMBOLS, 4)
    shown = rng.randrange(1, 4)
    row = [*symbols, *reversed(symbols)][: 4 + shown]
    key = f"mirror:{shown}:{','.join(symbols)}"
    return draft_from(rng, key, f"there and back : {' '.join(row)}", "then", symbols[3 - shown], symbols)


def _odd_one(rng: random.Random) -> Draft:
    most, other = pick(rng, list(CATEGORIES), 2)
    odd = rng.choice(CATEGORIES[other])
    words = pick(rng, [*pick(rng, CATEGORIES[most], 3), odd], 4)
    key = f"odd:{','.join(sorted(words))}"
    return draft_from(rng, key, f"among {' '.join(words)}", "the odd one is", odd, words)


# Plain induction: the kind behind examples, the change behind examples, the next number of a row.

PLAIN_TABLES = read_tables("plain/inductive_reasoning")
KINDS, LISTS = PLAIN_TABLES["kinds"].lists, PLAIN_TABLES["lists"].texts
VERBS = PLAIN_TABLES["verbs"].rows
STEPS = (2, 3, 5, 10)
"""Steps of the rows of numbers; the options are the last number plus each of them."""


def _kind(rng: random.Random) -> Draft:
    kind = rng.choice(list(KINDS))
    members = pick(rng, KINDS[kind], 3)
    context = rng.choice(LISTS).format(a=members[0], b=members[1], c=members[2])
    pool = [f"They are all {other}" for other in KINDS]
    key = f"kind:{','.join(sorted(members))}"
    return draft_from(rng, key, context, "What are they all?", f"They are all {kind}", pool)


def _change(rng: random.Random) -> Draft:
    form = rng.randrange(4)
    rows = pick(rng, VERBS, 3)
    verb, *forms = rows[-1]
    context = " ".join(f"The machine turns {v} into {of_v[form]}." for v, *of_v in rows[:-1])
    options = [f"It turns {verb} into {other}" for other in forms]
    key = f"change:{form}:{','.join(sorted(row[0] for row in rows))}"
    return draft_from(rng, key, context, f"What does it turn {verb} into?", options[form], options)


def _numbers(rng: random.Random) -> Draft:
    step, last = rng.randrange(4), rng.randrange(31, 200)
    shown = [last - STEPS[step] * back for back in (3, 2, 1, 0)]
    options = [f"{last}, {last + other}" for other in STEPS]
    context = f"{rng.choice(BASIC_NAMES)} counts {', '.join(map(str, shown))}."
    return draft_of(f"numbers:{last}", context, f"What comes after {last}?", options, step)


# Inductive reasoning on figures, things and an invented language.

TABLES = read_tables("standard/inductive_reasoning")
COLOURS, SHAPES = TABLES["colours"].texts, TABLES["shapes"].texts
NOUNS, ADJECTIVES = TABLES["nouns"].texts, TABLES["adjectives"].texts
STEMS, AFFIXES = TABLES["stems"].texts, TABLES["affixes"].texts
COLLECTIONS = TABLES["collections"].texts

FEATURES = {**TABLES["features"].lists, "shape": SHAPES}
"""Features of a figure and their values, in the order in which they are said."""

COMMON = {kind: (fields.split(), entries(things)) for kind, fields, things in TABLES["common"].rows}
"""What things have in common: the fields that it touches, and the things."""

CYCLES: tuple[str, ...] = ("AB", "ABC", "AAB", "ABB", "ABCD", "AABB", "ABAC", "AABC", "ABBC", "ABCC")
"""Patterns that repeat; a letter stands for a colour or a shape."""


def _figure_cycle(rng: random.Random) -> Draft:
    cycles, n = rng.choices(CYCLES, k=2), rng.randint(8, 10)
    pools = [rng.sample(COLOURS, 4), rng.sample(SHAPES, 4)]
    tracks = [[pool["ABCD".index(c)] for c in cycle] for pool, cycle in zip(pools, cycles, strict=True)]
    shown = [" ".join(track[i % len(track)] for track in tracks) for i in range(n)]
    right = [track[n % len(track)] for track in tracks]
    wrong = [rng.choice([v for v in track if v != r]) for track, r in zip(tracks, right, strict=True)]
    options = [" ".join(pair) for pair in _crossed(right, wrong)]
    return draft_of(
        f"figure_cycle/{cycles}/{n}",
        f"A row of figures follows a pattern: {', '.join(shown)}.",
        "Which figure comes next?",
        options,
    )


def _crossed(right: Sequence[str], wrong: Sequence[str]) -> list[tuple[str, str]]:
    """The four pairs of a right or wrong first part and a right or wrong second part; the right one first."""
    return list(product((right[0], wrong[0]), (right[1], wrong[1])))


LINES: tuple[str, ...] = ("row", "column", "down", "up")
"""What decides a feature in a grid: the row, the column, or the diagonal that goes down or up."""


def _line(kind: str, row: int, column: int) -> int:
    return {"row": row, "column": column, "down": (column - row) % 3, "up": (column + row) % 3}[kind]


def _figure_grid(rng: random.Random) -> Draft:
    kinds = rng.choices(LINES, k=3)
    while len(set(kinds)) == 1:
        kinds = rng.choices(LINES, k=3)
    pools = [rng.sample(pool, 3) for pool in (("one", "two", "three"), COLOURS, SHAPES)]
    hole = (rng.randrange(3), rng.randrange(3))

    def values(row: int, column: int) -> list[str]:
        return [pool[_line(kind, row, column)] for pool, kind in zip(pools, kinds, strict=True)]

    rows = []
    for row in range(3):
        cells = ["?" if (row, column) == hole else _cell(values(row, column)) for column in range(3)]
        rows.append(f"Row {row + 1}: {' | '.join(cells)}")
    right = values(*hole)
    wrong = [rng.choice([v for v in pool if v != r]) for pool, r in zip(pools, right, strict=True)]
    i, j = rng.sample(range(3), 2)
    options = []
    for first, second in _crossed([right[i], right[j]], [wrong[i], wrong[j]]):
        options.append(_cell([{i: first, j: second}.get(index, value) for index, value in enumerate(right)]))
    return draft_of(
        f"figure_grid/{kinds}/{hole}",
        "The cells of a grid follow a pattern.\n" + "\n".join(rows),
        "What belongs in the cell with the question mark?",
        options,
    )


def _cell(values: Sequence[str]) -> str:
    number, colour, shape = values
    return f"{number} {colour} {shape}{'' if number == 'one' else 's'}"


def _odd_figure(rng: random.Random) -> Draft:
    names = list(FEATURES)
    base = {name: rng.choice(FEATURES[name]) for name in names}
    key = rng.choice(names)
    options = [_changed(rng, base, [name]) for name in [key, *(n for n in names if n != key)]]
    others = [name for name in names if name != key]
    sets = [some for size in (2, 3) for some in combinations(others, size)]
    extra = rng.choices(sets, k=rng.randint(3, 5))
    while not all(any(name in some for some in extra) for name in others):
        extra = rng.choices(sets, k=len(extra))
    figures = options + [_changed(rng, base, some) for some in extra]
    while len(set(figures)) < len(figures):
        figures = options + [_changed(rng, base, some) for some in extra]
    return draft_of(
        f"odd_figure/{key}/{sorted(extra)}",
        "All of these figures but one have something in common: "
        + ", ".join(rng.sample(figures, len(figures)))
        + ".",
        "Which figure does not belong with the others?",
        options,
    )


def _changed(rng: random.Random, base: dict[str, str], names: Sequence[str]) -> str:
    """The base figure with other values of the named features."""
    new = {n: rng.choice([v for v in FEATURES[n] if v != base[n]]) for n in names}
    return "a " + " ".join((base | new).values())


def _detector(rng: random.Random) -> Draft:
    names = rng.sample(list(FEATURES), 3)  # the first two count, the third does not
    values = [rng.sample(FEATURES[name], 3) for name in names]
    beeps_alone = rng.random() < 0.5
    shown: list[tuple[tuple[int, ...], bool]] = []
    layout = []
    for cell in product((0, 1), repeat=2):
        thirds = (0, 1) if cell == (0, 0) else rng.choice(((0,), (1,), (0, 1)))
        layout.append(thirds)
        shown += [((*cell, third), (cell == (0, 0)) == beeps_alone) for third in thirds]

    def figure(numbers: Sequence[int]) -> str:
        has = {name: pool[i] for name, pool, i in zip(names, values, numbers, strict=True)}
        return (
            "a "
            + " ".join(has[name] for name in FEATURES if name in has)
            + ("" if "shape" in has else " tile")
        )

    beeping = [figure(numbers) for numbers, beeps in rng.sample(shown, len(shown)) if beeps]
    silent = [figure(numbers) for numbers, beeps in rng.sample(shown, len(shown)) if not beeps]
    options = [figure((*cell, 2)) for cell in product((0, 1), repeat=2)]
    asked = "makes the detector beep" if beeps_alone else "leaves the detector silent"
    return draft_of(
        f"detector/{beeps_alone}/{sorted(names[:2])}/{names[2]}/{layout[1:]}",
        f"A detector beeps at {listed(beeping)}. It stays silent at {listed(silent)}.",
        f"Which of these {asked}?",
        options,
    )


def _in_common(rng: random.Random) -> Draft:
    while True:
        kinds = rng.sample(list(COMMON), 4)
        fields = [field for kind in kinds for field in COMMON[kind][0]]
        if len(fields) == len(set(fields)):
            break
    things = rng.sample(COMMON[kinds[0]][1], 5)
    options = [things[4], *(rng.choice(COMMON[kind][1]) for kind in kinds[1:])]
    return draft_of(
        f"in_common/{sorted(kinds)}",
        rng.choice(COLLECTIONS).format(name=rng.choice(NAMES), things=", ".join(things[:4])),
        "Which of these belongs with them?",
        options,
    )


MARKS: tuple[tuple[str, str], ...] = (
    ("noun", "before"), ("noun", "after"), ("adjective", "before"), ("adjective", "after"),
)  # fmt: skip
"""Where the mark of the plural is: on which word, before or after its stem."""


def _language(rng: random.Random) -> Draft:
    order, mark, other = rng.randrange(2), *rng.sample(MARKS, 2)
    stems, affix = rng.sample(STEMS, 6), rng.choice(AFFIXES)
    nouns, adjectives = rng.sample(NOUNS, 3), rng.sample(ADJECTIVES, 3)

    def phrase(noun: int, adjective: int, plural: bool, order: int, mark: tuple[str, str]) -> str:
        parts = {"noun": stems[noun], "adjective": stems[3 + adjective]}
        if plural:
            word, side = mark
            parts[word] = affix + parts[word] if side == "before" else parts[word] + affix
        return " ".join(parts[name] for name in (("noun", "adjective"), ("adjective", "noun"))[order])

    cases = [(0, 0, False), (0, 0, True), (1, 0, False), (0, 1, False), (2, 2, True)]
    shown = rng.sample(range(5), 5)
    examples = [
        f"“{phrase(*cases[i], order, mark)}” means “{_gloss(nouns, adjectives, *cases[i])}”" for i in shown
    ]
    options = [phrase(1, 1, True, o, m) for o, m in product((order, 1 - order), (mark, other))]
    return draft_of(
        f"language/{order}/{mark}/{sorted((mark, other))}/{shown}",
        f"In an invented language, {listed(examples)}.",
        f"What is “{_gloss(nouns, adjectives, 1, 1, True)}” in this language?",
        options,
    )


def _gloss(nouns: Sequence[str], adjectives: Sequence[str], noun: int, adjective: int, plural: bool) -> str:
    return f"{adjectives[adjective]} {nouns[noun]}{'s' if plural else ''}"


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
    steps = rng.sample([i for i in range(-12, 13) if abs(i) > 1], 2)
    n = rng.randint(7, 8)
    starts = [rng.randint(4, 30) + max(0, -4 * step) + rng.choice((0, 50)) for step in steps]
    terms = [starts[i % 2] + steps[i % 2] * (i // 2) for i in range(n + 1)]
    return _series(rng, f"interleaved/{n}/{steps[0]}/{steps[1]}", terms, (1, 2, abs(steps[n % 2])))


def _sum_of_two(rng: random.Random) -> Draft:
    first, second, plus = rng.randint(1, 12), rng.randint(2, 12), rng.randint(-1, 5)
    terms = [first, second]
    for _ in range(5):
        terms.append(terms[-1] + terms[-2] + plus)
    return _series(rng, f"sum_of_two/{first}/{second}/{plus}", terms, (1, 2, 3, 5))


def _machine(rng: random.Random) -> Draft:
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


FAMILIES: dict[Level, tuple[Family, ...]] = {
    "basic": families(_pattern, _recurring, _mirror, _odd_one),
    "plain": families(_kind, _change, _numbers),
    "standard": (
        *families(_changing_steps, _repeated_rule, _interleaved, _sum_of_two),
        *families(_machine, _pair_machine, _letter_steps, _reordering),
        *families(_figure_cycle, _figure_grid, _odd_figure, _detector, _in_common, _language),
    ),
}
