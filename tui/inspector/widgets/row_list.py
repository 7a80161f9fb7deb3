"""A list with a cursor, of which only the rows in sight are drawn, however many there are."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class RowList(ScrollView, can_focus=True):
    """Rows of one line each; subclasses bind keys to the actions and draw the rows."""

    DEFAULT_CSS = """
    RowList { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self.row_count = 0
        self.cursor = 0
        """The row of the cursor; 0 if there are no rows."""

    def draw_row(self, row: int, width: int) -> Iterable[Segment]:
        """A row's segments, which are cut or filled up to the width."""
        raise NotImplementedError

    def draw_empty(self, line: int, width: int) -> Iterable[Segment]:
        """The segments of a line of the screen where there are no rows."""
        return ()

    def cursor_moved(self) -> None:
        """Called when a person has moved the cursor."""

    def set_rows(self, count: int, cursor: int) -> None:
        """Takes another number of rows, and brings the cursor to one of them, or to the nearest one."""
        self.row_count = count
        self.cursor = self._nearest(cursor)
        self.virtual_size = Size(self.scrollable_content_region.width, count)

    def move_to(self, row: int) -> None:
        """Moves the cursor to a row, or to the nearest one, as a person does."""
        row = self._nearest(row)
        if row != self.cursor:
            before, self.cursor = self.cursor, row
            top, width = self.scroll_offset.y, self.size.width
            self.refresh(*(Region(0, one - top, width, 1) for one in (before, row)))
            self.bring_into_sight()
            self.cursor_moved()

    def bring_into_sight(self) -> None:
        """Scrolls as little as needed to show the cursor."""
        height, top = self.scrollable_content_region.height, self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif height and self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)

    def action_move(self, rows: int) -> None:
        """Moves the cursor by some rows."""
        self.move_to(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Moves the cursor by pages, which share a row."""
        self.move_to(self.cursor + pages * max(1, self.scrollable_content_region.height - 1))

    def action_edge(self, edge: int) -> None:
        """Moves the cursor to the first row (0) or the last (1)."""
        self.move_to(edge * self.row_count)

    def on_click(self, event: events.Click) -> None:
        if (row := event.y + self.scroll_offset.y) < self.row_count:
            self.move_to(row)

    def on_resize(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, self.row_count)
        self.bring_into_sight()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        row, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        segments: Iterable[Segment] = ()
        if row < self.row_count:
            segments = self.draw_row(row, width)
        elif not self.row_count:
            segments = self.draw_empty(y, width)
        # The last segment's style fills the line, so that the cursor reaches the edge.
        drawn = list(segments)
        return Strip(drawn).adjust_cell_length(width, drawn[-1].style if drawn else self.rich_style)

    def _nearest(self, row: int) -> int:
        return max(0, min(row, self.row_count - 1))
