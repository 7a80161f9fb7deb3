"""The list of the cache's entries: only the rows that are seen are made, however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from tui.inspector.look.text import fitted
from tui.numbers import age_text, size_text

if TYPE_CHECKING:
    from rich.text import Text

    from tui.inspector.look.marks import Marks
    from tui.inspector.stored.entries import Stored

KIND_WIDTH, SIZE_WIDTH, AGE_WIDTH = 8, 8, 7
ROOMY_WIDTH = 80
"""Columns from which there is room for the kind."""


def row_text(mark: str, kind: str, words: str, size: str, age: str, width: int, cut: str) -> str:
    """One row in exactly `width` cells, as far as it is wide enough for its fixed columns."""
    beginning = f"{mark} {kind:{KIND_WIDTH}} " if width >= ROOMY_WIDTH else f"{mark} "
    room = width - len(beginning) - SIZE_WIDTH - AGE_WIDTH
    return f"{beginning}{fitted(words, room, cut)}{size:>{SIZE_WIDTH}}{age:>{AGE_WIDTH}}"


class StoredHeads(Widget):
    """The names of the columns."""

    DEFAULT_CSS = """
    StoredHeads { height: 1; text-style: bold; color: $foreground; }
    """

    def render(self) -> Text:
        from rich.text import Text

        text = row_text(" ", "kind", "what", "size", "age", self.size.width - 1, "")
        return Text(text, no_wrap=True, overflow="crop")


class StoredList(ScrollView, can_focus=True):
    """One row for each entry."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"stored--cursor", "stored--broken"}
    DEFAULT_CSS = """
    StoredList { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    StoredList > .stored--cursor { text-style: bold; background: $panel; }
    StoredList:focus > .stored--cursor { text-style: bold reverse; }
    StoredList > .stored--broken { color: $text-error; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False, id="stored.down", tooltip="The next entry"),
        Binding("k,up", "move(-1)", "Up", show=False, id="stored.up", tooltip="The entry before"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="stored.page_down",
                tooltip="A page further"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="stored.page_up", tooltip="A page back"),
        Binding("g,home", "go(0)", "Top", show=False, id="stored.top", tooltip="The first entry"),
        Binding("G,end", "go(-1)", "End", show=False, id="stored.end", tooltip="The last entry"),
    ]  # fmt: skip

    class Moved(Message):
        """The cursor is on another entry."""

        def __init__(self, *, by_key: bool) -> None:
            super().__init__()
            self.by_key = by_key
            """Whether a person moved it, and not the list under it."""

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._marks = marks
        self._rows: Sequence[Stored] = ()
        self._cursor = 0

    @property
    def chosen(self) -> Stored | None:
        """The entry under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    def show(self, rows: Sequence[Stored], places: Mapping[tuple[str, str], int]) -> None:
        """Shows entries; the cursor stays on its entry if that is among them, else on its row.

        Args:
            rows: the entries.
            places: where in the rows each one is, by its name.
        """
        before = self.chosen
        self._rows = rows
        if before is not None:
            self._cursor = places.get(before.name, self._cursor)
        self._cursor = min(self._cursor, max(0, len(rows) - 1))
        self.virtual_size = Size(self.scrollable_content_region.width, len(rows))
        self._keep_in_sight()
        self.refresh()
        if self.chosen is None or before is None or self.chosen.name != before.name:
            self.post_message(self.Moved(by_key=False))

    def render_line(self, y: int) -> Strip:
        place, base = y + self.scroll_offset.y, self.rich_style
        width = self.scrollable_content_region.width
        if place >= len(self._rows):
            return Strip.blank(width, base)
        stored, style = self._rows[place], Style()
        if stored.entry.broken is not None:
            style += self.get_component_rich_style("stored--broken", partial=True)
        if place == self._cursor:
            style += self.get_component_rich_style("stored--cursor", partial=True)
        text = self._row(stored, place == self._cursor, width)
        return Strip([Segment(text, base + style)]).adjust_cell_length(width, base)

    def _row(self, stored: Stored, is_chosen: bool, width: int) -> str:
        entry, marks = stored.entry, self._marks
        mark = marks.chosen if is_chosen else marks.wrong if entry.broken is not None else " "
        age = ""
        if entry.created is not None:
            age = age_text((datetime.now(UTC) - datetime.fromisoformat(entry.created)).total_seconds())
        return row_text(mark, entry.kind, stored.words, size_text(entry.size_bytes), age, width, marks.cut)

    def on_resize(self) -> None:
        self._keep_in_sight()

    def on_click(self, event: events.Click) -> None:
        self.action_go(event.y + self.scroll_offset.y)

    def action_move(self, step: int) -> None:
        """Moves the cursor by rows."""
        self.action_go(max(0, self._cursor + step))

    def action_page(self, step: int) -> None:
        """Moves the cursor by as many rows as are seen."""
        self.action_move(step * max(1, self.size.height - 1))

    def action_go(self, place: int) -> None:
        """Moves the cursor to a row; -1 is the last."""
        last = len(self._rows) - 1
        place = last if place < 0 else min(place, last)
        if place >= 0 and place != self._cursor:
            self._cursor = place
            self._keep_in_sight()
            self.refresh()
            self.post_message(self.Moved(by_key=True))

    def _keep_in_sight(self) -> None:
        self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, immediate=True)
