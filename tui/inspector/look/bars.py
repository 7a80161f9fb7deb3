"""Numbers drawn in a row of cells: an interval on its scale, and a course of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.inspector.look.marks import Marks

LEVELS, ASCII_LEVELS = "▁▂▃▄▅▆▇█", "123456789"
"""The levels of a sparkline, from the lowest."""


def levels_of(marks: Marks) -> str:
    """The levels of a sparkline in a set of signs."""
    return LEVELS if marks.bar_eighths else ASCII_LEVELS


def sparkline(values: Sequence[float], levels: str, largest: float = 0.0) -> str:
    """One character for each value, the highest level for the largest; a space for 0.

    Args:
        values: from 0 up.
        levels: the characters, from the lowest.
        largest: the value of the highest level; 0 for the largest of the values.
    """
    largest = largest or max(values, default=0.0)
    return "".join(
        levels[min(len(levels), max(1, round(value / largest * len(levels)))) - 1] if value > 0 else " "
        for value in values
    )


def interval_bar(
    ends: tuple[float, float, float], scale: tuple[float, float], cells: int, marks: Marks
) -> tuple[str, str, str]:
    """An interval as a line with a dot at its estimate: the track before it, the line, the track behind it.

    Args:
        ends: the low end, the estimate, the high end; what is beyond the scale is drawn at its end.
        scale: the values of the first and the last cell.
        cells: columns, at least 2.
        marks: the signs.
    """
    first, last = scale

    def column(value: float) -> int:
        return round((min(last, max(first, value)) - first) / (last - first) * (cells - 1))

    low, at, high = map(column, ends)
    track = [marks.not_identifiable] * cells
    if first < 0 < last:
        track[column(0.0)] = marks.rule
    line = [marks.stored if cell == at else marks.dash for cell in range(low, high + 1)]
    return "".join(track[:low]), "".join(line), "".join(track[high + 1 :])
