"""Finds the number that breaks a count."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from core.analysis.diagnosis.numerals import Piece
from core.analysis.diagnosis.wrong_number import WrongNumber

COUNT_STEPS = 3
"""So many steps of a row of numbers have to be by one for the row to be a count …"""

COUNT_PAIRS = 5
"""… and so many pairs of word and number in a row have to be there for a running count ("bell 1 seed 1")."""

LONGEST_COUNT = 9
"""Digits of a number of a count at most: longer ones name things."""


def wrong_counts(pieces: Sequence[Piece]) -> Iterator[WrongNumber]:
    """The numbers that break a count.

    - A row of numbers in which `COUNT_STEPS` steps or more are by one, up or down, and one single step
      between them is not ("6 7 9 10 11"). A row that leaves the count at its first or last step is no count.
    - `COUNT_PAIRS` pairs of word and number or more, a word among them twice, of which each number is the
      one before or one more, but for one single place, and that not the first or last.
    """
    for row in _rows(pieces):
        for unit in (1, -1) if len(row) > COUNT_STEPS + 1 else ():
            yield from _broken(row, {unit}, unit)
    for words, numbers in _pairs(pieces):
        if len(numbers) >= COUNT_PAIRS and len(set(words)) < len(words):
            yield from _broken(numbers, {0, 1}, 1)


def _rows(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """The whole numbers that stand side by side, with a comma or nothing between them."""
    row: list[Piece] = []
    for piece in pieces:
        if _is_count(piece):
            row.append(piece)
        elif piece.kind != "comma":
            yield row
            row = []
    yield row


def _pairs(pieces: Sequence[Piece]) -> Iterator[tuple[list[str], list[Piece]]]:
    """The words and numbers of every stretch in which they take turns."""
    words: list[str] = []
    numbers: list[Piece] = []
    for piece in pieces:
        is_turn = len(words) == len(numbers)
        if piece.kind == "word" and is_turn:
            words.append(piece.text)
        elif _is_count(piece) and not is_turn:
            numbers.append(piece)
        else:
            yield words, numbers
            words, numbers = ([piece.text] if piece.kind == "word" else []), []
    yield words, numbers


def _is_count(piece: Piece) -> bool:
    return piece.kind == "number" and piece.text.isdecimal() and len(piece.text) <= LONGEST_COUNT


def _broken(row: Sequence[Piece], regular: set[int], unit: int) -> Iterator[WrongNumber]:
    """The number after the only step that is not regular, if the rest is a count."""
    values = [int(piece.text) for piece in row]
    steps = [after - before for before, after in itertools.pairwise(values)]
    odd = [place for place, step in enumerate(steps) if step not in regular]
    if len(odd) != 1 or len(steps) - 1 < COUNT_STEPS or odd[0] in (0, len(steps) - 1):
        return
    place = odd[0] + 1
    said, expected = row[place], values[place - 1] + unit
    evidence = f"The count says {said.text} where {expected} comes next."
    yield WrongNumber(evidence, said.start, said.end, values[place] - expected)
