"""Numbers in items: options that give nothing away, and how numbers, money and times are written."""

from __future__ import annotations

import random
from collections.abc import Sequence

from core.abilities.item import Draft

NUMBER_WORDS: tuple[str, ...] = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
"""The numbers from 0 to 12 in words."""


def four_numbers(rng: random.Random, low: int, high: int, gaps: Sequence[int] = (1,)) -> list[int]:
    """Four distinct numbers from low to high in random order; the first is meant to be the gold's.

    The set is drawn before the gold, so that neither size, rank nor frequency tells which one it is.
    """
    steps = [rng.choice(gaps) for _ in range(3)]
    first = rng.randint(low, high - sum(steps))
    numbers = [first + sum(steps[:i]) for i in range(4)]
    rng.shuffle(numbers)
    return numbers


def draft_of(key: str, context: str, question: str, options: Sequence[str], steps: str) -> Draft:
    """A draft from four options, of which the first is right."""
    answer, one, two, three = options
    return Draft(key, context, question, answer, (one, two, three), steps)


def strings(numbers: Sequence[int]) -> list[str]:
    """The numbers as texts."""
    return [str(n) for n in numbers]


def listed(words: Sequence[str]) -> str:
    """The words as an English list: `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def with_article(noun: str) -> str:
    """The noun with its indefinite article; right for nouns that sound as they are spelt."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def counted(n: int, noun: str) -> str:
    """The number and its noun, which takes an s when there is not just one."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def capitalized(sentence: str) -> str:
    """The sentence with its first letter as a capital, the rest as it is."""
    return sentence[0].upper() + sentence[1:]


def dollars(cents: int) -> str:
    """An amount of money, in dollars with two decimals."""
    return f"${cents // 100}.{cents % 100:02d}"


def clock(minute: int) -> str:
    """A time of day, from the minutes since midnight: `2:05 pm`."""
    hour = minute // 60 % 24
    return f"{(hour + 11) % 12 + 1}:{minute % 60:02d} {'am' if hour < 12 else 'pm'}"


def duration(minutes: int) -> str:
    """A span of time: `1 hour 5 minutes`, `2 hours`, `45 minutes`."""
    hours, rest = divmod(minutes, 60)
    parts = [counted(hours, "hour")] if hours else []
    if rest or not hours:
        parts.append(counted(rest, "minute"))
    return " ".join(parts)
