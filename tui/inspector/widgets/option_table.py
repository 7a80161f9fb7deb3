"""An item's options as rows of styled pieces, with each model's log-likelihoods and bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.abilities.prompts import LETTERS
from tui.inspector.look.text import fitted, rows_of
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.samples import Answer, Sample
    from tui.inspector.look.marks import Marks

Role = Literal[
    "plain",
    "muted",
    "heading",
    "right",
    "wrong",
    "base",
    "ablated",
    "control",
    "divergence",
    "after",
    "evidence",
    "divergence-evidence",
]
"""The meaning of a piece of text; the widget that shows it knows the colours."""

Piece = tuple[str, Role]
Line = tuple[Piece, ...]
"""One row of the screen."""

NARROWEST_TEXT = 12
"""Fewest columns of an option's text: bars give way."""

WIDEST_BAR = 10
GAP = "  "


@dataclass(frozen=True)
class Answerer:
    """A model and its answer."""

    name: str
    role: Role
    answer: Answer | None


def letter_of(index: int | None) -> str:
    """The letter of an option; `?` for none."""
    if index is None:
        return "?"
    return LETTERS[index] if index < len(LETTERS) else str(index + 1)


def option_lines(sample: Sample, answerers: Sequence[Answerer], width: int, marks: Marks) -> list[Line]:
    """A heading, and each option with log-likelihoods and bars of the models that have any.

    A bar is the option's share of the probability of all options.
    """
    scored = [one for one in answerers if one.answer is not None and one.answer.loglikelihoods is not None]
    numbers = max((len(_number(value)) for one in scored for value in _values(one)), default=0)
    fixed = 4 + len(scored) * (len(GAP) + 1 + numbers)
    bar = min(WIDEST_BAR, (width - fixed - NARROWEST_TEXT) // max(1, len(scored)) - 1)
    bar = bar if bar >= 3 else 0
    column = 1 + numbers + (1 + bar if bar else 0)
    text_width = max(1, width - 4 - len(scored) * (len(GAP) + column))
    heads: list[Piece] = [(GAP + fitted(one.name, column, marks.cut), "heading") for one in scored]
    lines: list[Line] = [(("    " + fitted("option", text_width, marks.cut), "heading"), *heads)]
    for index, option in enumerate(sample.options):
        lines += _option(sample, index, safe_line(option), scored, (text_width, numbers, bar), marks)
    return lines


def _option(
    sample: Sample,
    index: int,
    text: str,
    scored: Sequence[Answerer],
    widths: tuple[int, int, int],
    marks: Marks,
) -> list[Line]:
    text_width, numbers, bar = widths
    is_gold = index == sample.gold
    role: Role = "right" if is_gold else "plain"
    first, *more = rows_of(text, text_width)
    gold = marks.right if is_gold else " "
    pieces: list[Piece] = [
        (f"{gold} {letter_of(index)} ", role),
        (fitted(text[slice(*first)], text_width, marks.cut), role),
    ]
    for one in scored:
        assert one.answer is not None, "only those who answered have a column"
        is_choice = index == one.answer.prediction
        chosen: Role = ("right" if is_gold else "wrong") if is_choice else "plain"
        pieces.append((GAP, "plain"))
        pieces.append((marks.chosen if is_choice else " ", chosen))
        pieces.append((f"{_number(_values(one)[index]):>{numbers}}", chosen))
        if bar:
            pieces.append((" " + bar_of(_shares(one)[index], bar, marks), one.role))
    return [tuple(pieces), *(((f"    {text[slice(*row)]}", role),) for row in more)]


def bar_of(share: float, cells: int, marks: Marks) -> str:
    """A share from 0 to 1 as a bar, padded with spaces to the number of cells."""
    steps = len(marks.bar_eighths) + 1
    whole, part = divmod(round(share * cells * steps), steps)
    partial = marks.bar_eighths[part - 1] if part else ""
    return (marks.bar * whole + partial).ljust(cells)


def _values(one: Answerer) -> tuple[float, ...]:
    assert one.answer is not None, "only those who answered have values"
    return one.answer.loglikelihoods or ()


def _shares(one: Answerer) -> list[float]:
    values = _values(one)
    weights = [math.exp(value - max(values)) for value in values]
    return [weight / sum(weights) for weight in weights]


def _number(value: float) -> str:
    return f"{value:.2f}"
