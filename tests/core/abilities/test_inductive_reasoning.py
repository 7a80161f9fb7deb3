"""Gold of the inductive items: every simple rule that fits the examples in the text gives the gold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations, pairwise, product

import pytest

from core.abilities.generate import draw_items
from core.abilities.generators.inductive_reasoning import COMMON, FAMILIES
from core.abilities.item import Item

BY_NAME = {family.name: family for family in FAMILIES["standard"]}


@cache
def items_of(family: str) -> tuple[Item, ...]:
    by_split = {"train": 80, "heldout": 40}
    return tuple(
        item
        for split, n in by_split.items()
        for item in draw_items("inductive_reasoning", [BY_NAME[family]], "standard", split, n, seed=5)
    )


def next_terms(terms: Sequence[int]) -> set[int]:
    """What each simple rule that fits the whole series gives as its next term."""
    found = set()
    steps = [b - a for a, b in pairwise(terms)]
    changes = [b - a for a, b in pairwise(steps)]
    if len(set(changes)) == 1:
        found.add(terms[-1] + steps[-1] + changes[0])
    for ratio in (2, 3):
        if all(b == ratio * a for a, b in pairwise(steps)):
            found.add(terms[-1] + ratio * steps[-1])
    if len(steps) >= 4 and all(steps[i] == steps[i + 2] for i in range(len(steps) - 2)):
        found.add(terms[-1] + steps[-2])
    if len({c - a - b for a, b, c in zip(terms, terms[1:], terms[2:], strict=False)}) == 1:
        found.add(terms[-1] + terms[-2] + terms[2] - terms[1] - terms[0])
    if len(terms) >= 6:
        odd, even = terms[0::2], terms[1::2]
        if all(len({b - a for a, b in pairwise(half)}) == 1 for half in (odd, even)):
            found.add(2 * terms[-2] - terms[-4])
    for factor, plus in product((2, 3), range(-20, 21)):
        operations = (
            (lambda x, f=factor, p=plus: f * x + p,),
            (
                lambda x, f=factor: f * x,
                lambda x, p=plus: x + p,
            ),
        )
        for turns in (*operations, operations[1][::-1]):
            made = [terms[0]]
            for i in range(len(terms)):
                made.append(turns[i % len(turns)](made[-1]))
            if made[:-1] == list(terms):
                found.add(made[-1])
    return found


def series(item: Item) -> set[str]:
    shown = re.search(r": ([-\d, ]+)\.$", item.context)[1]
    return {str(term) for term in next_terms([int(term) for term in shown.split(", ")])}


def machine(item: Item) -> set[str]:
    examples = [(int(x), int(y)) for x, y in re.findall(r"(\d+) becomes (\d+)", item.context)]
    asked = int(re.search(r"puts in (\d+)\.", item.context)[1])
    rules: list[Callable[[int], int]] = [
        *(lambda x, a=a, b=b: a * x + b for a in range(1, 20) for b in range(-30, 31)),
        *(lambda x, b=b: x * x + b for b in range(-30, 31)),
        *(lambda x, a=a: x * (x + a) for a in range(-10, 20)),
    ]
    return {str(rule(asked)) for rule in rules if all(rule(x) == y for x, y in examples)}


def pair_machine(item: Item) -> set[str]:
    found = re.findall(r"from (\d+) and (\d+) it makes (\d+)", item.context)
    examples = [tuple(map(int, one)) for one in found]
    asked = tuple(map(int, re.search(r"gets (\d+) and (\d+)\.", item.context).groups()))
    rules: list[Callable[[int, int], int]] = [
        *(
            lambda p, q, a=a, b=b, c=c: a * p + b * q + c
            for a, b, c in product(range(6), range(6), range(30))
        ),
        *(lambda p, q, c=c: p * q + c for c in range(40)),
        *(lambda p, q, b=b, c=c: p * p + b * q + c for b, c in product(range(6), range(20))),
    ]
    return {str(rule(*asked)) for rule in rules if all(rule(p, q) == r for p, q, r in examples)}


def letter_steps(item: Item) -> set[str]:
    groups = re.findall(r"\b[A-Z]{3}\b", item.context)
    following = ""
    for track in zip(*groups, strict=True):
        codes = [ord(letter) for letter in track]
        (step,) = {b - a for a, b in pairwise(codes)}
        following += chr(codes[-1] + step)
    return {following}


def reordering(item: Item) -> set[str]:
    examples = [(a.split(), b.split()) for a, b in re.findall(r"([A-Z ]+) becomes ([A-Z ]+)", item.context)]
    message = re.search(r"The next message is ([A-Z ]+)\.", item.context)[1].split()
    ((places),) = {tuple(before.index(letter) for letter in after) for before, after in examples}
    return {" ".join(message[place] for place in places)}


def figure_cycle(item: Item) -> set[str]:
    figures = [f.split() for f in re.search(r": (.+)\.$", item.context)[1].split(", ")]
    tracks = []
    for track in zip(*figures, strict=True):
        fitting = [p for p in (1, 2, 3, 4) if all(a == b for a, b in zip(track, track[p:], strict=False))]
        tracks.append({track[len(track) - p] for p in fitting})
    return {" ".join(pair) for pair in product(*tracks)}


def figure_grid(item: Item) -> set[str]:
    rows = [line.split(": ")[1].split(" | ") for line in item.context.splitlines()[1:]]
    cells = {(r, c): rows[r][c] for r in range(3) for c in range(3)}
    (hole,) = [at for at, cell in cells.items() if cell == "?"]
    lines = (lambda r, c: r, lambda r, c: c, lambda r, c: (r + c) % 3, lambda r, c: (c - r) % 3)
    parts = []
    for i in range(3):
        values = {at: cell.split()[i].rstrip("s") for at, cell in cells.items() if at != hole}
        possible = set()
        for line in lines:
            by_line = {}
            if all(by_line.setdefault(line(*at), value) == value for at, value in values.items()):
                possible.add(by_line[line(*hole)])
        parts.append(possible)
    return {f"{n} {colour} {shape}{'' if n == 'one' else 's'}" for n, colour, shape in product(*parts)}


def odd_figure(item: Item) -> set[str]:
    figures = re.search(r": (.+)\.$", item.context)[1].split(", ")
    odd = set()
    for i in range(1, 5):
        counts = Counter(figure.split()[i] for figure in figures)
        value, count = counts.most_common(1)[0]
        if count == len(figures) - 1:
            odd |= {figure for figure in figures if figure.split()[i] != value}
    return odd


def detector(item: Item) -> set[str]:
    beeping, silent = re.fullmatch(
        r"A detector beeps at (.+)\. It stays silent at (.+)\.", item.context
    ).groups()
    groups = [re.split(r", | and ", part) for part in (beeping, silent)]
    if item.question == "Which of these leaves the detector silent?":
        groups.reverse()
    inside, outside = ([set(figure.split()[1:]) for figure in group] for group in groups)
    values = set().union(*inside)
    right = set()
    for rule in [*combinations(sorted(values), 1), *combinations(sorted(values), 2)]:
        if all(set(rule) <= f for f in inside) and not any(set(rule) <= f for f in outside):
            right |= {option for option in item.options if set(rule) <= set(option.split())}
    return right


def in_common(item: Item) -> set[str]:
    things = re.search(r": (.+)\.$", item.context)[1].split(", ")
    (row,) = [members for _, members in COMMON.values() if set(things) <= set(members)]
    return {option for option in item.options if option in row and option not in things}


def language(item: Item) -> set[str]:
    pairs = re.findall(r"“([a-z ]+)” means “([a-z ]+)”", item.context)
    phrases = {tuple(gloss.split()): tuple(text.split()) for text, gloss in pairs}
    plural = {g for g in phrases if (g[0], g[1].removesuffix("s")) in phrases and g[1].endswith("s")}
    ((gloss),) = plural
    singular = {g: p for g, p in phrases.items() if (g[0], g[1].removesuffix("s")) == g}
    base = (gloss[0], gloss[1].removesuffix("s"))
    shared = {g for g in singular if g != base and g[0] == base[0]}
    ((with_adjective),) = shared
    (adjective,) = set(singular[base]) & set(singular[with_adjective])
    place = singular[base].index(adjective)
    ((with_noun),) = {g for g in singular if g != base and g[1] == base[1]}
    asked = re.search(r"“(\w+) (\w+)s”", item.question).groups()
    assert asked == (with_noun[0], with_adjective[1])
    made = [singular[with_adjective][1 - place]] * 2
    made[place] = singular[with_noun][place]
    (marked,) = [i for i in (0, 1) if phrases[gloss][i] != singular[base][i]]
    before, after = phrases[gloss][marked].split(singular[base][marked])
    made[marked] = before + made[marked] + after
    return {" ".join(made)}


SOLVERS: dict[str, Callable[[Item], set[str]]] = {
    "changing_steps": series,
    "repeated_rule": series,
    "interleaved": series,
    "sum_of_two": series,
    "machine": machine,
    "pair_machine": pair_machine,
    "letter_steps": letter_steps,
    "reordering": reordering,
    "figure_cycle": figure_cycle,
    "figure_grid": figure_grid,
    "odd_figure": odd_figure,
    "detector": detector,
    "in_common": in_common,
    "language": language,
}


def test_every_family_is_checked() -> None:
    assert set(SOLVERS) == set(BY_NAME)


@pytest.mark.parametrize("family", list(SOLVERS))
def test_every_simple_rule_that_fits_gives_the_gold(family: str) -> None:
    for item in items_of(family):
        assert SOLVERS[family](item) == {item.answer}, item


@pytest.mark.parametrize("family", list(SOLVERS)[:6])
def test_numbers_are_equally_spaced_and_the_gold_is_at_every_rank(family: str) -> None:
    ranks: Counter[int] = Counter()
    for item in items_of(family):
        numbers = sorted(map(int, item.options))
        assert len({b - a for a, b in pairwise(numbers)}) == 1
        assert numbers[0] > 0
        ranks[numbers.index(int(item.answer))] += 1
    assert min(ranks[rank] for rank in range(4)) > len(items_of(family)) / 8


def test_no_thing_is_in_two_rows() -> None:
    things = [thing for _, members in COMMON.values() for thing in members]
    assert len(things) == len(set(things))


def test_things_of_one_item_touch_no_field_twice() -> None:
    row_of = {thing: row for row, (_, members) in COMMON.items() for thing in members}
    for item in items_of("in_common"):
        fields = [f for option in item.options for f in COMMON[row_of[option]][0]]
        assert len(fields) == len(set(fields))
