"""The true and the recovered matrix as heat maps that share a cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from core.abilities.catalogue import ABILITIES
from tui.calibration_words import points, setting_words
from tui.inspector.widgets.heat_map import HeatMap
from tui.inspector.widgets.heat_table import Heading, HeatCell, HeatRow, HeatTable
from tui.names import SHORT_NAMES, short_benchmark

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from core.phantom.calibration.calibration import Calibration
    from core.phantom.calibration.matrix import Points
    from tui.inspector.look.marks import Marks

IDS = tuple(ability.id for ability in ABILITIES)
"""Of the rows and of the columns of both."""

CELL_WIDTH = 3
"""Columns that up to 100 points take: so both maps fit beside each other on 80."""


class CustomKeysMap(HeatMap):
    """A heat map whose cells are all that there is to see: enter opens nothing."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves the key to the screen."""
        return False if action == "select" else super().check_action(action, parameters)


class TwoMaps(Horizontal):
    """True at the left, recovered at the right, or one of them; their cursors go together."""

    DEFAULT_CSS = """
    TwoMaps { height: 12; padding: 0 1; }
    TwoMaps Vertical { width: 1fr; height: 12; }
    TwoMaps #true-side { margin-right: 2; }
    TwoMaps Static { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, marks: Marks) -> None:
        super().__init__(id="maps")
        self._marks = marks

    def compose(self) -> ComposeResult:
        for side in ("true", "recovered"):
            with Vertical(id=f"{side}-side"):
                yield Static(markup=False)
                yield CustomKeysMap(self._marks, id=side)

    def show(self, found: Calibration) -> None:
        """Shows the matrices of a calibration."""
        from core.phantom.calibration.calibration import true_matrix
        from core.phantom.calibration.plan import USUAL

        recovered = found.matrices[USUAL]
        self._show("true", f"true: its block zeroed, n {found.truth.items}", true_matrix(found.truth))
        self._show("recovered", f"recovered: its mask, n {recovered.items}", recovered.drops)

    def swap(self) -> None:
        """Where there is room for one: shows the other."""
        self.toggle_class("-true")
        self.query_one("#true" if self.has_class("-true") else "#recovered", HeatMap).focus()

    def _show(self, side: str, title: str, drops: Points) -> None:
        self.query_one(f"#{side}-side Static", Static).update(title)
        self.query_one(f"#{side}", HeatMap).show(heat_table(drops))

    def on_heat_map_highlighted(self, message: HeatMap.Highlighted) -> None:
        for heat_map in self.query(HeatMap):
            heat_map.move_to(message.row, message.column)


def heat_table(drops: Points) -> HeatTable:
    """A matrix for the screen; all items lost are the full shade.

    Args:
        drops: (10, 10) points of accuracy that each ability (column) loses.
    """
    rows = [
        HeatRow(_heading(ability), [HeatCell(points(value), float(value) / 100) for value in row])
        for ability, row in zip(IDS, drops, strict=True)
    ]
    columns = [Heading(short_benchmark(ability), SHORT_NAMES[ability][:2]) for ability in IDS]
    return HeatTable(columns, rows, cell_width=CELL_WIDTH)


def cell_words(found: Calibration, row: int, column: int) -> str:
    """What one cell of both says, in a sentence."""
    from core.phantom.calibration.calibration import true_matrix
    from core.phantom.calibration.plan import USUAL

    true, recovered = true_matrix(found.truth)[row, column], found.matrices[USUAL].drops[row, column]
    without, asked = short_benchmark(IDS[row]), short_benchmark(IDS[column])
    return (
        f"Without {without}, {asked} loses {true:.1f} of 100 points by the planted block, "
        f"and {recovered:.1f} by the mask ({setting_words(USUAL)})."
    )


def _heading(ability: str) -> Heading:
    return Heading(short_benchmark(ability), SHORT_NAMES[ability])
