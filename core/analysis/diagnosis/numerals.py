"""Cuts a text into the pieces of which sums and counts are made. Linear in the text, whatever it holds."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal, NamedTuple

PieceKind = Literal["number", "sign", "equals", "open", "close", "word", "comma", "unknown", "end"]
"""`unknown`: what makes a sum unreadable here, such as a variable, a power or a percentage;
`end`: what ends a sum, such as the end of a line or sentence."""

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
    """As written; of a sign, one of + - * /."""
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
