"""What the generators share: making drafts and families, wording numbers and times, clues on an order."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import permutations
from typing import NamedTuple, TypeVar

from core.abilities.generate import split_of
from core.abilities.item import SPLITS, Draft, Family
from core.abilities.tables import read_tables

T = TypeVar("T")

NAMES = read_tables("names")["standard"].texts
"""People in the standard items."""

BASIC_NAMES = read_tables("names")["basic"].texts
"""People in the basic items."""

NUMBER_WORDS: tuple[str, ...] = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
"""The numbers from 0 to 12 in words."""


def families(*draws: Callable[[random.Random], Draft]) -> tuple[Family, ...]:
    """A family for each drawing function, named after the function without `_`, `_basic_` or `_plain_`."""
    return tuple(Family(re.sub(r"^_(basic_|plain_)?", "", draw.__name__), draw) for draw in draws)


def family(name: str, draw: Callable[..., Draft], *arguments: object, **named: object) -> Family:
    """A family whose drawing function takes more than the generator."""
    return Family(name, lambda rng: draw(rng, *arguments, **named))


def draft_of(
    key: str, context: str, question: str, options: Sequence[object], gold: int = 0, steps: str = ""
) -> Draft:
    """The draft whose right option is `options[gold]`, of four texts or numbers.

    No shortcut arises when `gold` is drawn uniformly, `question` does not depend on it and the key does
    not name it: then every option of a key is right equally often, in both splits.
    """
    texts = [str(option) for option in options]
    answer = texts.pop(gold)
    first, second, third = texts
    return Draft(key, context, question, answer, (first, second, third), steps)


def draft_from(
    rng: random.Random,
    key: str,
    context: str,
    question: str,
    answer: str,
    pool: Sequence[str],
    steps: str = "",
    member: tuple[int, int] | None = None,
) -> Draft:
    """A draft whose distractors are three random options of the pool other than the answer."""
    first, second, third = pick(rng, [option for option in pool if option != answer], 3)
    return Draft(key, context, question, answer, (first, second, third), steps, member)


def pick(rng: random.Random, pool: Sequence[T], n: int) -> list[T]:
    """N different elements of a pool, in random order."""
    return rng.sample(list(pool), n)


def set_key(words: Sequence[str]) -> str:
    """The words without their order: the same set, told or tied otherwise, is in one split."""
    return ",".join(sorted(words))


def four_numbers(rng: random.Random, low: int, high: int, gaps: Sequence[int] = (1,)) -> list[int]:
    """Four distinct numbers from low to high in random order; the first is meant to be the right one.

    The set is drawn before the order, so that neither size, rank nor frequency tells which one is right.
    """
    steps = [rng.choice(gaps) for _ in range(3)]
    first = rng.randint(low, high - sum(steps))
    numbers = [first + sum(steps[:i]) for i in range(4)]
    rng.shuffle(numbers)
    return numbers


def listed(words: Sequence[object], last: str = "and") -> str:
    """The words (or numbers) as an English list: `a, b and c`."""
    *others, end = map(str, words)
    return f"{', '.join(others)} {last} {end}" if others else end


def with_article(noun: str) -> str:
    """The noun with its indefinite article; right for nouns that sound as they are spelt."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    return capital(text) + "."


def dollars(cents: int) -> str:
    return f"${cents // 100}.{cents % 100:02d}"


def clock(minute: int) -> str:
    """`2:05 pm`, from the minutes since midnight."""
    hour = minute // 60 % 24
    return f"{(hour + 11) % 12 + 1}:{minute % 60:02d} {'am' if hour < 12 else 'pm'}"


def duration(minutes: int) -> str:
    """`1 hour 5 minutes`, `2 hours`, `45 minutes`."""
    hours, rest = divmod(minutes, 60)
    parts = [counted(hours, "hour")] if hours else []
    if rest or not hours:
        parts.append(counted(rest, "minute"))
    return " ".join(parts)


class Clue(NamedTuple):
    """One true statement about the order of four things, which are named by their true positions, from 0."""

    kind: str
    """`first` and `last` (of a), `before` (a is), `next` (a is right before b), `apart` (one between)."""
    a: int
    b: int


