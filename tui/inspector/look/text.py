"""Text fitted into rows of cells, and the first word in which two texts differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import TYPE_CHECKING

from rich.cells import cell_len, get_character_cell_size

from tui.failure_words import choice_lines, share_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.diagnosis import Share
    from core.analysis.failures import Failures

Span = tuple[int, int]
"""Start and end of a piece of text, in characters."""

LONGEST_ROW = 4
"""Most characters per cell of a row: combining marks could pile up."""


def one_line(error: Exception) -> str:
    """An error's message on one line."""
    return " ".join(str(error).split())


def rows_of(text: str, width: int) -> list[Span]:
    """The rows of a text, at most `width` cells each, broken at spaces where there are any.

    Line breaks end a row; an empty line is an empty row. Spaces at a break are in no row.
    """
    spans: list[Span] = []
    start = 0
    for line in text.split("\n"):
        spans += [(start + first, start + last) for first, last in _rows_of_line(line, max(1, width))]
        start += len(line) + 1
    return spans


def fitted(text: str, width: int, cut: str) -> str:
    """The text in exactly `width` cells: padded with spaces, or cut, with a sign at the end."""
    text = text[: LONGEST_ROW * max(width, 1)]
    length = cell_len(text)
    if length <= width:
        return text + " " * (width - length)
    if width < 1:
        return ""
    kept = text[: _characters_within(text, 0, width - cell_len(cut))]
    return kept + cut + " " * (width - cell_len(kept) - cell_len(cut))


def in_sight(lengths: Sequence[int], chosen: int, width: int) -> range:
    """The pieces of a row around the chosen one that have room beside each other; at least that one.

    Args:
        lengths: cells of each piece.
        chosen: its index.
        width: cells of the row.
    """
    for count in range(len(lengths), 1, -1):
        first = min(max(0, chosen - count // 2), len(lengths) - count)
        if sum(lengths[first : first + count]) <= width:
            return range(first, first + count)
    return range(chosen, chosen + 1)


def own_words(options: Sequence[str], index: int) -> str:
    """What an option says after the words with which all of them begin; all of it if nothing is left."""
    shared = commonprefix(list(options))  # noqa: RUF071 (characters are meant)
    return options[index][shared.rfind(" ") + 1 :].strip() or options[index].strip()


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
    """The end of the characters from a start that fit into a width."""
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
    """Index of its first character in the other answer; the answer's length if that ends there."""
    word: int
    """Number of the word, from 1."""


def first_divergence(base: str, other: str, *, base_ended: bool, other_ended: bool) -> Divergence | None:
    """The first word of the other answer that differs from the base answer; None if none does so far.

    Args:
        base: the intact model's answer.
        other: the ablated model's answer.
        base_ended: whether the intact model is done: only then does text beyond its end differ.
        other_ended: the same for the ablated model.
    """
    common = len(commonprefix([base, other]))  # noqa: RUF071 (characters are meant)
    if common == len(other) and (common == len(base) or not other_ended):
        return None
    if common == len(base) and not base_ended:
        return None
    start = _start_of_word(base, other, common)
    return Divergence(start, len(other[:start].split()) + 1)


def _start_of_word(base: str, other: str, index: int) -> int:
    """The start of the word that either answer has at an index."""
    if index and (base[index : index + 1].strip() or other[index : index + 1].strip()):
        while index and not other[index - 1].isspace():
            index -= 1
    return index


def failure_rows(failures: Failures, width: int, most: int, cut: str, other: str = "base") -> list[str]:
    """The failures of a run: shares of failure modes, or sentences about multiple choice.

    A piece that does not fit is left out; only the first one is cut.

    Args:
        failures: those of one run.
        width: cells of a row.
        most: most rows.
        cut: the sign of cut text.
        other: the model that the answers are compared with.
    """
    if failures.shares:
        pieces, joint = _share_words(failures.shares, other), ", "
    else:
        lines = [] if failures.choices is None else choice_lines(failures.choices, other)
        pieces, joint = [safe_line(line) for line in lines], " "
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


def _share_words(shares: Sequence[Share], other: str) -> list[str]:
    """`fails: 41 % [34, 48] overcount`, then `12 % [8, 17] repeat themselves`."""
    from core.analysis.diagnosis import LEAST_SHARE, frequent_failures

    found = [share_text(one, other) for one in frequent_failures(shares)]
    if not found:
        return [f"fails: no mode in {100 * LEAST_SHARE:.0f} % or more of {shares[0].share.n:,} answers"]
    return [f"fails: {found[0]}", *found[1:]]
