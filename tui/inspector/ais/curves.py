"""What surrounds one cell of the AIS matrix: all abilities on its benchmark as bars, and its k sweep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Static

from tui.inspector.ais.cell_text import ais_with_interval, cell_mark, control_text
from tui.inspector.lens import Lens
from tui.inspector.look.frames import has_frames, titled
from tui.inspector.look.marks import Marks
from tui.inspector.look.text import in_sight
from tui.inspector.look.themes import text_style
from tui.inspector.pane import read_in_thread
from tui.inspector.session import Session
from tui.inspector.widgets.curve_plot import Curve, CurvePlot
from tui.measures import AIS, Bounds, Measure
from tui.names import order_words, short_benchmark
from tui.numbers import k_text

if TYPE_CHECKING:
    from core.analysis.matrix import Cell, Matrix, SweepPoint

NARROWEST_BAR = 10
"""Columns of a bar below which the notes at the right are left out."""

AIS_WIDTH = 5
"""Columns of an AIS, so that all have their point in the same column."""

NAME_WIDTH = 10
"""Columns of a k in the table of a sweep."""

NUMBERS_WIDTH = 22
"""Columns of an AIS with its interval in that table."""


class ForestBars(Widget):
    """Estimates on one scale: a bar from 0, a line over the interval, a dot at the estimate."""

    DEFAULT_CSS = """
    ForestBars { height: auto; }
    """

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._marks = marks
        self._cells: list[Cell] = []
        self._chosen: Cell | None = None
        self._measure = AIS

    def show(self, matrix: Matrix, ability: str, benchmark: str, measure: Measure) -> None:
        """Shows all abilities of a matrix on a benchmark; the given one is marked."""
        self._measure = measure
        self._cells = [matrix.cells[other, benchmark] for other in matrix.abilities]
        self._chosen = matrix.cells[ability, benchmark]
        titled(self, self._title)
        self.refresh(layout=True)

    def render(self) -> Text:
        if self._chosen is None:
            return Text()
        cells, names = self._cells, [short_benchmark(cell.ability) for cell in self._cells]
        numbers, notes = [self._numbers(cell) for cell in cells], [self._note(cell) for cell in cells]
        label, number, note = (max(map(len, texts)) for texts in (names, numbers, notes))
        room = self.size.width - label - number - 4
        has_notes = note > 0 and room - note - 2 >= NARROWEST_BAR
        scale = _Scale.of(
            [*map(self._bounds, cells)], max(NARROWEST_BAR, room - note - 2 if has_notes else room)
        )
        # A frame has the title.
        lines = [] if has_frames(self) else [Text(self._title, "bold")]
        for cell, *texts in zip(cells, names, numbers, notes, strict=True):
            mark, style = (self._marks.chosen, "bold") if cell is self._chosen else (" ", "")
            line = Text(f"{mark}{texts[0]:<{label}} ", style).append_text(self._drawn(cell, scale))
            line.append(f" {texts[1]:<{number}}", style)
            lines.append(line.append(f"  {texts[2]}", "dim") if has_notes else line)
        lines.append(Text(f"{'':<{label + 2}}{scale.axis()}", "dim"))
        return Text("\n", no_wrap=True, overflow="crop").join(lines)

    @property
    def _title(self) -> str:
        return (
            ""
            if self._chosen is None
            else f"{self._measure.name} of every ability on {short_benchmark(self._chosen.benchmark)}"
        )

    def _numbers(self, cell: Cell) -> str:
        """The estimate, its mark and its interval, or why there is none."""
        if cell.statistics is None:
            return f"{self._marks.lacking} not computed"
        if self._bounds(cell) is None:
            return f"{self._marks.not_identifiable} not identifiable"
        mark_width = max(1, *(len(cell_mark(one, self._measure)) for one in self._cells))
        value, ends = ais_with_interval(cell.statistics, self._measure).split(" ", 1)
        return f"{value:>{AIS_WIDTH}}{cell_mark(cell, self._measure):<{mark_width}} {ends}"

    def _drawn(self, cell: Cell, scale: _Scale) -> Text:
        marks, zero, colour = self._marks, scale.column(0.0), "primary"
        cells = [" "] * scale.width
        cells[zero] = marks.rule
        if (bounds := self._bounds(cell)) is not None:
            low, at, high = map(scale.column, bounds)
            is_above, is_below = bounds[0] > 0, bounds[2] < 0
            for column in range(zero, low) if is_above else range(high + 1, zero + 1) if is_below else ():
                cells[column] = marks.bar
            for column in range(low, high + 1):
                cells[column] = marks.dash
            cells[at] = marks.stored
            colour = "warning" if bounds[1] < 0 else "primary"
        return Text("".join(cells), style=text_style(self.app.theme_variables, colour))

    def _bounds(self, cell: Cell) -> Bounds | None:
        return self._measure.bounds(cell.statistics)

    def _note(self, cell: Cell) -> str:
        return "" if self._bounds(cell) is None else control_text(cell, self._measure)


@dataclass(frozen=True)
class _Scale:
    """A linear scale over so many columns."""

    low: float
    high: float
    width: int

    @classmethod
    def of(cls, found: Sequence[Bounds | None], width: int) -> _Scale:
        """From 0 or the lowest interval to 1 or the highest one, at most from -1 to 2."""
        shown = [bounds for bounds in found if bounds is not None]
        low = min([0.0, *(max(-1.0, bounds[0]) for bounds in shown)])
        high = max([1.0, *(min(2.0, bounds[2]) for bounds in shown)])
        return cls(low, high, width)

    def column(self, value: float) -> int:
        """The column of a value; the nearest end for what is beyond."""
        part = (min(self.high, max(self.low, value)) - self.low) / (self.high - self.low)
        return round(part * (self.width - 1))

    def axis(self) -> str:
        """The line that marks 0 and 1."""
        cells = [" "] * self.width
        cells[self.column(0.0)], cells[self.column(1.0)] = "0", "1"
        return "".join(cells)


class SweepView(Vertical):
    """The AIS of the lens's ability on its benchmark at every k of the grid, as far as it is stored."""

    DEFAULT_CSS = """
    SweepView { height: 1fr; }
    SweepView Static { height: auto; }
    """

    def __init__(self, session: Session, *, has_table: bool) -> None:
        super().__init__()
        self._session, self._has_table = session, has_table
        self.points: list[SweepPoint] = []
        self._lens: Lens | None = None

    def compose(self) -> ComposeResult:
        yield Static(markup=False)
        yield CurvePlot(self._session.marks)

    def look(self, lens: Lens, rest_s: float = 0.0) -> None:
        """Shows the sweep of a lens that ablates something, after a rest."""
        read_in_thread(
            self,
            partial(read_sweep, self._session, lens),
            lambda points: self._show(lens, points),
            lambda problem: self.query_one(Static).update(Text(problem)),
            group="sweep",
            rest_s=rest_s,
        )

    def on_resize(self) -> None:
        if self._lens is not None:
            self._show(self._lens, self.points)

    def _show(self, lens: Lens, points: list[SweepPoint]) -> None:
        self.points, self._lens = points, lens
        titled(self, self._title(lens))
        head = Text("\n").join(self._table(lens) if self._has_table else self._head(lens))
        self.query_one(Static).update(head)
        self.query_one(Static).display = bool(head)
        measure = self._session.measure
        controls = [measure.bounds(point.control) for point in points]
        curves = [_curve("random", "secondary", "·", controls)]
        if lens.selection != "random":
            word = order_words(lens.selection, lens.scope)
            found = [measure.bounds(point.statistics) for point in points]
            curves.append(_curve(word, "primary", "braille", found))
        self.query_one(CurvePlot).show(curves, [k_text(point.k) for point in points])

    def _title(self, lens: Lens) -> str:
        return f"{self._session.measure.name} over k ({order_words(lens.selection, lens.scope)}, random)"

    def _head(self, lens: Lens) -> list[Text]:
        """The title, unless a frame has it, and what is missing."""
        lines = [] if has_frames(self) else [Text(self._title(lens), "bold")]
        missing = [k_text(point.k) for point in self.points if point.statistics is None]
        return [*lines, *([Text(f"not computed: {', '.join(missing)}", "dim")] if missing else [])]

    def _table(self, lens: Lens) -> list[Text]:
        """The points around the lens's own, as many as there are rows for."""
        marks = self._session.marks
        measure = self._session.measure
        lines = [Text(f" {'k':<{NAME_WIDTH}}{measure.name:<{NUMBERS_WIDTH}}random control", style="dim")]
        chosen = next((place for place, one in enumerate(self.points) if math.isclose(one.k, lens.k)), 0)
        rows = max(1, self.size.height - 1) if self.size.height else len(self.points)
        shown = in_sight([1] * len(self.points), chosen, rows)
        for point in self.points[shown.start : shown.stop]:
            is_chosen = math.isclose(point.k, lens.k)
            ais, control = (
                f"{marks.lacking} not computed" if found is None else ais_with_interval(found, measure)
                for found in (point.statistics, point.control)
            )
            name = f"{marks.chosen if is_chosen else ' '}{k_text(point.k):<{NAME_WIDTH}}"
            lines.append(Text(f"{name}{ais:<{NUMBERS_WIDTH}}{control}", "bold" if is_chosen else ""))
        return lines


def read_sweep(session: Session, lens: Lens) -> list[SweepPoint]:
    """The points of the grid and of the lens's own k, without those that the model is too small for.

    Raises:
        ValueError: the lens's k asks for more weights than there are candidates.
    """
    from core.analysis.matrix import sweep

    benchmark, ks = session.benchmark(lens.benchmark), session.sweep_ks(lens, session.experiment.info)
    return sweep(session.experiment, lens.mask_or_fail, ks, benchmark, lens.limit, lens.stops_at)


def _curve(label: str, colour: str, marker: str, found: Sequence[Bounds | None]) -> Curve:
    points, whiskers = [], []
    for x, bounds in enumerate(found):
        if bounds is None:
            continue
        low, effect, high = bounds
        points.append((float(x), effect))
        if math.isfinite(low) and math.isfinite(high):
            whiskers.append((float(x), low, high))
    return Curve(label, colour, points, whiskers, marker)
