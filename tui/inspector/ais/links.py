"""The links of the AIS matrix: abilities at the left, benchmarks at the right, lines between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from core.analysis.statistics import LEAST_EFFECT
from tui.inspector.ais.cell_text import is_significant
from tui.inspector.look.marks import Marks
from tui.inspector.look.themes import text_style
from tui.inspector.widgets.heat_table import Heading
from tui.measures import AIS, Measure
from tui.names import short_benchmark
from tui.numbers import number

if TYPE_CHECKING:
    from core.analysis.matrix import Cell, Matrix

Side = Literal["left", "right"]

MOST_LINES = 12
"""Strongest lines shown beside the cursor's own; more could not be followed."""

THICKNESSES = (0.2, 0.5)
"""Effects from which a line of the cursor's own is thicker."""

ROOMY = 100
"""Columns from which names are written in full."""

NUMBER_WIDTH = 5
"""Columns of an effect beside a name."""

BRAILLE = 0x2800
"""The code point of the pattern without dots."""

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot: four rows of two."""

TYPED = " -=#"
"""By thickness, in ASCII."""


def link_meaning(measure: Measure, least: float = LEAST_EFFECT) -> str:
    """What a line between an ability and a benchmark means, with the least effect of a link."""
    above = number(least)
    links = (
        f"AIS > {above} and q < .05" if measure is AIS else f"the interval of {measure.name} is above {above}"
    )
    thicker = " and ".join(map(number, THICKNESSES))
    strongest = f"of other names the {MOST_LINES} strongest"
    return f"Lines: {links}, not collapsed; thicker from {thicker}; {strongest}."


class Link(NamedTuple):
    """An effect, with the indices of its ability and its benchmark."""

    left: int
    right: int
    effect: float


def links_of(matrix: Matrix, measure: Measure) -> list[Link]:
    """The links of a matrix, as far as it is computed."""
    return [
        Link(row, column, _effect(cell, measure))
        for row, ability in enumerate(matrix.abilities)
        for column, benchmark in enumerate(matrix.benchmarks)
        if is_link(matrix, cell := matrix.cells[ability, benchmark], measure)
    ]


def is_link(matrix: Matrix, cell: Cell, measure: Measure) -> bool:
    """Whether the ability carries a part of the benchmark: an effect above the least that is marked.

    A mask that takes every benchmark down to chance says nothing about abilities, and so makes no link.
    """
    is_marked = is_significant(cell, measure) and cell.ability not in matrix.collapsed
    return is_marked and _effect(cell, measure) > matrix.least_effect


def link_text(matrix: Matrix, side: Side, index: int, measure: Measure) -> str:
    """The links of one ability or benchmark in words, strongest first."""
    if side == "left":
        head = f"without {short_benchmark(matrix.abilities[index])}"
        cells = [matrix.cells[matrix.abilities[index], benchmark] for benchmark in matrix.benchmarks]
    else:
        head = f"on {short_benchmark(matrix.benchmarks[index])}"
        cells = [matrix.cells[ability, matrix.benchmarks[index]] for ability in matrix.abilities]
    found = [cell for cell in cells if is_link(matrix, cell, measure)]
    linked = sorted(((_effect(cell, measure), cell) for cell in found), key=lambda one: -one[0])
    names = [short_benchmark(cell.benchmark if side == "left" else cell.ability) for _, cell in linked]
    effects = ", ".join(f"{n} {number(effect)}" for n, (effect, _) in zip(names, linked, strict=True))
    return f"{head}: {effects or 'no line'} ({len(linked)} of {len(links_of(matrix, measure))} lines)"


def _effect(cell: Cell, measure: Measure) -> float:
    """The effect; 0 where there is none."""
    bounds = measure.bounds(cell.statistics)
    return 0.0 if bounds is None else bounds[1]


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

        def __init__(self, side: Side, index: int) -> None:
            super().__init__()
            self.side, self.index = side, index

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._marks = marks
        self._names: dict[Side, Sequence[Heading]] = {"left": (), "right": ()}
        self._links: Sequence[Link] = ()
        self.side: Side = "left"
        self.index = 0
        """The name under the cursor."""

    def show(self, left: Sequence[Heading], right: Sequence[Heading], links: Sequence[Link]) -> None:
        """Shows other names and links."""
        self._names = {"left": left, "right": right}
        self._links = sorted(links, key=lambda link: link.effect)
        self.index = self._nearest(self.index)
        self.refresh()

    def move_to(self, side: Side, index: int) -> None:
        """Moves the cursor to a name, or to the nearest one."""
        self.side = side
        self.index = self._nearest(index)
        self.refresh()
        self.post_message(self.Highlighted(self.side, self.index))

    def action_move(self, step: int) -> None:
        self.move_to(self.side, self.index + step)

    def action_side(self, side: Side) -> None:
        self.move_to(side, self.index)

    def on_click(self, event: events.Click) -> None:
        side: Side = "left" if event.x < self.size.width // 2 else "right"
        count = len(self._names[side])
        lines = [_line_of(index, count, self.size.height) for index in range(count)]
        if event.y in lines:
            self.move_to(side, lines.index(event.y))

    def allow_focus(self) -> bool:
        """False while it is hidden: the keys are for what is seen."""
        return super().allow_focus() and self.display

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render(self) -> Text:
        width, height = self.size
        no_room = Text("There is no room for the links: z zooms.")
        if not self._names["left"] or height < max(map(len, self._names.values())):
            return no_room
        lefts, rights = self._labels("left", height), self._labels("right", height)
        middle = width - len(lefts[0]) - len(rights[0])
        if middle < NUMBER_WIDTH:
            return no_room
        canvas = self._canvas(middle, height)
        lines = [
            Text.assemble(lefts[line], canvas.line(line), rights[line], no_wrap=True)
            for line in range(height)
        ]
        return Text("\n", no_wrap=True, overflow="crop").join(lines)

    def _nearest(self, index: int) -> int:
        return max(0, min(index, len(self._names[self.side]) - 1))

    def _own_links(self) -> list[Link]:
        """The links of the name under the cursor, weakest first."""
        return [link for link in self._links if getattr(link, self.side) == self.index]

    def _canvas(self, width: int, height: int) -> _Canvas:
        canvas = _Canvas(width, height, is_ascii=not self._marks.bar_eighths)
        own = self._own_links()
        others = [link for link in self._links if link not in own][-MOST_LINES:]
        style = text_style(self.app.theme_variables, "accent") + Style(bold=True)
        for link in (*others, *own):
            start = _line_of(link.left, len(self._names["left"]), height)
            end = _line_of(link.right, len(self._names["right"]), height)
            thickness = 1 + sum(link.effect >= step for step in THICKNESSES) if link in own else 1
            canvas.draw(start, end, thickness, style if link in own else Style(dim=True))
        return canvas

    def _labels(self, side: Side, height: int) -> list[Text]:
        """One text a line, names where the lines end, with the effects of the cursor's links."""
        names = [h.long if self.size.width >= ROOMY else h.short for h in self._names[side]]
        longest = max(map(len, names), default=0)
        texts = [Text(" " * (longest + NUMBER_WIDTH + 2)) for _ in range(height)]
        effects = {} if side == self.side else {getattr(link, side): link for link in self._own_links()}
        for index, name in enumerate(names):
            is_cursor = side == self.side and index == self.index
            effect = f"{effects[index].effect:.2f}".removeprefix("0") if index in effects else ""
            mark = self._marks.chosen if is_cursor else " "
            if side == "left":
                label = f"{mark}{name:<{longest}}{effect:>{NUMBER_WIDTH}} "
            else:
                label = f" {effect:<{NUMBER_WIDTH}}{mark}{name:<{longest}}"
            style = "bold" if is_cursor or effect else "dim"
            if is_cursor and self.has_focus:
                style = "bold reverse"
            texts[_line_of(index, len(names), height)] = Text(label, style=style)
        return texts


