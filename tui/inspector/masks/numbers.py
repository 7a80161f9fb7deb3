"""Numbers of masks in few columns, and what chance gives. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

Z_95 = 1.96
"""Standard deviations either way that hold 95 % of a normal distribution."""


def number_text(value: float, *, whole: bool = False) -> str:
    """A number from 0 up in four columns: `0.4`, `12`, `3.1k`, `<.1`.

    Args:
        value: the number.
        whole: it counts things, and below 1,000 has no decimals.
    """
    if value >= 999.5:
        steps = int(value >= 999_500) + int(value >= 999_500_000)
        return number_text(value / 1000 ** (steps + 1)) + "kMB"[steps]
    if whole or value == 0:
        return f"{value:.0f}"
    if value < 0.05:
        return "<.1"
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def signed_text(value: float, *, whole: bool = False) -> str:
    """A difference in five columns: `+.07`, `-12`, `0`.

    Args:
        value: the difference.
        whole: it is of numbers of things.
    """
    sign = "+" if value > 0 else "-"
    if whole or abs(value) >= 0.995:
        return "0" if value == 0 else sign + number_text(abs(value), whole=whole)
    text = f"{abs(value):.2f}"
    return "0" if text == "0.00" else sign + text[1:]


def percent(value: float) -> str:
    """A fraction in percent, to two digits where it is small: `39 %`, `0.46 %`."""
    return f"{value * 100:.2g} %" if value < 0.0995 else f"{value * 100:.0f} %"


def fraction_text(value: float) -> str:
    """A fraction in three columns: `.43`, `1`."""
    text = f"{value:.2f}"
    return {"1.00": "1", "0.00": "0"}.get(text, text[1:])


def lift_text(value: float) -> str:
    """A factor in three columns: `1.0`, `20`, `12k`."""
    if value >= 999.5:
        return f"{value / 1000:.0f}k"
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


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
