"""Inductive reasoning on figures, things and an invented language."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations, product

from core.abilities.item import Draft
from core.abilities.standard import induction_words as words
from core.abilities.standard.names import NAMES

CYCLES: tuple[str, ...] = ("AB", "ABC", "AAB", "ABB", "ABCD", "AABB", "ABAC", "AABC", "ABBC", "ABCC")
"""Patterns that repeat; a letter stands for a colour or a shape."""


def draw_figure_cycle(rng: random.Random) -> Draft:
    """The next figure of a row in which colour and shape repeat with patterns of their own."""
    cycles, n = rng.choices(CYCLES, k=2), rng.randint(8, 10)
    pools = [rng.sample(words.COLOURS, 4), rng.sample(words.SHAPES, 4)]
    tracks = [[pool["ABCD".index(c)] for c in cycle] for pool, cycle in zip(pools, cycles, strict=True)]
    shown = [" ".join(track[i % len(track)] for track in tracks) for i in range(n)]
    right = [track[n % len(track)] for track in tracks]
    wrong = [rng.choice([v for v in track if v != r]) for track, r in zip(tracks, right, strict=True)]
    options = [" ".join(pair) for pair in _crossed(right, wrong)]
    return Draft(
        key=f"figure_cycle/{cycles}/{n}",
        context=f"A row of figures follows a pattern: {', '.join(shown)}.",
        question="Which figure comes next?",
        answer=options[0],
        distractors=(options[1], options[2], options[3]),
    )


def _crossed(right: Sequence[str], wrong: Sequence[str]) -> list[tuple[str, str]]:
    """The four pairs of a right or wrong first part and a right or wrong second part; the right one first."""
    return list(product((right[0], wrong[0]), (right[1], wrong[1])))


LINES: tuple[str, ...] = ("row", "column", "down", "up")
"""What decides a feature in a grid: the row, the column, or the diagonal that goes down or up."""


def _line(kind: str, row: int, column: int) -> int:
    return {"row": row, "column": column, "down": (column - row) % 3, "up": (column + row) % 3}[kind]


def draw_figure_grid(rng: random.Random) -> Draft:
    """The missing cell of a grid in which number, colour and shape each follow rows, columns or diagonals."""
    kinds = rng.choices(LINES, k=3)
    while len(set(kinds)) == 1:
        kinds = rng.choices(LINES, k=3)
    pools = [rng.sample(pool, 3) for pool in (("one", "two", "three"), words.COLOURS, words.SHAPES)]
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
        options.append(_cell([{i: first, j: second}.get(place, value) for place, value in enumerate(right)]))
    return Draft(
        key=f"figure_grid/{kinds}/{hole}",
        context="The cells of a grid follow a pattern.\n" + "\n".join(rows),
        question="What belongs in the cell with the question mark?",
        answer=options[0],
        distractors=(options[1], options[2], options[3]),
    )


def _cell(values: Sequence[str]) -> str:
    number, colour, shape = values
    return f"{number} {colour} {shape}{'' if number == 'one' else 's'}"


def draw_odd_figure(rng: random.Random) -> Draft:
    """The one figure without the feature that all the others share; other figures are odd in other ways."""
    names = list(words.FEATURES)
    base = {name: rng.choice(words.FEATURES[name]) for name in names}
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
    return Draft(
        key=f"odd_figure/{key}/{sorted(extra)}",
        context="All of these figures but one have something in common: "
        + ", ".join(rng.sample(figures, len(figures)))
        + ".",
        question="Which figure does not belong with the others?",
        answer=options[0],
        distractors=(options[1], options[2], options[3]),
    )


def _changed(rng: random.Random, base: dict[str, str], names: Sequence[str]) -> str:
    """The base figure with other values of the named features."""
    new = {n: rng.choice([v for v in words.FEATURES[n] if v != base[n]]) for n in names}
    return "a " + " ".join((base | new).values())


def draw_detector(rng: random.Random) -> Draft:
    """Which figure makes a detector beep, or alone stays silent, by two features that count together."""
    names = rng.sample(list(words.FEATURES), 3)  # the first two count, the third does not
    values = [rng.sample(words.FEATURES[name], 3) for name in names]
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
            + " ".join(has[name] for name in words.FEATURES if name in has)
            + ("" if "shape" in has else " tile")
        )

    beeping = [figure(numbers) for numbers, beeps in rng.sample(shown, len(shown)) if beeps]
    silent = [figure(numbers) for numbers, beeps in rng.sample(shown, len(shown)) if not beeps]
    options = [figure((*cell, 2)) for cell in product((0, 1), repeat=2)]
    asked = "makes the detector beep" if beeps_alone else "leaves the detector silent"
    return Draft(
        key=f"detector/{beeps_alone}/{sorted(names[:2])}/{names[2]}/{layout[1:]}",
        context=f"A detector beeps at {_and(beeping)}. It stays silent at {_and(silent)}.",
        question=f"Which of these {asked}?",
        answer=options[0],
        distractors=(options[1], options[2], options[3]),
    )


def _and(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


COLLECTIONS: tuple[str, ...] = (
    "{name} makes a list of things that have something in common: {things}.",
    "In a game, {name} names things that all have one thing in common: {things}.",
    "These words were put on one card because of what they share: {things}.",
)
"""How things with something in common are told."""


def draw_in_common(rng: random.Random) -> Draft:
    """The thing that shares what the things of a list have in common."""
    while True:
        kinds = rng.sample(list(words.COMMON), 4)
        fields = [field for kind in kinds for field in words.COMMON[kind][0].split()]
        if len(fields) == len(set(fields)):
            break
    things = rng.sample(words.COMMON[kinds[0]][1], 5)
    options = [things[4], *(rng.choice(words.COMMON[kind][1]) for kind in kinds[1:])]
    return Draft(
        key=f"in_common/{sorted(kinds)}",
        context=rng.choice(COLLECTIONS).format(name=rng.choice(NAMES), things=", ".join(things[:4])),
        question="Which of these belongs with them?",
        answer=options[0],
        distractors=(options[1], options[2], options[3]),
    )


MARKS: tuple[tuple[str, str], ...] = (
    ("noun", "before"), ("noun", "after"), ("adjective", "before"), ("adjective", "after"),
)  # fmt: skip
"""Where the mark of the plural stands: on which word, before or after its stem."""


def draw_language(rng: random.Random) -> Draft:
    """A phrase of an invented language, its word order and plural known from examples."""
    order, mark, other = rng.randrange(2), *rng.sample(MARKS, 2)
    stems, affix = rng.sample(words.FOREIGN, 6), rng.choice(words.AFFIXES)
    nouns, adjectives = rng.sample(words.NOUNS, 3), rng.sample(words.ADJECTIVES, 3)

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
    return Draft(
        key=f"language/{order}/{mark}/{sorted((mark, other))}/{shown}",
        context=f"In an invented language, {_and(examples)}.",
        question=f"What is “{_gloss(nouns, adjectives, 1, 1, True)}” in this language?",
        answer=options[0],
        distractors=(options[1], options[2], options[3]),
    )


def _gloss(nouns: Sequence[str], adjectives: Sequence[str], noun: int, adjective: int, plural: bool) -> str:
    return f"{adjectives[adjective]} {nouns[noun]}{'s' if plural else ''}"