class _Canvas:
    """Slanted lines from the left edge to the right, in braille or ASCII; later styles cover earlier ones."""

    def __init__(self, width: int, height: int, *, is_ascii: bool) -> None:
        self._width, self._height, self._is_ascii = width, height, is_ascii
        self._bits = [[0] * width for _ in range(height)]
        self._styles = [[Style.null()] * width for _ in range(height)]

    def draw(self, start: int, end: int, thickness: int, style: Style) -> None:
        """A line from line `start` at the left edge to line `end` at the right; thickness is from 1 to 3."""
        if self._is_ascii:
            self._draw_typed(start, end, thickness, style)
            return
        dots = self._width * 2
        for x in range(dots):
            middle = start * 4 + 1.5 + (end - start) * 4 * x / (dots - 1)
            first = round(middle - (thickness - 1) / 2)
            for y in range(first, first + thickness):
                self._dot(x, y, style)

    def line(self, number: int) -> Text:
        """One line of the screen."""
        text = Text(no_wrap=True)
        for bits, style in zip(self._bits[number], self._styles[number], strict=True):
            text.append(TYPED[bits] if self._is_ascii else chr(BRAILLE + bits) if bits else " ", style)
        return text

    def _draw_typed(self, start: int, end: int, thickness: int, style: Style) -> None:
        for x in range(self._width):
            y = round(start + (end - start) * (x + 0.5) / self._width)
            before = self._bits[y][x] if self._styles[y][x] == style else 0
            self._bits[y][x], self._styles[y][x] = max(before, thickness), style

    def _dot(self, x: int, y: int, style: Style) -> None:
        if 0 <= y < self._height * 4:
            line, column = y // 4, x // 2
            if self._styles[line][column] != style:
                self._bits[line][column], self._styles[line][column] = 0, style
            self._bits[line][column] |= DOTS[y % 4][x % 2]


def _line_of(index: int, count: int, height: int) -> int:
    """The line of a name when so many share the height evenly."""
    return height // 2 if count == 1 else round(index * (height - 1) / (count - 1))
