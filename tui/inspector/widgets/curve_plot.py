"""Curves over a few named positions, drawn by plotext."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.color import Color
from textual.widget import Widget

if TYPE_CHECKING:
    from tui.inspector.look.marks import Marks

SMALLEST = (24, 6)
"""Columns and lines of the smallest plot that is drawn."""

LEAST_TOP = 0.25
"""Lowest top of the y axis: small effects look small."""

TICK_STEPS = (0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 25.0, 1e9)
"""Distances between the ticks of the y axis."""

AXIS_WIDTH = 6
"""Columns of the numbers at the y axis, and of the axis."""

MOST_TICKS = 7
"""Most ticks on the y axis."""

LINES_OF_X_AXIS = 2

BOX = str.maketrans("┌┐└┘├┤┬┴┼│─", "+++++++++|-")
"""ASCII for plotext's axes and whiskers."""


@dataclass(frozen=True)
class Curve:
    """One line through points, with whiskers at those that have an interval."""

    label: str
    colour: str
    """Name of a variable of the theme."""
    points: Sequence[tuple[float, float]]
    """x and y, in order of x."""
    whiskers: Sequence[tuple[float, float, float]] = ()
    """x, low and high."""
    marker: str = "braille"
    """A plotext marker, or one character."""


def fitting(names: Sequence[str], width: int, kept: int | None = None) -> list[str]:
    """The names that have room along so many columns, else every second or third and the kept one."""
    each = width / max(1, len(names) - 1)
    step = math.ceil((max(map(len, names), default=0) + 1) / max(1.0, each))
    first = (kept or 0) % step
    return [name if place % step == first else "" for place, name in enumerate(names)]


class CurvePlot(Widget):
    """Curves over named positions on the x axis: 0, 1, 2 and so on."""

    DEFAULT_CSS = """
    CurvePlot { height: 1fr; }
    """

    def __init__(self, marks: Marks, *, id: str | None = None) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self._is_ascii = not marks.bar_eighths
        self._curves: Sequence[Curve] = ()
        self._names: Sequence[str] = ()
        self._marked: int | None = None

    def show(self, curves: Sequence[Curve], names: Sequence[str], marked: int | None = None) -> None:
        """Shows curves over the named positions; where not all names have room, the marked one is kept."""
        self._curves, self._names, self._marked = curves, names, marked
        self.refresh()

    def render(self) -> Text:
        width, height = self.size
        if width < SMALLEST[0] or height < SMALLEST[1] or not any(curve.points for curve in self._curves):
            return Text("")
        from textual_plotext.plot import Plot

        plot = Plot()
        plot.plotsize(width, height)
        plot._set_size(width, height)  # plotsize alone stays within the process's terminal
        plot.canvas_color("default")
        plot.axes_color("default")
        plot.ticks_color(self._rgb("secondary"))
        plot.xaxes(True, False)
        plot.yaxes(True, False)
        for curve in self._curves:
            if curve.points:  # plotext fails on a legend entry without points
                self._draw(plot, curve)
        self._scale(plot, height - LINES_OF_X_AXIS)
        plot.hline(0, self._rgb("secondary"))
        plot.xlim(0, max(1, len(self._names) - 1))
        plot.xticks(list(range(len(self._names))), fitting(self._names, width - AXIS_WIDTH, self._marked))
        canvas: str = plot.build()
        return Text.from_ansi(canvas.translate(BOX) if self._is_ascii else canvas, no_wrap=True)

    def _scale(self, plot: Any, rows: int) -> None:
        """Sets the y axis from 0 or the lowest value to the highest; round ticks, each in a row."""
        ys = [y for curve in self._curves for _, y in curve.points]
        ys += [end for curve in self._curves for _, *ends in curve.whiskers for end in ends]
        low, high = min(0.0, *ys), max(LEAST_TOP, *ys)
        found = [
            [n * step for n in range(math.floor(low / step), math.ceil(high / step) + 1)]
            for step in TICK_STEPS
        ]
        ticks = next(ticks for ticks in found if len(ticks) <= min(MOST_TICKS, rows))
        plot.ylim(min(low, ticks[0]), max(high, ticks[-1]))
        plot.yticks(ticks, [f"{tick:.2f}" for tick in ticks])

    def _draw(self, plot: Any, curve: Curve) -> None:
        colour = self._rgb(curve.colour)
        marker = "*" if self._is_ascii and curve.marker == "braille" else curve.marker
        xs, ys = [x for x, _ in curve.points], [y for _, y in curve.points]
        if len(xs) > 1:
            plot.plot(xs, ys, marker=marker, color=colour, label=curve.label)
        else:
            plot.scatter(xs, ys, marker=marker, color=colour, label=curve.label)
        for x, low, high in curve.whiskers:
            plot.plot([x, x], [low, high], marker="|" if self._is_ascii else "│", color=colour)

    def _rgb(self, variable: str) -> tuple[int, int, int]:
        return Color.parse(self.app.theme_variables[variable]).rgb
