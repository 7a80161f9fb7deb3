"""Frames with titles around the parts of a screen, where it has room for them: see `DrawnApp`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual.content import Content
from textual.markup import escape
from textual.widget import Widget

if TYPE_CHECKING:
    from tui.inspector.look.marks import Marks

W = TypeVar("W", bound=Widget)

CHOSEN = "bold $block-cursor-foreground on $block-cursor-background"
"""Style of what a cursor is on."""

FRAME_LINES = 2
"""Lines that a frame takes."""


def titled(widget: W, title: str) -> W:
    """The widget, which has a title in its frame where there are frames."""
    widget.add_class("panel")
    widget.border_title = escape(title)
    return widget


def ruled(title: Content, width: int, dash: str) -> Content:
    """A title with a rule behind it up to the width."""
    room = width - title.cell_length - 1
    return title if room < 1 else title + Content.styled(f" {dash * room}", "dim")


class RuledTitle(Widget):
    """A title on a line of its own, where there are no frames."""

    DEFAULT_CSS = """
    RuledTitle { height: 1; }
    """

    def __init__(self, marks: Marks, text: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="heading-row")
        self._dash, self._text = marks.dash, text

    def say(self, text: str) -> None:
        """Shows another title."""
        self._text = text
        self.refresh()

    def render(self) -> Content:
        width = self.size.width
        return ruled(Content.styled(self._text[:width], "bold"), width, self._dash)


def has_frames(widget: Widget) -> bool:
    """Whether the parts of the screen have frames: then no line of their own says what they are."""
    return widget.app.has_class("-framed")
