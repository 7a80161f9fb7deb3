"""How the app is drawn: its theme, its characters and colours, and frames where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.inspector.key_order import KeysInOrder
from tui.inspector.look.few_colours import FewColours, ReadableDim, depth_of
from tui.inspector.look.marks import Typed, draw_scroll_bars, key_name
from tui.inspector.look.themes import THEMES

if TYPE_CHECKING:
    from textual import events
    from textual.binding import Binding
    from textual.filter import LineFilter
    from textual.geometry import Size

    from tui.inspector.settings import Settings

FRAMED = (100, 30)
"""Columns and rows from which the parts of the screen have frames: else they cost too much."""

AIRY = 52
"""Rows from which there is room for empty ones."""


class DrawnApp(KeysInOrder):
    """An app in one of our themes, on any terminal."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (textual declares it on instances)
        (0, "-tiny"), (60, "-narrow"), (80, "-normal"), (140, "-wide"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (20, "-short"), (36, "-tall")]  # noqa: RUF012

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = settings.theme
        self._typed, self._dim = Typed(), ReadableDim()
        self._few_colours = FewColours(depth_of(self.console))
        draw_scroll_bars(is_ascii=settings.ascii)

    def on_resize(self, event: events.Resize) -> None:
        self.frame_parts(event.size)

    def frame_parts(self, size: Size) -> None:
        """Gives the parts of a screen of a size frames if there is room for them."""
        columns, rows = FRAMED
        self.set_class(size.width >= columns and size.height >= rows, "-framed")
        self.set_class(size.height >= AIRY, "-airy")
        self.set_class(self.settings.ascii, "-ascii")

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through before it is drawn."""
        # Textual's own turns the terminal's colours into others, so few colours come after it.
        filters = [self._dim, *super().get_line_filters(), self._few_colours]
        filters += [self._typed] if self.settings.ascii else []
        return [one for one in filters if one.enabled]

    def get_key_display(self, binding: Binding) -> str:
        """How a key is written in footer and help."""
        shown = super().get_key_display(binding)
        return key_name(shown) if self.settings.ascii else shown
