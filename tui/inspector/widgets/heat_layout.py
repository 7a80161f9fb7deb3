"""How a heat map uses the room that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.geometry import Size

    from tui.inspector.widgets.heat_map import HeatTable

WIDEST_CELL = 14
"""A cell wider than this holds nothing but its neighbours apart."""


@dataclass(frozen=True)
class Layout:
    """Sizes in columns and lines of the screen."""

    label_width: int
    cell_width: int
    head_lines: int
    row_lines: int
    is_long: bool
    """Whether the columns have their long names."""
    is_long_label: bool = False
    """Whether the rows have their long names."""
    is_roomy: bool = False
    """Whether the cells have their longer texts."""


def layout_of(table: HeatTable, room: Size) -> Layout:
    """The roomiest layout without scrolling sideways; the narrowest one if none is."""
    rows = [*table.rows, *table.footer]
    count = max(1, len(table.columns))
    # The cursor's mark stands before a name, and a flag behind it.
    around = 1 + _longest([row.flag for row in rows])
    long_label = around + _longest([row.heading.long for row in rows])
    short_label = around + _longest([row.heading.short for row in rows])
    is_long_label = long_label + count * table.cell_width <= room.width
    label = long_label if is_long_label else short_label
    cell = max(table.cell_width, min(WIDEST_CELL, (room.width - label) // count))
    long, short = (_longest([getattr(c, form) for c in table.columns]) for form in ("long", "short"))
    is_long = long < cell
    head_lines = 1 if is_long or short < cell else 2
    below = _longest([cell.below for row in rows for cell in row.cells])
    has_second = 0 < below < cell and head_lines + 2 * len(rows) <= room.height
    is_roomy = 0 < _longest([cell.roomy for row in rows for cell in row.cells]) < cell
    return Layout(label, cell, head_lines, 2 if has_second else 1, is_long, is_long_label, is_roomy)


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)
