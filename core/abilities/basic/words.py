"""Words that several basic generators share. Each is one token of the embedded models."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from core.abilities.item import Draft

T = TypeVar("T")

NAMES: tuple[str, ...] = (
    "Anna", "Ben", "Tom", "Sue", "Leo", "Mia", "Max", "Eva", "Jim", "Ida", "Sam", "Zoe",
)  # fmt: skip
"""People in the items."""


def pick(rng: random.Random, pool: Sequence[T], n: int) -> list[T]:
    """N different elements of a pool, in random order."""
    return rng.sample(list(pool), n)


def draft(
    rng: random.Random,
    key: str,
    context: str,
    question: str,
    answer: str,
    options: Sequence[str],
    steps: str = "",
    member: tuple[int, int] | None = None,
) -> Draft:
    """A draft whose distractors are three of the options other than the answer."""
    wrong = pick(rng, [option for option in options if option != answer], 3)
    return Draft(key, context, question, answer, (wrong[0], wrong[1], wrong[2]), steps, member)
