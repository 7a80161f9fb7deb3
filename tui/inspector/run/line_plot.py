"""Running accuracies as curves, drawn by plotext in a thread: drawing takes longer than a key press may."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.color import Color
from textual.content import Content
from textual.widget import Widget

from tui.inspector.look.frames import titled
from tui.inspector.run.figures import Curve, Side

if TYPE_CHECKING:
    from textual import events

    from tui.inspector.look.marks import Marks

MARKERS: dict[Side, str] = {"control": "·", "base": "braille", "ablated": "hd"}
"""plotext's marker of each curve, distinct by shape too; the last is on top."""

ASCII_MARKERS: dict[Side, str] = {"control": ".", "base": "-", "ablated": "#"}

SIGNS: dict[Side, str] = {"control": "··", "base": "⠒⠒", "ablated": "▀▀"}
"""The look of the curves, for the legend."""

ASCII_SIGNS: dict[Side, str] = {side: marker * 2 for side, marker in ASCII_MARKERS.items()}

COLOURS: dict[Side, str] = {"control": "secondary", "base": "primary", "ablated": "accent"}
"""The theme's variable for each curve."""

MUTED = 0.6
"""Share of the text's colour in the axes' colour."""

ASCII_AXES = str.maketrans("┤├│└┬┼─", "|||+++-")

WARM_UP = 10
"""First items of a curve that do not count for the scale: they jump between 0 and 1."""

HIGHEST_FLOOR = 0.5
"""Highest start of the scale: small differences look small."""

AXIS_HEIGHT = 7
"""Fewest rows with an axis of items."""


PlotextColour = tuple[int, int, int] | int | str
"""Red, green and blue, the number of a terminal colour, or `default`."""


@dataclass(frozen=True)
class PlotLook:
    """Size and colours of a plot."""

    width: int
    height: int
    colours: tuple[tuple[Side, PlotextColour], ...]
    axis: PlotextColour
    is_ascii: bool


class LinePlot(Widget):
    """The curves of a comparison over its items."""

    DEFAULT_CSS = """
    LinePlot { height: 1fr; width: 1fr; }
    """

    def __init__(self, marks: Marks, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        titled(self, "after so many items")
        self._is_ascii = marks.rule.isascii()
        self._curves: tuple[Curve, ...] = ()
        self._n = 0
        self._drawn = Content("")
        self._is_drawing = self._is_stale = False

    def show(self, curves: tuple[Curve, ...], n: int) -> None:
        """Draws curves over n items once the present drawing is done; none empties the plot at once."""
        if (curves, n) != (self._curves, self._n):
            self._curves, self._n = curves, n
            if not curves:
                self._drawn = Content("")
                self.refresh()
            self._redraw()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda theme: self._redraw())

    def on_resize(self, event: events.Resize) -> None:
        self._redraw()

    def render(self) -> Content:
        return self._drawn

    def _redraw(self) -> None:
        if not self.size.width or not self.size.height:
            return
        self._is_stale = True
        if not self._is_drawing:
            self._is_drawing = True
            self.run_worker(self._draw(), group="drawing")

    async def _draw(self) -> None:
        try:
            while self._is_stale:
                self._is_stale = False
                draw = partial(drawn, self._curves, self._n, self._look())
                self._drawn = await asyncio.to_thread(draw)
                self.refresh()
        finally:
            self._is_drawing = False

    def _look(self) -> PlotLook:
        variables = self.app.theme_variables
        ground, text = Color.parse(variables["surface"]), Color.parse(variables["foreground"])
        axis = text if text.ansi is not None else ground.blend(text, MUTED, alpha=1)
        colours = tuple(
            (side, _plotext_colour(Color.parse(variables[name]))) for side, name in COLOURS.items()
        )
        return PlotLook(self.size.width, self.size.height, colours, _plotext_colour(axis), self._is_ascii)


def drawn(curves: Sequence[Curve], n: int, look: PlotLook) -> Content:
    """The drawing of the curves; takes up to 30 ms."""
    if not curves:
        return Content("")
    from textual_plotext import Plot

    plot = Plot()
    plot.plotsize(look.width, look.height)
    plot._set_size(look.width, look.height)  # as PlotextPlot does: plotsize alone is not always enough
    plot.canvas_color("default")
    plot.axes_color("default")
    plot.ticks_color(look.axis)
    _scale(plot, curves, n, look.height)
    markers = ASCII_MARKERS if look.is_ascii else MARKERS
    for side, colour in look.colours:
        for curve in curves:
            if curve.side == side:
                plot.plot(list(curve.items), list(curve.shares), marker=markers[side], color=colour)
    canvas: str = plot.build()
    text = Text.from_ansi(canvas.translate(ASCII_AXES) if look.is_ascii else canvas, no_wrap=True)
    return Content.from_rich_text(text)


def _plotext_colour(colour: Color) -> PlotextColour:
    if colour.ansi is None:
        return colour.rgb
    return "default" if colour.ansi < 0 else colour.ansi


def _scale(plot: Any, curves: Sequence[Curve], n: int, height: int) -> None:
    """Sets the axes: accuracy from 0.5 or the lowest value up to 1, items from 0 to n."""
    settled = [
        share
        for curve in curves
        for items, share in zip(curve.items, curve.shares, strict=True)
        if items > WARM_UP or items == curve.items[-1]
    ]
    low = min(HIGHEST_FLOOR, math.floor(min(settled) * 10) / 10)
    plot.ylim(low, 1.0)
    plot.xlim(0, n)
    plot.xaxes(height >= AXIS_HEIGHT, False)
    plot.yaxes(True, False)
    middle = (low + 1) / 2
    plot.yticks([low, middle, 1.0], [f"{low:.2f}", f"{middle:.2f}", "1.00"])
    if height >= AXIS_HEIGHT:
        plot.xticks([0, n // 2, n], ["0", f"{n // 2:,}", f"{n:,} items"])
    else:
        plot.xticks([], [])
