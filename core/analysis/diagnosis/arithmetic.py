"""Finds the first number of a text that arithmetic refutes: in an equation or a count."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

PieceKind = Literal["number", "sign", "equals", "open", "close", "word", "comma", "unknown", "end"]
"""`unknown` makes a sum unreadable, as a variable, a power or a percentage does; `end` ends it, as the end of
a line or sentence does."""

SIGNS = {
    "+": "+", "-": "-", "−": "-", "–": "-", "*": "*", "×": "*", "·": "*", "/": "/", "÷": "/",
    "plus": "+", "minus": "-", "times": "*", "\\times": "*", "\\cdot": "*", "\\div": "/",
}  # fmt: skip
EQUALS = {"=", "equals", "makes"}

_PIECE = re.compile(
    r"""(?P<item>^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+)  # the mark of a list's item
    |(?P<number>\$?\d+(?:,\d{3})*(?:\.\d+)?)
    |(?P<command>\\[a-z]+)
    |(?P<word>[^\W\d_]\w*(?:['.]\w+)*)
    |(?P<sign>[-−–+*×·/÷])
    |(?P<equals>=)
    |(?P<open>\()|(?P<close>\))|(?P<comma>,)
    |(?P<space>[^\S\n]+)
    |(?P<unknown>[%^:_{}\[\]~<>≤≥≈!|])
    |(?P<end>\n|.)""",
    re.VERBOSE | re.MULTILINE,
)


class Piece(NamedTuple):
    """A piece of a text."""

    kind: PieceKind
    text: str
    """As written; a sign is one of + - * /."""
    start: int
    end: int


def number_value(text: str) -> Fraction | None:
    """The value of a number as people write it ("$1,200.50"); None if the text is not one number."""
    bare = text.strip().rstrip(".").replace(",", "").replace("$", "").replace("−", "-")
    return Fraction(bare) if re.fullmatch(r"-?\d{1,30}(?:\.\d{1,30})?", bare, re.ASCII) else None


def shown_number(value: Fraction) -> str:
    """A number for a sentence: at most four decimals."""
    return f"{float(round(value, 4)):,.4f}".rstrip("0").rstrip(".")


def pieces_of(text: str) -> list[Piece]:
    """All pieces of a text but its spaces."""
    matches = (match for match in _PIECE.finditer(text) if match.lastgroup != "space")
    return [Piece(*_kind(match.lastgroup or "end", match[0]), *match.span()) for match in matches]


def _kind(group: str, text: str) -> tuple[PieceKind, str]:
    """What a match of the pattern is, and its text."""
    if text.lower() in EQUALS:
        return "equals", "="
    if text.lower() in SIGNS:
        return "sign", SIGNS[text.lower()]
    match group:
        case "number" | "open" | "close" | "comma" | "unknown":
            return group, text
        case "word":
            return ("unknown", text) if len(text) == 1 else ("word", text)
        case "command":
            return "unknown", text
    return "end", text


class WrongNumber(NamedTuple):
    """A number in a text that is not what it should be."""

    evidence: str
    start: int
    """Its first character."""
    end: int
    """The character after it."""
    excess: float
    """How much it is over (above 0) or under."""


COUNT_STEPS = 3
"""Steps by one that make a row of numbers a count …"""

COUNT_PAIRS = 5
"""… and pairs of word and number that make a running count ("bell 1 seed 1")."""

LONGEST_COUNT = 9
"""Digits of a number in a count, at most: longer ones name things."""


def wrong_counts(pieces: Sequence[Piece]) -> Iterator[WrongNumber]:
    """The numbers that break a count.

    - A row of numbers in which `COUNT_STEPS` steps or more are by one, up or down, and one step between them
      is not ("6 7 9 10 11"). A row that leaves the count at its first or last step is no count.
    - `COUNT_PAIRS` pairs of word and number or more, with a word repeated, in which each number is the one
      before or one more, except once, and not at the first or last step.
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
    odd = [index for index, step in enumerate(steps) if step not in regular]
    if len(odd) != 1 or len(steps) - 1 < COUNT_STEPS or odd[0] in (0, len(steps) - 1):
        return
    index = odd[0] + 1
    said, expected = row[index], values[index - 1] + unit
    evidence = f"The count says {said.text} where {expected} comes next."
    yield WrongNumber(evidence, said.start, said.end, values[index] - expected)


LONGEST_SIDE = 60
"""Pieces of a side of an equation, at most; a longer side is not judged."""

Side = Sequence[Piece]


def wrong_equations(text: str, pieces: Sequence[Piece]) -> Iterator[WrongNumber]:
    """The equations that are wrong, the first wrong side of each, in their order.

    An equation is two or more numbers with + - * / (or their words), parentheses and units, and their stated
    value. A quotient may be rounded to the decimals in which it is written. A side with a variable, a
    percentage or a power is not judged. "2 + 3 = 5 + 4 = 9" is read as two true sums.
    """
    for stretch in _stretches(pieces):
        sides = list(_sides(stretch))
        for left, right in itertools.pairwise(sides):
            if (wrong := _judged(text, left, right)) is not None:
                yield wrong
                break


def _stretches(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """The pieces between ends of sums, without units."""
    stretch: list[Piece] = []
    after_number = False
    for index, piece in enumerate(pieces):
        following = pieces[index + 1] if index + 1 < len(pieces) else None
        goes_on = following is not None and following.kind in ("number", "word")
        is_unit = piece.kind == "word" and after_number and not goes_on
        if piece.kind in ("end", "comma") or (piece.kind == "word" and not is_unit):
            yield stretch
            stretch = []
        elif not is_unit:
            stretch.append(_with_times(piece, stretch, following))
        after_number = piece.kind == "number"
    yield stretch


def _with_times(piece: Piece, before: Side, after: Piece | None) -> Piece:
    """The letter x as a sign, if it stands between numbers."""
    if piece.text not in ("x", "X") or not before or after is None:
        return piece
    is_between = before[-1].kind in ("number", "close") and after.kind in ("number", "open")
    return piece._replace(kind="sign", text="*") if is_between else piece


def _sides(stretch: Side) -> Iterator[Side]:
    """The sides of an equation."""
    start = 0
    for index, piece in enumerate(stretch):
        if piece.kind == "equals":
            yield stretch[start:index]
            start = index + 1
    yield stretch[start:]


def _judged(text: str, left: Side, right: Side) -> WrongNumber | None:
    """The false right side of an equation whose left side is a sum; None if right or not judged."""
    left, right = _without_loose_parentheses(left), _without_loose_parentheses(right)
    if not left or not right or left[0].kind == "sign" or all(piece.kind != "sign" for piece in left):
        return None  # a sum that begins with a sign is the end of a longer, unread one
    true, said = _value(left), _value(right)
    if true is None or said is None:
        return None
    if _is_close(true, said, right[-1].text) or _is_close(true, number_value(right[0].text), right[0].text):
        return None
    start, end = right[0].start, right[-1].end
    summed = " ".join(text[left[0].start : left[-1].end].split())
    evidence = f"{summed} is {shown_number(true)}, not {' '.join(text[start:end].split())}."
    return WrongNumber(evidence, start, end, float(said - true))


def _without_loose_parentheses(side: Side) -> Side:
    """The side without unbalanced parentheses at its ends: "(3 + 4 = 7)", "7 (as above"."""
    kinds = [piece.kind for piece in side]
    loose = kinds.count("open") - kinds.count("close")
    while side and loose > 0 and side[-1].kind == "open":
        side, loose = side[:-1], loose - 1
    while side and loose > 0 and side[0].kind == "open":
        side, loose = side[1:], loose - 1
    while side and loose < 0 and side[-1].kind == "close":
        side, loose = side[:-1], loose + 1
    return side


def _is_close(true: Fraction, said: Fraction | None, written: str) -> bool:
    """Whether a value is right to its written decimals."""
    if said is None:
        return False
    decimals = len(written.partition(".")[2])
    return true == said or (true.denominator != 1 and abs(true - said) < Fraction(1, 10**decimals))


def _value(side: Side) -> Fraction | None:
    """The value of a sum; None if it cannot be read or divides by zero."""
    if len(side) > LONGEST_SIDE:
        return None
    try:
        value, rest = _sum_of(side)
    except (ValueError, ZeroDivisionError):
        return None
    return None if rest else value


def _sum_of(side: Side) -> tuple[Fraction, Side]:
    """The value of added terms, and the rest."""
    value, rest = _product_of(side)
    while rest and rest[0].text in ("+", "-"):
        term, after = _product_of(rest[1:])
        value, rest = (value + term if rest[0].text == "+" else value - term), after
    return value, rest


def _product_of(side: Side) -> tuple[Fraction, Side]:
    """The value of multiplied or divided factors, and the rest."""
    value, rest = _factor_of(side)
    while rest and rest[0].text in ("*", "/"):
        factor, after = _factor_of(rest[1:])
        value, rest = (value * factor if rest[0].text == "*" else value / factor), after
    return value, rest


def _factor_of(side: Side) -> tuple[Fraction, Side]:
    """The value of a number, a negative one or a parenthesis, and the rest.

    Raises:
        ValueError: there is none of these.
    """
    first, rest = (side[0], side[1:]) if side else (None, side)
    if first is not None and first.text == "-":
        value, rest = _factor_of(rest)
        return -value, rest
    if first is not None and first.kind == "open":
        value, rest = _sum_of(rest)
        if not rest or rest[0].kind != "close":
            raise ValueError("A parenthesis is not closed.")
        return value, rest[1:]
    number = number_value(first.text) if first is not None and first.kind == "number" else None
    if number is None:
        raise ValueError("A number is missing.")
    return number, rest


def first_wrong(text: str) -> WrongNumber | None:
    """The first equation or count that is wrong, by `wrong_equations` and `wrong_counts`; else None."""
    pieces = pieces_of(text)
    found = [*wrong_equations(text, pieces), *wrong_counts(pieces)]
    return min(found, key=lambda wrong: wrong.start, default=None)
