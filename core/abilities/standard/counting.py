"""Counting families of quantitative reasoning: how many of a list are of a kind, a word, beyond a limit."""

from __future__ import annotations

import random
from collections.abc import Sequence

from core.abilities.item import Draft
from core.abilities.standard import quantity_words as words
from core.abilities.standard.names import NAMES
from core.abilities.standard.numeric import capitalized, draft_of, four_numbers, listed, strings, with_article


def _marks(rng: random.Random, hits: int, n: int) -> list[bool]:
    """That many marks in random order, of which `hits` are true."""
    marks = [True] * hits + [False] * (n - hits)
    rng.shuffle(marks)
    return marks


def _pattern(marks: Sequence[bool]) -> str:
    """The marks as zeros and ones, for a key."""
    return "".join("01"[mark] for mark in marks)


def count_kind(rng: random.Random) -> Draft:
    """Things of mixed kinds: how many are of one kind."""
    numbers = four_numbers(rng, 1, 9)
    marks = _marks(rng, numbers[0], max(numbers) + rng.randint(3, 5))
    kind, *others = rng.sample(list(words.KINDS), 3)
    members = iter(rng.sample(words.KINDS[kind], numbers[0]))
    rest = iter(rng.sample(sorted(words.KINDS[others[0]] + words.KINDS[others[1]]), len(marks)))
    things = [next(members if mark else rest) for mark in marks]
    scene = rng.choice(words.PICTURE_SCENES)
    context = scene.format(name=rng.choice(NAMES), things=listed([with_article(t) for t in things]))
    found = [t for t, mark in zip(things, marks, strict=True) if mark]
    steps = f"Counting the {kind}: {', '.join(f'{t} {i}' for i, t in enumerate(found, 1))}."
    key = f"count_kind {_pattern(marks)}"
    return draft_of(key, context, f"How many of them are {kind}?", strings(numbers), steps)


def count_repeats(rng: random.Random) -> Draft:
    """A record of repeated words: how often one of them occurs."""
    numbers = four_numbers(rng, 1, 9)
    marks = _marks(rng, numbers[0], max(numbers) + rng.randint(4, 7))
    scene, question, vocabulary = rng.choice(words.TALLY_SCENES)
    mark, *others = rng.sample(vocabulary, 4)
    entries = [mark if is_mark else rng.choice(others) for is_mark in marks]
    seen, out = 0, []
    for is_mark, entry in zip(marks, entries, strict=True):
        seen += is_mark
        out.append(f"{entry} {seen}" if is_mark else entry)
    context = scene.format(name=rng.choice(NAMES), marks=", ".join(entries))
    steps = f"Going through the list and counting: {', '.join(out)}."
    return draft_of(
        f"count_repeats {_pattern(marks)}", context, question.format(mark=mark), strings(numbers), steps
    )


def count_beyond(rng: random.Random) -> Draft:
    """Values: how many lie above or below a limit."""
    numbers = four_numbers(rng, 1, 8)
    marks = _marks(rng, numbers[0], max(numbers) + rng.randint(1, 2))
    scene, more, less, unit = rng.choice(words.MEASURE_SCENES)
    limit = rng.choice(range(100, 140, 5)) if unit == "cm" else rng.choice(range(25, 75, 5))
    upward = rng.random() < 0.5
    offsets = rng.sample(range(1, 20), len(marks))
    values = [limit + (o if mark == upward else -o) for mark, o in zip(marks, offsets, strict=True)]
    people = rng.sample(NAMES, len(marks))
    context = scene.format(values=listed([f"{p} {v} {unit}" for p, v in zip(people, values, strict=True)]))
    than = more if upward else less
    found = [v for v, mark in zip(values, marks, strict=True) if mark]
    steps = f"{capitalized(than)} {limit}: {', '.join(f'{v} is number {i}' for i, v in enumerate(found, 1))}."
    key = f"count_beyond {values} {limit} {upward}"
    return draft_of(key, context, f"How many of them are {than} {limit} {unit}?", strings(numbers), steps)
