"""Text fitted into rows of cells; the first word in which two texts differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, get_character_cell_size

from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.diagnosis.failure_modes import Share
    from core.analysis.samples.failures import Failures

Span = tuple[int, int]
"""Where a piece of a text begins and ends, in characters."""

NOTHING_PREFERRED = "Prefers no "
"""How the sentence begins that says of multiple choice that there is nothing to say."""

LONGEST_ROW = 4
"""Characters of a row for each of its cells: marks without a width of their own could else pile up."""


def one_line(error: Exception) -> str:
    """An error's message on one line."""
    return " ".join(str(error).split())


def rows_of(text: str, width: int) -> list[Span]:
    """The rows of a text, at most `width` cells each: broken at spaces where there are any.

    Line breaks in the text end a row; an empty line is a row of no characters. Spaces at a break are in
    no row.
    """
    spans: list[Span] = []
    start = 0
    for line in text.split("\n"):
        spans += [(start + first, start + last) for first, last in _rows_of_line(line, max(1, width))]
        start += len(line) + 1
    return spans


def fitted(text: str, width: int, cut: str) -> str:
    """The text in exactly `width` cells: filled up with spaces, or cut off with a sign at its end."""
    text = text[: LONGEST_ROW * max(width, 1)]
    length = cell_len(text)
    if length <= width:
        return text + " " * (width - length)
    if width < 1:
        return ""
    kept = text[: _characters_within(text, 0, width - cell_len(cut))]
    return kept + cut + " " * (width - cell_len(kept) - cell_len(cut))


def _rows_of_line(line: str, width: int) -> list[Span]:
    spans: list[Span] = []
    start, is_plain = 0, line.isascii()
    while True:
        end = start + width if is_plain else _characters_within(line, start, width)
        if end >= len(line):
            spans.append((start, len(line)))
            return spans
        # A space just behind the row ends a word that fills the row.
        space = line.rfind(" ", start, end + 1)
        if space > start:
            spans.append((start, space))
            start = space + 1
        else:
            end = max(end, start + 1)
            spans.append((start, end))
            start = end


def _characters_within(text: str, start: int, width: int) -> int:
    """Where the characters from a start end that fit into a width."""
    cells, end = 0, start
    last = min(len(text), start + LONGEST_ROW * width)
    while end < last:
        cells += get_character_cell_size(text[end])
        if cells > width:
            break
        end += 1
    return end


@dataclass(frozen=True)
class Divergence:
    """The first word that differs."""

    start: int
    """The index of its first character in the other answer; the answer's length if it just ends there."""
    word: int
    """Which word it is, from 1."""


def first_divergence(base: str, other: str, *, base_ended: bool, other_ended: bool) -> Divergence | None:
    """The first word of the other answer that differs from the base answer; None if none does so far.

    Args:
        base: what the intact model wrote.
        other: what the ablated model wrote.
        base_ended: whether the intact model is done: only then does anything beyond its end differ.
        other_ended: the same for the ablated model.
    """
    common = _common_length(base, other)
    if common == len(other) and (common == len(base) or not other_ended):
        return None
    if common == len(base) and not base_ended:
        return None
    start = _start_of_word(base, other, common)
    return Divergence(start, len(other[:start].split()) + 1)


def _common_length(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    shorter = min(len(one), len(other))
    if one[:shorter] == other[:shorter]:
        return shorter
    return next(place for place in range(shorter) if one[place] != other[place])


def _start_of_word(base: str, other: str, place: int) -> int:
    """Where the word begins that one of the two answers has at a place."""
    if place and (base[place : place + 1].strip() or other[place : place + 1].strip()):
        while place and not other[place - 1].isspace():
            place -= 1
    return place


def failure_rows(failures: Failures, width: int, most: int, cut: str) -> list[str]:
    """The failures of written answers with their shares, or what is said of multiple choice.

    What does not fit as a whole is left out; only what comes first is cut. That nothing is preferred is not
    worth a row.

    Args:
        failures: of one run.
        width: cells of a row.
        most: rows.
        cut: the sign that text goes on.
    """
    if failures.shares:
        pieces, joint = _share_words(failures.shares), ", "
    else:
        said = [one for one in failures.sentences if not one.startswith(NOTHING_PREFERRED)]
        pieces, joint = [safe_line(sentence) for sentence in said], " "
    if not pieces:
        return []
    text = pieces[0]
    for piece in pieces[1:]:
        longer = f"{text}{joint}{piece}"
        if len(rows_of(longer, width)) > most:
            break
        text = longer
    rows = [text[slice(*row)] for row in rows_of(text, width)]
    if len(rows) > most:
        rows = [*rows[: most - 1], fitted(f"{rows[most - 1]} {cut}", width, cut).rstrip()]
    return rows


def _share_words(shares: Sequence[Share]) -> list[str]:
    """Such as `fails: 41 % [34, 48] miscount upward`, then `12 % [8, 17] repeat themselves`."""
    from core.analysis.diagnosis.failure_modes import LEAST_SHARE, failing

    found = [one.brief() for one in failing(shares)]
    if not found:
        return [f"fails: no way in {100 * LEAST_SHARE:.0f} % or more of {shares[0].share.n:,} answers"]
    return [f"fails: {found[0]}", *found[1:]]
