"""What a diagnostic item is, and what a family of items provides. Knows no model."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "heldout"]
"""`train` feeds importance (and the embedded model's training); `heldout` is what is evaluated."""

SPLITS: tuple[Split, ...] = ("train", "heldout")


@dataclass(frozen=True)
class Draft:
    """An item as its family makes it: before the options are shuffled."""

    key: str
    """What has to be worked out (the operand pair, the fact and phrasing …). It decides the split."""
    context: str
    """What is given; may be empty."""
    question: str
    """What is asked."""
    answer: str
    """The right option."""
    distractors: tuple[str, str, str]
    """Three wrong options of the right one's kind and length."""
    steps: str = ""
    """The worked solution that comes before the answer in the form for generation; empty without steps."""
    member: tuple[int, int] | None = None
    """(i, m): the key names a group of m things, and this is the i-th. A fifth of every group is held out,
    where a hash of single keys would hold out all of one small group and nothing of another."""


@dataclass(frozen=True)
class Family:
    """One way of thinking within an ability."""

    name: str
    """Unique within an ability and level."""
    draw: Callable[[random.Random], Draft]
    """Makes one draft from a seeded generator; the same state gives the same draft."""


@dataclass(frozen=True)
class Item:
    """One multiple-choice item."""

    id: str
    """Stable: made of ability, level, family and a hash of the text."""
    ability: str
    family: str
    """The family's name (`question_type` of custom items)."""
    context: str
    question: str
    options: tuple[str, ...]
    """2 to 8 options, shuffled."""
    answer_index: int
    steps: str = ""
    """The worked solution for the form for generation; empty without steps."""

    @property
    def answer(self) -> str:
        """The right option's text."""
        return self.options[self.answer_index]
