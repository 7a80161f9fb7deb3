"""A table of numbers shaded by value, with a cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.inspector.look.few_colours import depth_of
from tui.inspector.look.themes import shade
from tui.inspector.widgets.heat_table import HeatCell, HeatRow, HeatTable, Layout, layout_of

if TYPE_CHECKING:
    from textual import events

    from tui.inspector.look.marks import Marks

DIM, BOLD = Style(dim=True), Style(bold=True)
LEFT_CURSOR = Style(bold=True, underline=True)
"""The cursor without the focus."""


class HeatMap(ScrollView, can_focus=True):
    """Rows by columns. Names stay in sight when it scrolls; marks before them say that there are more."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1, 0)", "up", id="heat.up", show=False, tooltip="The row above"),
        Binding("down,j", "move(1, 0)", "down", id="heat.down", show=False, tooltip="The row below"),
        Binding("left,h", "move(0, -1)", "left", id="heat.left", show=False, tooltip="The column before"),
        Binding("right,l", "move(0, 1)", "right", id="heat.right", show=False, tooltip="The next column"),
        Binding("g", "move(-1000, 0)", "top", id="heat.top", show=False, tooltip="The first row"),
        Binding("G", "move(1000, 0)", "bottom", id="heat.bottom", show=False, tooltip="The last row"),
        Binding("home", "move(0, -1000)", "first", id="heat.first", show=False, tooltip="The first column"),
        Binding("end", "move(0, 1000)", "last", id="heat.last", show=False, tooltip="The last column"),
        Binding("pageup", "move(-10, 0)", "page up", id="heat.page_up", show=False, tooltip="Ten up"),
        Binding("pagedown", "move(10, 0)", "page down", id="heat.page_down", show=False, tooltip="Ten down"),
        Binding("enter", "select", "open", id="heat.open", tooltip="Open the cell"),
    ]  # fmt: skip

    DEFAULT_CSS = """
    HeatMap { height: 1fr; background: transparent; scrollbar-size: 0 1; }
    HeatMap > .heat-map--cursor {
        color: $block-cursor-foreground; background: $block-cursor-background; text-style: bold;
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"heat-map--cursor"}

    class Highlighted(Message):
        """The cursor moved to a cell."""

        def __init__(self, row: int, column: int) -> None:
            super().__init__()
            self.row, self.column = row, column

    class Selected(Highlighted):
        """A cell was opened: by enter, or by a click where the cursor was."""

    class Hovered(Message):
        """The mouse moved to a cell (row, column), or off the cells (None)."""

        def __init__(self, cell: tuple[int, int] | None) -> None:
            super().__init__()
            self.cell = cell

    def __init__(self, marks: Marks, *, opens: bool = True, id: str | None = None) -> None:  # noqa: A002
        """A heat map without a table; `opens` says whether enter and a click open a cell."""
        super().__init__(id=id)
        self._marks, self._opens = marks, opens
        self._table = HeatTable((), ())
        self._layout_now = Layout(0, 1, 1, 1, is_long=False)
        self._hovered: tuple[int, int] | None = None
        self.cursor = (0, 0)
        """Row and column, from 0."""

    def show(self, table: HeatTable) -> None:
        """Shows a table; the cursor stays, or moves to the nearest cell."""
        self._table = table
        self.cursor = self._inside(*self.cursor)
        self._arrange()
        self.refresh()

    def move_to(self, row: int, column: int) -> None:
        """Moves the cursor to a cell, or to the nearest one, and scrolls it into sight."""
        cell = self._inside(row, column)
        if cell != self.cursor:
            self.cursor = cell
            self.refresh()
            self.post_message(self.Highlighted(*cell))
        self._bring_into_sight()

    def action_move(self, rows: int, columns: int) -> None:
        """Moves the cursor."""
        row, column = self.cursor
        self.move_to(row + rows, column + columns)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves enter to others where cells cannot be opened."""
        return action != "select" or self._opens

    def action_select(self) -> None:
        """Opens the cell under the cursor."""
        if self._table.rows and self._opens:
            self.post_message(self.Selected(*self.cursor))

    def on_resize(self) -> None:
        self._arrange()
        self._bring_into_sight()

    def lines_within(self, room: int) -> int:
        """The lines that the table takes of so many: with two a row if they fit."""
        # By its size now: the layout is that of before until its own turn comes to be resized.
        layout, rows = layout_of(self._table, self.size), len(self._table.rows) + len(self._table.footer)
        double = layout.head_lines + 2 * rows
        return double if layout.has_wide_cells and double <= room else layout.head_lines + rows

    def allow_focus(self) -> bool:
        """Not while it is hidden."""
        return super().allow_focus() and self.display

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        cell = self._cell_at(event.x, event.y)
        if cell is None:
            return
        if cell == self.cursor:
            self.action_select()
        else:
            self.move_to(*cell)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._hover(self._cell_at(event.x, event.y))

    def on_leave(self) -> None:
        self._hover(None)

    def render_line(self, y: int) -> Strip:
        layout = self._layout_now
        if not self._table.rows:
            return Strip.blank(self.size.width, self.rich_style)
        if y < layout.head_lines:
            return self._window(self._head(y))
        line = y - layout.head_lines + self.scroll_offset.y
        number, within = divmod(line, layout.row_lines)
        rows = [*self._table.rows, *self._table.footer]
        if number >= len(rows):
            return Strip.blank(self.size.width, self.rich_style)
        return self._window(self._row(number, rows[number], within))

    def _window(self, segments: list[Segment]) -> Strip:
        """The visible part of a line: the name, and the cells from the scroll offset on."""
        whole = Strip(segments).apply_style(self.rich_style)
        label, start = self._layout_now.label_width, self.scroll_offset.x
        cells = whole.crop(label + start, start + self.size.width)
        return Strip.join([whole.crop(0, label), cells]).adjust_cell_length(self.size.width, self.rich_style)

    def _head(self, line: int) -> list[Segment]:
        """One line of column names; on two lines each name has the room of two columns."""
        layout, columns = self._layout_now, self._table.columns
        segments, written = [], 0
        for number in range(line, len(columns), layout.head_lines):
            end = layout.label_width + (number + 1) * layout.cell_width
            name = columns[number].long if layout.is_long else columns[number].short
            room = end - written
            style = self._cursor if number == self.cursor[1] and self.has_focus else DIM
            name = name[: room - 1]
            corner = f" {self._table.corner}" if not written and line == layout.head_lines - 1 else ""
            segments += [Segment(f"{corner:<{room - len(name)}}", DIM), Segment(name, style)]
            written = end
        return segments

    def _row(self, number: int, row: HeatRow, within: int) -> list[Segment]:
        layout = self._layout_now
        is_current, is_footer = number == self.cursor[0], number >= len(self._table.rows)
        segments = [Segment(" " * layout.label_width)]
        if within == 0:
            name = row.heading.long if layout.is_long_label else row.heading.short
            mark = self._marks.chosen if is_current else self._more_mark(number)
            label = f"{mark}{name[: layout.label_width - 1 - len(row.flag)]}{row.flag}"
            segments = [
                Segment(f"{label:<{layout.label_width}}", BOLD if is_current else DIM if is_footer else None)
            ]
        for column, cell in enumerate(row.cells):
            first = cell.roomy if layout.is_roomy and cell.roomy else cell.text
            text = first if within == 0 else cell.below if within == 1 else ""
            is_cursor = is_current and column == self.cursor[1]
            style = self._cell_style(cell, is_cursor, is_dim=is_footer or within > 0)
            segments.append(Segment(f"{text[: layout.cell_width]:>{layout.cell_width}}", style))
        return segments

    def _more_mark(self, number: int) -> str:
        """The mark before the first or last visible row if there are more beyond it."""
        layout, top = self._layout_now, self.scroll_offset.y
        room, lines = self.size.height - layout.head_lines, layout.row_lines
        if number * lines <= top < (number + 1) * lines and top > 0:
            return self._marks.up
        is_last = number * lines < top + room <= (number + 1) * lines
        rows = len(self._table.rows) + len(self._table.footer)
        return self._marks.down if is_last and top + room < rows * lines else " "

    def _cell_style(self, cell: HeatCell, is_cursor: bool, is_dim: bool) -> Style:
        style = Style()
        if cell.value is not None:
            depth = depth_of(self.app.console)
            style = shade(cell.value, self.app.theme_variables, depth=depth)
        if is_cursor:
            return self._cursor if self.has_focus else style + LEFT_CURSOR
        # Dim text on a shade could not be read.
        return style + DIM if cell.value is None and (cell.is_dim or is_dim) else style

    @property
    def _cursor(self) -> Style:
        return self.get_component_rich_style("heat-map--cursor")

    def _arrange(self) -> None:
        self._layout_now = layout_of(self._table, self.size)
        rows = len(self._table.rows) + len(self._table.footer)
        layout = self._layout_now
        width = layout.label_width + len(self._table.columns) * layout.cell_width
        self.virtual_size = Size(width, layout.head_lines + rows * layout.row_lines)

    def _bring_into_sight(self) -> None:
        """Scrolls as little as needed; from the last row on to the footer."""
        layout, (row, column) = self._layout_now, self.cursor
        top, left = row * layout.row_lines, column * layout.cell_width
        height = layout.row_lines
        if row == len(self._table.rows) - 1:
            height += len(self._table.footer) * layout.row_lines
        x = _least(self.scroll_offset.x, left, layout.cell_width, self.size.width - layout.label_width)
        y = _least(self.scroll_offset.y, top, height, self.size.height - layout.head_lines)
        self.scroll_to(x, y, animate=False)

    def _inside(self, row: int, column: int) -> tuple[int, int]:
        """The nearest cell of the table."""
        last_row, last_column = len(self._table.rows) - 1, len(self._table.columns) - 1
        return max(0, min(row, last_row)), max(0, min(column, last_column))

    def _cell_at(self, x: int, y: int) -> tuple[int, int] | None:
        """The row and column at a point of the widget; None beside the cells."""
        layout = self._layout_now
        if x < layout.label_width or y < layout.head_lines:
            return None
        column = (x - layout.label_width + self.scroll_offset.x) // layout.cell_width
        row = (y - layout.head_lines + self.scroll_offset.y) // layout.row_lines
        return (row, column) if self._inside(row, column) == (row, column) and self._table.rows else None

    def _hover(self, cell: tuple[int, int] | None) -> None:
        if cell != self._hovered:
            self._hovered = cell
            self.post_message(self.Hovered(cell))


def _least(now: int, start: int, length: int, room: int) -> int:
    """The scroll offset nearest to the present one that shows a part."""
    return max(min(now, start), start + length - room)
