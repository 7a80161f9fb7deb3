"""Inductive reasoning on figures, things and an invented language."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations, product

from core.abilities.drafting import NAMES, draft_of, families, listed
from core.abilities.item import Draft
from core.abilities.tables import entries, read_tables

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
    """The next figure of a row in which colour and shape repeat with patterns of their own."""
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
    """The missing cell of a grid in which number, colour and shape each follow rows, columns or diagonals."""
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
    """The one figure without the feature that all the others share; other figures are odd in other ways."""
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
    """Which figure makes a detector beep, or alone stays silent, by two features that count together."""
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
    """The thing that shares what the things of a list have in common."""
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
    """A phrase of an invented language, its word order and plural known from examples."""
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


PATTERNS = families(_figure_cycle, _figure_grid, _odd_figure, _detector, _in_common, _language)
"""The families on figures, things and language."""
