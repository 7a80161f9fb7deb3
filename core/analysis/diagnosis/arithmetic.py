"""The first number of a text that arithmetic itself refutes."""

from __future__ import annotations

from core.analysis.diagnosis.counts import wrong_counts
from core.analysis.diagnosis.equations import wrong_equations
from core.analysis.diagnosis.numerals import pieces_of
from core.analysis.diagnosis.wrong_number import WrongNumber


def first_wrong(text: str) -> WrongNumber | None:
    """The first equation or count that is wrong, by `wrong_equations` and `wrong_counts`; else None."""
    pieces = pieces_of(text)
    found = [*wrong_equations(text, pieces), *wrong_counts(pieces)]
    return min(found, key=lambda wrong: wrong.start, default=None)
