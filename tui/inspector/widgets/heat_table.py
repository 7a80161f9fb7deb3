"""What a heat map shows, and how it uses the room that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.geometry import Size

WIDEST_CELL = 14
"""Most screen columns of a cell."""


@dataclass(frozen=True)
class Heading:
    """The name of a row or column."""

    long: str
    short: str
    """Used where the long one does not fit."""


@dataclass(frozen=True)
class HeatCell:
    """One cell."""

    text: str
    value: float | None = None
    """The shade, 0 to 1, or down to -1 in another colour; None for no shade."""
    below: str = ""
    """A second line, shown where it fits."""
    is_dim: bool = False
    roomy: str = ""
    """A longer text, shown if those of all cells fit; empty if there is none."""


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
    """The content of a heat map."""

    columns: Sequence[Heading]
    rows: Sequence[HeatRow]
    footer: Sequence[HeatRow] = ()
    """Dimmed rows below, which the cursor does not enter."""
    corner: str = ""
    """What the rows are."""
    cell_width: int = 5
    """Fewest screen columns of a cell, with the gap before it."""


@dataclass(frozen=True)
class Layout:
    """Sizes in screen columns and lines."""

    label_width: int
    cell_width: int
    head_lines: int
    row_lines: int
    is_long: bool
    """Whether columns show their long names."""
    is_long_label: bool = False
    """Whether rows show their long names."""
    is_roomy: bool = False
    """Whether cells show their longer texts."""
    has_wide_cells: bool = False
    """Whether the second lines of cells fit across."""


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
    has_wide_cells = 0 < below < cell
    has_second = has_wide_cells and head_lines + 2 * len(rows) <= room.height
    is_roomy = 0 < _longest([cell.roomy for row in rows for cell in row.cells]) < cell
    lines = 2 if has_second else 1
    return Layout(label, cell, head_lines, lines, is_long, is_long_label, is_roomy, has_wide_cells)


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)
