"""Abilities at the left, benchmarks at the right, a line where the one carries the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from tui.inspector.ais.line_canvas import LineCanvas
from tui.inspector.look.themes import text_style

if TYPE_CHECKING:
    from textual import events

    from tui.inspector.look.marks import Marks
    from tui.inspector.widgets.heat_table import Heading

Side = Literal["left", "right"]

MOST_LINES = 12
"""Lines beside the cursor's own: the strongest; with more nothing can be followed."""

THICKNESSES = (0.2, 0.5)
"""Effects from which a line of the cursor's own is thicker."""

ROOMY = 100
"""Columns from which names are written in full."""

NUMBER_WIDTH = 5
"""Columns of an effect beside a name."""


@dataclass(frozen=True)
class Link:
    """An effect of the left on the right, by their places in the lists."""

    left: int
    right: int
    effect: float


class LinksView(Widget, can_focus=True):
    """The lines; those of the name under the cursor stand out and have their numbers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", id="links.up", show=False, tooltip="The name above"),
        Binding("down,j", "move(1)", "down", id="links.down", show=False, tooltip="The name below"),
        Binding("left,h", "side('left')", "left", id="links.left", show=False, tooltip="Abilities"),
        Binding("right,l", "side('right')", "right", id="links.right", show=False, tooltip="Benchmarks"),
        Binding("g", "move(-1000)", "top", id="links.top", show=False, tooltip="The first name"),
        Binding("G", "move(1000)", "bottom", id="links.bottom", show=False, tooltip="The last name"),
    ]  # fmt: skip

    DEFAULT_CSS = """
    LinksView { height: 1fr; }
    """

    class Highlighted(Message):
        """The cursor came to a name."""

        def __init__(self, side: Side, place: int) -> None:
            super().__init__()
            self.side, self.place = side, place

    def __init__(self, marks: Marks, *, id: str | None = None) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self._marks = marks
        self._left: Sequence[Heading] = ()
        self._right: Sequence[Heading] = ()
        self._links: Sequence[Link] = ()
        self.side: Side = "left"
        self.place = 0
        """Of the name under the cursor."""

    def show(self, left: Sequence[Heading], right: Sequence[Heading], links: Sequence[Link]) -> None:
        """Shows other names and links."""
        self._left, self._right = left, right
        self._links = sorted(links, key=lambda link: link.effect)
        self.place = max(0, min(self.place, len(self._names) - 1))
        self.refresh()

    def move_to(self, side: Side, place: int) -> None:
        """Brings the cursor to a name, or to the nearest there is."""
        self.side = side
        self.place = max(0, min(place, len(self._names) - 1))
        self.refresh()
        self.post_message(self.Highlighted(self.side, self.place))

    def action_move(self, step: int) -> None:
        """Goes up or down."""
        self.move_to(self.side, self.place + step)

    def action_side(self, side: Side) -> None:
        """Goes to the abilities or the benchmarks."""
        self.move_to(side, self.place)

    def on_click(self, event: events.Click) -> None:
        side: Side = "left" if event.x < self.size.width // 2 else "right"
        count = len(self._left if side == "left" else self._right)
        lines = [_line_of(place, count, self.size.height) for place in range(count)]
        if event.y in lines:
            self.move_to(side, lines.index(event.y))

    def allow_focus(self) -> bool:
        """Not while it is hidden: the keys are for what is seen."""
        return super().allow_focus() and self.display

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    @property
    def own_links(self) -> list[Link]:
        """Those of the name under the cursor, weakest first."""
        return [link for link in self._links if self._is_own(link)]

    def render(self) -> Text:
        width, height = self.size
        left_width = max(map(len, self._words("left")), default=0) + NUMBER_WIDTH + 2
        right_width = max(map(len, self._words("right")), default=0) + NUMBER_WIDTH + 2
        middle = width - left_width - right_width
        if not self._left or middle < NUMBER_WIDTH or height < max(len(self._left), len(self._right)):
            return Text("There is no room for the links: z zooms.")
        canvas = self._canvas(middle, height)
        lefts = self._labels("left", height, left_width)
        rights = self._labels("right", height, right_width)
        lines = [
            Text.assemble(lefts[line], canvas.line(line), rights[line], no_wrap=True)
            for line in range(height)
        ]
        return Text("\n", no_wrap=True, overflow="crop").join(lines)

    @property
    def _names(self) -> Sequence[Heading]:
        return self._left if self.side == "left" else self._right

    def _words(self, side: Side) -> list[str]:
        """The names of one side, as long as there is room for."""
        headings = self._left if side == "left" else self._right
        return [h.long if self.size.width >= ROOMY else h.short for h in headings]

    def _is_own(self, link: Link) -> bool:
        return (link.left if self.side == "left" else link.right) == self.place

    def _canvas(self, width: int, height: int) -> LineCanvas:
        canvas = LineCanvas(width, height, is_ascii=not self._marks.bar_eighths)
        variables = self.app.theme_variables
        others = [link for link in self._links if not self._is_own(link)][-MOST_LINES:]
        for link in others:
            self._draw(canvas, link, 1, Style(dim=True))
        for link in self.own_links:
            thickness = 1 + sum(link.effect >= step for step in THICKNESSES)
            self._draw(canvas, link, thickness, text_style(variables, "accent") + Style(bold=True))
        return canvas

    def _draw(self, canvas: LineCanvas, link: Link, thickness: int, style: Style) -> None:
        start = _line_of(link.left, len(self._left), canvas.height)
        end = _line_of(link.right, len(self._right), canvas.height)
        canvas.draw(start, end, thickness, style)

    def _labels(self, side: Side, height: int, width: int) -> list[Text]:
        """One text a line, names where the lines end, with the effects of the cursor's links."""
        names = self._words(side)
        texts = [Text(" " * width) for _ in range(height)]
        for place, name in enumerate(names):
            is_cursor = side == self.side and place == self.place
            number = self._number(side, place)
            mark = self._marks.chosen if is_cursor else " "
            if side == "left":
                label = f"{mark}{name:<{width - NUMBER_WIDTH - 2}}{number:>{NUMBER_WIDTH}} "
            else:
                label = f" {number:<{NUMBER_WIDTH}}{mark}{name:<{width - NUMBER_WIDTH - 2}}"
            style = (
                "bold reverse" if is_cursor and self.has_focus else "bold" if is_cursor or number else "dim"
            )
            texts[_line_of(place, len(names), height)] = Text(label, style=style)
        return texts

    def _number(self, side: Side, place: int) -> str:
        """The effect between the cursor's name and one on the other side; empty if there is no link."""
        if side == self.side:
            return ""
        for link in self.own_links:
            if (link.right if side == "right" else link.left) == place:
                return f"{link.effect:.2f}".removeprefix("0")
        return ""


def _line_of(place: int, count: int, height: int) -> int:
    """The line of a name when so many share the height evenly."""
    return height // 2 if count == 1 else round(place * (height - 1) / (count - 1))
