"""Text made harmless and fitted into rows of cells; the first word in which two texts differ."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, get_character_cell_size

from tui.output import shown

TAB = "    "

JOINERS = dict.fromkeys((0x200D, 0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)))
"""What makes one sign of several, or changes how wide one is: terminals do not agree how wide, and a line
that is wider than was counted breaks the frame. They are left out: the signs stand one by one."""


def safe_line(text: str) -> str:
    r"""The text on one line: control characters as Python writes them (`\x1b`), line breaks as `⏎`."""
    return _one_by_one(shown(text.replace("\r\n", "\n").replace("\n", " ⏎ ").replace("\t", " ")))


def safe_block(text: str) -> str:
    r"""The text with its line breaks; all other control characters as Python writes them."""
    lines = text.replace("\r\n", "\n").replace("\t", TAB).split("\n")
    return "\n".join(_one_by_one(shown(line)) for line in lines)


def safe_place(text: str, place: int) -> int:
    """Where the character at a place of a text stands in its `safe_block`."""
    before = text[:place]
    # A line break of two characters becomes one: half of one adds nothing.
    return len(
        safe_block(before[:-1] if before.endswith("\r") and text[place : place + 1] == "\n" else before)
    )


def _one_by_one(text: str) -> str:
    return text if text.isascii() else text.translate(JOINERS)


Span = tuple[int, int]
"""Where a piece of a text begins and ends, in characters."""

LONGEST_ROW = 4
"""Characters of a row for each of its cells: marks without a width of their own could else pile up."""


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
