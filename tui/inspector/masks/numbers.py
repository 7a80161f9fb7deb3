"""Numbers of masks in few columns, and what chance gives. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

Z_95 = 1.96
"""Standard deviations either way that hold 95 % of a normal distribution."""


def sparkline(values: Sequence[float], levels: str) -> str:
    """One character for each value, the largest at the highest level; a space for nothing."""
    largest = max(values, default=0.0)
    return "".join(
        levels[max(0, round(value / largest * len(levels)) - 1)] if value > 0 else " " for value in values
    )


def shared_by_chance(own: int, others: int, candidates: int) -> str:
    """How many weights random masks share, as the range that holds 95 % of such pairs: `1,631 to 1,787`.

    Args:
        own: weights of one mask.
        others: weights of the other.
        candidates: weights that both are drawn from.
    """
    expected = own * others / candidates
    left = (candidates - own) / candidates * (candidates - others) / max(1, candidates - 1)
    either_way = Z_95 * sqrt(expected * left)
    return f"{max(0, round(expected - either_way)):,} to {round(expected + either_way):,}"
