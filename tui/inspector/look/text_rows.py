"""Breaks text into rows of a width, in cells, so that any text at all keeps to its place on the screen."""

from __future__ import annotations

from rich.cells import cell_len, get_character_cell_size

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
