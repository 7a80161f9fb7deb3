"""A number that is not what it should be."""

from __future__ import annotations

from typing import NamedTuple


class WrongNumber(NamedTuple):
    """A number in a text that is not what it should be."""

    evidence: str
    start: int
    """Its first character."""
    end: int
    """The character after it."""
    excess: float
    """How much it is over (above 0) or under."""
