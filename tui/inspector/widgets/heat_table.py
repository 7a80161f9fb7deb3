"""What a heat map shows, and how it uses the room that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.geometry import Size

WIDEST_CELL = 14
"""A cell wider than this holds nothing but its neighbours apart."""


@dataclass(frozen=True)
class Heading:
    """The name of a row or column."""

    long: str
    short: str
    """Where there is no room for the long one."""


@dataclass(frozen=True)
class HeatCell:
    """One cell."""

    text: str
    value: float | None = None
    """What it is shaded by, from 0 to 1, or to -1 in another colour; None: not at all."""
    below: str = ""
    """A second line, where there is room for one."""
    is_dim: bool = False
    roomy: str = ""
    """In place of the text where all cells have room for theirs; empty if it is the text."""


@dataclass(frozen=True)
class HeatRow:
    """One row."""

    heading: Heading
    cells: Sequence[HeatCell]
    flag: str = ""
    """A mark behind its name."""


def heat_rows(
    headings: Sequence[Heading],
    texts: Sequence[Sequence[str]],
    shades: Sequence[Sequence[float | None]],
    below: Sequence[Sequence[str]],
) -> list[HeatRow]:
    """Rows of cells from tables of their texts, shades and second lines; unshaded cells are dim."""
    return [
        HeatRow(heading, [HeatCell(t, s, b, is_dim=s is None) for t, s, b in zip(*row, strict=True)])
        for heading, *row in zip(headings, texts, shades, below, strict=True)
    ]


@dataclass(frozen=True)
class HeatTable:
    """All that a heat map shows."""

    columns: Sequence[Heading]
    rows: Sequence[HeatRow]
    footer: Sequence[HeatRow] = ()
    """Rows below, dimmed, which the cursor does not enter."""
    corner: str = ""
    """What the rows are."""
    cell_width: int = 5
    """Columns of the screen that a cell needs at least, the gap before it included."""


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
