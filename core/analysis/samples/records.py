"""Plain records of samples: how an answer flipped, a row of the list, an item with its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Flip = Literal["right", "wrong", "broken", "fixed", "unknown"]
"""Base and ablated answer: both right, both wrong, right then wrong, wrong then right, not both known."""

FLIPS: tuple[Flip, ...] = ("right", "wrong", "broken", "fixed", "unknown")

Filter = Literal["all", "flipped", "broken", "fixed", "both_wrong", "both_right"]

FILTERS: dict[Filter, tuple[Flip, ...]] = {
    "all": FLIPS,
    "flipped": ("broken", "fixed"),
    "broken": ("broken",),
    "fixed": ("fixed",),
    "both_wrong": ("wrong",),
    "both_right": ("right",),
}
"""The flips that pass each filter."""


@dataclass(frozen=True)
class SampleRow:
    """One line of a list of samples."""

    index: int
    """The item's, from 0."""
    id: str
    family: str
    flip: Flip
    gold: int | None
    """Index of the right option; None for generation."""
    base: int | None
    """Index of the intact model's choice; None if unknown, and for generation."""
    ablated: int | None
    """Index of the ablated model's choice; None if unknown, and for generation."""
    beginning: str
    """Up to 200 characters of the item, on one line."""


@dataclass(frozen=True)
class Answer:
    """What one model answered to one item."""

    prediction: int | None
    """Index of the chosen option; None for generation."""
    correct: bool
    loglikelihoods: tuple[float, ...] | None
    """Summed over the tokens of each option, in nats; None for generation."""
    text: str | None
    """What was generated; None for multiple choice, and until its run is stored."""
    score: float | None = None
    """The benchmark's first metric, 0 to 1; None until its run is stored."""
    judged: str | None = None
    """The judged part of the text, or the result of a program's tests; None without a text."""
    finish: str | None = None
    """Why the text ended (`core.inference.answers.Finish`); None without a text."""
    tokens: tuple[int, ...] = ()
    """The ids of all new tokens; empty without a text."""
    cut: int = 0
    """Tokens cut from the left of the prompt, which was too long for the model."""


@dataclass(frozen=True)
class Sample:
    """Everything about one item."""

    index: int
    id: str
    family: str
    flip: Flip
    prompt: str
    options: tuple[str, ...]
    """Empty where the answer is written."""
    gold: int | None
    """Index of the right option, the first of several; None where the answer is written."""
    steps: str
    """The worked solution; empty without one."""
    base: Answer | None
    """None if unknown."""
    ablated: Answer | None
    """None if unknown."""
    targets: tuple[str, ...] = ()
    """The right written answers; empty where there are options."""
    cluster: str = ""
    """Items of one cluster share a passage; empty: the item is on its own."""
    shots: int = 0
    """Worked examples before the item in the prompt."""
    start: int = 0
    """Index in the prompt of the item's first character; 0 without worked examples before it."""