def _holds(clue: Clue, positions: Sequence[int]) -> bool:
    """Whether a clue is true when each thing has the given position."""
    a, b = positions[clue.a], positions[clue.b]
    return {"first": a == 0, "last": a == 3, "before": a < b, "next": b - a == 1, "apart": abs(a - b) == 2}[
        clue.kind
    ]


@cache
def _true_clues() -> tuple[tuple[Clue, int], ...]:
    """Every clue that is true of the order 0, 1, 2, 3, with the set of orders it allows, as bits."""
    orders = list(permutations(range(4)))
    clues = [Clue(kind, a, b) for kind in ("before", "next", "apart") for a, b in permutations(range(4), 2)]
    clues += [Clue("first", 0, 0), Clue("last", 3, 3)]
    true = [clue for clue in clues if _holds(clue, orders[0])]
    return tuple((c, sum(_holds(c, order) << i for i, order in enumerate(orders))) for c in true)


def draw_clues(rng: random.Random) -> list[Clue]:
    """Clues, in random order, that together leave only the order 0, 1, 2, 3; each rules something out."""
    clues: list[Clue] = []
    left = -1
    for clue, allowed in rng.sample(_true_clues(), len(_true_clues())):
        if left & allowed != left:
            clues.append(clue)
            left &= allowed
    rng.shuffle(clues)
    return clues


def gives_away(clues: list[Clue], position: int) -> bool:
    """Whether a clue simply says what has the position that is asked about."""
    return any({"first": 0, "last": 3}.get(clue.kind) == position for clue in clues)


def clues_key(clues: list[Clue], position: int) -> str:
    """The key of clues and a position: the same whatever the things and the order of telling."""
    return f"{sorted(clues)} {position}"


# Families that ask for a known fact. Four answers of one split are drawn, and any of them may be the one that
# is asked for: so in both splits an option is right in a quarter of the items that show it.

Fact = tuple[str, str]
"""What is asked about, and the answer."""


def fact_family(ability: str, name: str, facts: Sequence[Fact], questions: Sequence[str]) -> Family:
    """Asks for the answer of a fact; the other options are the answers of three other facts.

    Each question has `{s}` for the subject. A fifth of the facts is held out.
    """
    return group_family(ability, name, [[fact] for fact in facts], questions)


def kind_family(
    name: str, kinds: Mapping[str, Sequence[str]], questions: Sequence[str], steps: str = ""
) -> Family:
    """Asks for the kind of a thing, which has five or more; a fifth of each kind's things is held out.

    Questions and steps have `{s}` for the thing, and steps `{a}` for its kind.
    """

    def draw(rng: random.Random) -> Draft:
        kind = rng.choice(list(kinds))
        number = rng.randrange(len(kinds[kind]))
        thing, member = kinds[kind][number], (number, len(kinds[kind]))
        question, worked = (capital(text.format(s=thing, a=kind)) for text in (rng.choice(questions), steps))
        return draft_from(rng, f"{name}/{kind}", "", question, kind, list(kinds), worked, member)

    return Family(name, draw)


def group_family(
    ability: str,
    name: str,
    groups: Sequence[Sequence[Fact]],
    questions: Sequence[str],
    near: int = 1,
    steps: str = "",
) -> Family:
    """Asks for one of several facts about the same thing; a fifth of the groups is held out.

    `near` (1 or 2) of the options are answers of the group that is asked about: with 2 it is not enough to
    know which words go together. Questions and steps have `{s}` for the subject, steps `{a}` for the answer.
    """
    members = [(number, len(groups)) for number in range(len(groups))]
    splits = [[m for m in members if split_of(ability, name, m) == split] for split in SPLITS]

    def draw(rng: random.Random) -> Draft:
        drawn = pick(rng, rng.choice(splits), 4 // near)
        facts = [fact for number, _ in drawn for fact in pick(rng, groups[number], near)]
        options = [answer for _, answer in facts]
        if len(set(options)) < 4:
            return draw(rng)
        subject, answer = facts[0]
        question, worked = (
            capital(text.format(s=subject, a=answer)) for text in (rng.choice(questions), steps)
        )
        return draft_from(rng, name, "", question, answer, options, worked, drawn[0])

    return Family(name, draw)
