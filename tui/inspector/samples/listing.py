"""The list of a benchmark's items. Knows only their places; the rows in sight are asked for, and given."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from tui.inspector.look.text import rows_of
from tui.inspector.samples.row import Columns, Ending, ListRow, row_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.style import Style
    from rich.text import Text
    from textual import events

    from tui.inspector.look.marks import Marks

    Places = Sequence[int] | NDArray[np.int64]

AHEAD = 60
"""Rows that are asked for above and below those in sight."""

KEPT_ROWS = 4000
"""Rows that are kept at most."""


class ListHead(Widget):
    """The names of the list's columns."""

    DEFAULT_CSS = """
    ListHead { height: 1; display: none; color: $text-muted; text-style: bold; }
    """

    def __init__(self, rows: SampleList) -> None:
        super().__init__()
        self._rows = rows

    def render(self) -> Text:
        from rich.text import Text

        return Text(self._rows.head, no_wrap=True, overflow="crop")


class SampleList(ScrollView, can_focus=True):
    """A cursor over places; as fast with a hundred thousand as with ten."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", id="samples.down", show=False, tooltip="Next item"),
        Binding("up,k", "move(-1)", "up", id="samples.up", show=False, tooltip="Previous item"),
        Binding("pagedown,space", "page(1)", "page", id="samples.page_down", show=False, tooltip="A page on"),
        Binding("pageup", "page(-1)", "page", id="samples.page_up", show=False, tooltip="A page back"),
        Binding("g,home", "edge(0)", "first", id="samples.first", show=False, tooltip="First item"),
        Binding("G,end", "edge(1)", "last", id="samples.last", show=False, tooltip="Last item"),
        Binding("enter", "open", "open", id="samples.open", tooltip="Open the item"),
        Binding("l,right", "open", "open", id="samples.open_right", show=False, tooltip="Open the item"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "samples--row",
        "samples--cursor",
        "samples--muted",
        "samples--right",
        "samples--wrong",
    }

    DEFAULT_CSS = """
    SampleList { overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; scrollbar-size-vertical: 1; }
    SampleList .samples--cursor { background: $panel; text-style: bold; }
    SampleList:focus .samples--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    SampleList .samples--muted { color: $text-muted; }
    SampleList .samples--right { color: $text-success; }
    SampleList .samples--wrong { color: $text-error; }
    """

    class RowsWanted(Message):
        """These places are in sight, or nearly, and not known."""

        def __init__(self, places: Sequence[int]) -> None:
            super().__init__()
            self.places = places

    class Moved(Message):
        """The cursor is on another item; `place` is None if there is none."""

        def __init__(self, place: int | None) -> None:
            super().__init__()
            self.place = place

    class Opened(Message):
        """The item under the cursor is to be shown."""

    def __init__(self, marks: Marks, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self._marks = marks
        self._places: Places = ()
        self._n, self._longest_tag, self._mark_width = 0, 0, 3
        self._ending: Ending = "letters"
        self._rows: dict[int, ListRow] = {}
        self._is_asking = False
        self._cursor = 0
        self._sentence = "Reading what is stored."

    def allow_focus(self) -> bool:
        """Not while the item stands in its place."""
        return super().allow_focus() and self.display

    @property
    def place(self) -> int | None:
        """Of the item under the cursor; None if the list is empty."""
        return int(self._places[self._cursor]) if len(self._places) else None

    @property
    def position(self) -> tuple[int, int]:
        """Which row the cursor is on, from 1, and of how many; (0, 0) if there are none."""
        return (self._cursor + 1 if len(self._places) else 0), len(self._places)

    @property
    def head(self) -> str:
        """The names of the columns, where they stand."""
        return self._columns().heads(self._marks.cut)

    def show(
        self,
        places: Places,
        n: int,
        tags: Iterable[str],
        mark_width: int,
        sentence: str,
        ending: Ending = "letters",
    ) -> None:
        """Lists other items, or the same with other answers; the cursor stays on its item if it is there.

        Args:
            places: of the items, ascending.
            n: items of the benchmark.
            tags: all that there are, for the width of their column.
            mark_width: cells of a row's mark.
            sentence: what is said if there are no items.
            ending: what stands at the end of the rows.
        """
        place = self.place
        above = self._cursor - self.scroll_offset.y
        self._places, self._n, self._sentence = places, n, sentence
        self._longest_tag, self._mark_width = max(map(len, tags), default=0), mark_width
        self._ending = ending
        self._cursor = 0 if place is None else min(bisect_left(places, place), max(0, len(places) - 1))
        self._is_asking = False
        self.virtual_size = Size(self.scrollable_content_region.width, len(places))
        self.scroll_to(y=self._cursor - above, animate=False, immediate=True, force=True)
        self._show_cursor()
        self.refresh()
        self.post_message(self.Moved(self.place))

    def forget(self) -> None:
        """Forgets what is known of the rows, as when their answers have changed."""
        self._rows.clear()
        self._is_asking = False
        self.refresh()

    def give(self, rows: Sequence[ListRow]) -> None:
        """Takes rows that were asked for."""
        self._is_asking = False
        if len(self._rows) > KEPT_ROWS:
            self._rows.clear()
        self._rows.update((row.place, row) for row in rows)
        self.refresh()
        self._ask()

    def go_to(self, place: int) -> None:
        """Puts the cursor on the item at a place, or else the next that is listed."""
        self._move_to(bisect_left(self._places, place))

    def action_move(self, rows: int) -> None:
        """Moves the cursor by some rows."""
        self._move_to(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        """Moves the cursor by pages, which share a row."""
        self._move_to(self._cursor + pages * max(1, self.scrollable_content_region.height - 1))

    def action_edge(self, edge: int) -> None:
        """Moves the cursor to the first row (0) or the last (1)."""
        self._move_to(edge * len(self._places))

    def action_open(self) -> None:
        """Asks for the item under the cursor."""
        if len(self._places):
            self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        row = event.y + self.scroll_offset.y
        if row < len(self._places):
            self._move_to(row)
            if event.chain > 1:
                self.action_open()

    def _move_to(self, row: int) -> None:
        row = max(0, min(row, len(self._places) - 1))
        if row != self._cursor:
            before, self._cursor = self._cursor, row
            self._refresh_rows(before, row)
            self._show_cursor()
            self.post_message(self.Moved(self.place))

    def _show_cursor(self) -> None:
        height, top = self.scrollable_content_region.height, self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, immediate=True)
        elif height and self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, immediate=True)

    def _refresh_rows(self, *rows: int) -> None:
        self.refresh(*(Region(0, row - self.scroll_offset.y, self.size.width, 1) for row in rows))

    def on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._places))
        self._show_cursor()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        row = y + self.scroll_offset.y
        if not len(self._places):
            return Strip(self._sentence_row(y, width)).adjust_cell_length(width, self._row_style(None))
        if row >= len(self._places):
            return Strip.blank(width, self._row_style(None))
        known = self._rows.get(int(self._places[row]))
        if known is None:
            self._ask()
        return Strip(self._row(row, known)).adjust_cell_length(width, self._row_style(row))

    def _sentence_row(self, y: int, width: int) -> list[Segment]:
        rows = rows_of(self._sentence, width)
        return [Segment(self._sentence[slice(*rows[y])], self._row_style(None))] if y < len(rows) else []

    def _row(self, row: int, known: ListRow | None) -> list[Segment]:
        base, is_cursor = self._row_style(row), row == self._cursor
        line = row_line(int(self._places[row]), known, self._columns(), self._marks)
        segments = [Segment(self._marks.chosen if is_cursor else " ", base)]
        for text, role in line:
            # On the cursor's background only its own colour can be read for sure.
            is_bare = is_cursor or role == "plain"
            style = base if is_bare else self.get_component_rich_style(f"samples--{role}")
            segments.append(Segment(text, style))
        return segments

    def _row_style(self, row: int | None) -> Style:
        # A component's style is kept by Textual, a widget's own is worked out anew each time.
        is_cursor = row is not None and row == self._cursor
        return self.get_component_rich_style("samples--cursor" if is_cursor else "samples--row")

    def _columns(self) -> Columns:
        width = self.scrollable_content_region.width
        return Columns.within(width, self._n, self._longest_tag, self._mark_width, self._ending)

    def _ask(self) -> None:
        """Asks for the rows in sight and around that are not known, once at a time."""
        if self._is_asking:
            return
        top = self.scroll_offset.y
        near = self._places[max(0, top - AHEAD) : top + self.size.height + AHEAD]
        if wanted := [int(place) for place in near if int(place) not in self._rows]:
            self._is_asking = True
            self.post_message(self.RowsWanted(wanted))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Asks for what comes into sight next before it does."""
        super().watch_scroll_y(old_value, new_value)
        self._ask()
