"""The list of the cache's entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from tui.inspector.look.marks import Marks
from tui.inspector.look.text import fitted
from tui.inspector.stored.entries import Name, Stored
from tui.inspector.widgets.row_list import RowList
from tui.numbers import age_text, size_text

KIND_WIDTH, SIZE_WIDTH, AGE_WIDTH = 18, 8, 7
ROOMY_WIDTH = 90
"""Columns from which there is room for the kind."""


def row_text(mark: str, kind: str, words: str, size: str, age: str, width: int, cut: str) -> str:
    """One row in exactly `width` cells, if that is enough for its fixed columns."""
    beginning = f"{mark} {kind:{KIND_WIDTH}} " if width >= ROOMY_WIDTH else f"{mark} "
    room = width - len(beginning) - SIZE_WIDTH - AGE_WIDTH
    return f"{beginning}{fitted(words, room, cut)}{size:>{SIZE_WIDTH}}{age:>{AGE_WIDTH}}"


class StoredHeads(Widget):
    """The names of the columns."""

    DEFAULT_CSS = """
    StoredHeads { height: 1; text-style: bold; color: $foreground; }
    """

    def render(self) -> Text:
        text = row_text(" ", "kind", "what", "size", "age", self.size.width - 1, "")
        return Text(text, no_wrap=True, overflow="crop")


class StoredList(RowList):
    """One row for each entry."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"stored--cursor", "stored--broken"}
    DEFAULT_CSS = """
    StoredList > .stored--cursor { text-style: bold; background: $panel; }
    StoredList:focus > .stored--cursor {
        color: $block-cursor-foreground; background: $block-cursor-background; text-style: bold;
    }
    StoredList > .stored--broken { color: $text-error; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False, id="stored.down", tooltip="The next entry"),
        Binding("k,up", "move(-1)", "Up", show=False, id="stored.up", tooltip="The entry before"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="stored.page_down", tooltip="A page on"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="stored.page_up", tooltip="A page back"),
        Binding("g,home", "edge(0)", "Top", show=False, id="stored.top", tooltip="The first entry"),
        Binding("G,end", "edge(1)", "End", show=False, id="stored.end", tooltip="The last entry"),
    ]

    class Moved(Message):
        """The cursor is on another entry."""

        def __init__(self, *, by_key: bool) -> None:
            super().__init__()
            self.by_key = by_key
            """Whether a person moved it, and not the list under it."""

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._marks = marks
        self.entries: Sequence[Stored] = ()

    @property
    def chosen(self) -> Stored | None:
        """The entry under the cursor."""
        return self.entries[self.cursor] if self.entries else None

    def show(self, entries: Sequence[Stored], rows: Mapping[Name, int]) -> None:
        """Shows entries, whose rows are given by name; the cursor stays on its entry, or else its row."""
        before = self.chosen
        self.entries = entries
        self.set_rows(len(entries), self.cursor if before is None else rows.get(before.name, self.cursor))
        self.bring_into_sight()
        self.refresh()
        if self.chosen is None or before is None or self.chosen.name != before.name:
            self.post_message(self.Moved(by_key=False))

    def cursor_moved(self) -> None:
        self.post_message(self.Moved(by_key=True))

    def draw_row(self, row: int, width: int) -> Iterable[Segment]:
        entry, marks, is_chosen = self.entries[row].entry, self._marks, row == self.cursor
        style = Style()
        if entry.broken is not None:
            style += self.get_component_rich_style("stored--broken", partial=True)
        if is_chosen:
            style += self.get_component_rich_style("stored--cursor", partial=True)
        mark = marks.chosen if is_chosen else marks.wrong if entry.broken is not None else " "
        age = ""
        if entry.created is not None:
            age = age_text((datetime.now(UTC) - datetime.fromisoformat(entry.created)).total_seconds())
        words, size = self.entries[row].words, size_text(entry.size_bytes)
        text = row_text(mark, entry.kind, words, size, age, width, marks.cut)
        return (Segment(text, self.rich_style + style),)
