"""Finds equations of numbers that arithmetic refutes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

from core.analysis.diagnosis.numerals import Piece, number_value, shown_number
from core.analysis.diagnosis.wrong_number import WrongNumber

LONGEST_SIDE = 60
"""Pieces of a side of an equation at most; a longer one is not judged."""

Side = Sequence[Piece]


def wrong_equations(text: str, pieces: Sequence[Piece]) -> Iterator[WrongNumber]:
    """The equations that are wrong, the first wrong side of each, in their order.

    An equation is two or more numbers with + - * / (or their words), parentheses and units, and what they
    are said to equal. A quotient may be rounded to the decimals in which it is written. A side with a letter
    for a number, a percentage or a power is not judged. "2 + 3 = 5 + 4 = 9" is read as two true sums.
    """
    for stretch in _stretches(pieces):
        sides = list(_sides(stretch))
        for left, right in itertools.pairwise(sides):
            if (wrong := _judged(text, left, right)) is not None:
                yield wrong
                break


def _stretches(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """The pieces between whatever ends a sum; units are left out."""
    stretch: list[Piece] = []
    after_number = False
    for place, piece in enumerate(pieces):
        following = pieces[place + 1] if place + 1 < len(pieces) else None
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
    """What stands between the equals signs."""
    start = 0
    for place, piece in enumerate(stretch):
        if piece.kind == "equals":
            yield stretch[start:place]
            start = place + 1
    yield stretch[start:]


def _judged(text: str, left: Side, right: Side) -> WrongNumber | None:
    """What is wrong with the right side of an equation, if the left side is a sum."""
    left, right = _without_loose_parentheses(left), _without_loose_parentheses(right)
    if not left or not right or left[0].kind == "sign" or all(piece.kind != "sign" for piece in left):
        return None  # a sum that begins with a sign is the end of a longer one, which was not read
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
    """The side without a parenthesis at its ends that is not of the sum: "(3 + 4 = 7)", "7 (as above"."""
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
    """Whether a value is right to the decimals in which it is written."""
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
    """The value of terms that are added, and what follows them."""
    value, rest = _product_of(side)
    while rest and rest[0].text in ("+", "-"):
        term, after = _product_of(rest[1:])
        value, rest = (value + term if rest[0].text == "+" else value - term), after
    return value, rest


def _product_of(side: Side) -> tuple[Fraction, Side]:
    """The value of factors that are multiplied or divided, and what follows them."""
    value, rest = _factor_of(side)
    while rest and rest[0].text in ("*", "/"):
        factor, after = _factor_of(rest[1:])
        value, rest = (value * factor if rest[0].text == "*" else value / factor), after
    return value, rest


def _factor_of(side: Side) -> tuple[Fraction, Side]:
    """The value of a number, a negative one, or what stands in parentheses.

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
