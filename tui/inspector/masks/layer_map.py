"""The map of a mask: layers by matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.inspector.widgets.heat_map import HeatMap
from tui.inspector.widgets.heat_table import Heading, HeatCell, HeatRow, HeatTable

if TYPE_CHECKING:
    from tui.inspector.masks.weight_table import WeightTable

CELL_WIDTH = 6
"""Columns of a number with its sign and the gap before it."""


class LayerMap(HeatMap):
    """Layers by matrices; a cell says all it knows below, so there is nothing to open."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does something here."""
        return action != "select"

    def action_select(self) -> None:
        """A click on the cursor's cell."""


def heat_table(table: WeightTable, blank: str) -> HeatTable:
    """The map; counts stand below the other measures where there is room."""
    places = range(len(table.columns))
    shades, texts, below = table.shades, table.texts(blank), table.counts_below()

    def row(number: int, name: str) -> HeatRow:
        cells = [
            HeatCell(texts[number][i], shades[number][i], below[number][i], is_dim=shades[number][i] is None)
            for i in places
        ]
        return HeatRow(Heading(name, name.removeprefix("layer ")), cells)

    columns = [Heading(name, name) for name in table.columns]
    return HeatTable(columns, [row(*pair) for pair in enumerate(table.rows)], cell_width=CELL_WIDTH)
