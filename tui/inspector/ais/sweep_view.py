"""One cell over k: as a table, as a curve, and beside its control."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import Vertical
from textual.widgets import Static

from tui.inspector.ais.text import ais_with_interval
from tui.inspector.lens import k_grid
from tui.inspector.widgets.curve_plot import Curve, CurvePlot
from tui.names import order_words
from tui.numbers import k_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from core.analysis.matrix import SweepPoint
    from core.analysis.statistics.cells import CellStatistics
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

NAME_WIDTH = 9
"""Columns of a k in the table."""

NUMBERS_WIDTH = 22
"""Columns of an AIS with its interval in the table."""


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

    def compose(self) -> ComposeResult:
        yield Static(markup=False)
        yield CurvePlot(self._session.marks)

    def look(self, lens: Lens) -> None:
        """Shows the sweep of a lens that ablates something."""
        self.run_worker(self._read(lens), group="sweep", exclusive=True)

    async def _read(self, lens: Lens) -> None:
        from cache.files import CorruptEntry

        try:
            self.points = await asyncio.to_thread(read_sweep, self._session, lens)
        except (ValueError, OSError, CorruptEntry) as error:
            self.query_one(Static).update(Text(" ".join(str(error).split())))
            return
        self._show(lens)

    def _show(self, lens: Lens) -> None:
        points = self.points
        self.query_one(Static).update(self._table(lens) if self._has_table else self._title(lens))
        curves = [_curve("random", "warning", "o", [point.control for point in points])]
        if lens.selection != "random":
            word = order_words(lens.selection, lens.scope)
            curves.append(_curve(word, "primary", "braille", [point.statistics for point in points]))
        self.query_one(CurvePlot).show(curves, [k_text(point.k) for point in points])

    def _title(self, lens: Lens) -> Text:
        title = Text(f"AIS over k ({order_words(lens.selection, lens.scope)}, random)", style="bold")
        lacking = [k_text(point.k) for point in self.points if point.statistics is None]
        return (
            title.append(f"\nnot computed: {', '.join(lacking)}", style="not bold dim") if lacking else title
        )

    def _table(self, lens: Lens) -> Text:
        marks = self._session.marks
        head = f" {'k':<{NAME_WIDTH}}{'AIS':<{NUMBERS_WIDTH}}random control"
        text = Text(head, style="dim", no_wrap=True, overflow="crop")
        for point in self.points:
            is_chosen = math.isclose(point.k, lens.k)
            columns = [_numbers(found, marks.lacking) for found in (point.statistics, point.control)]
            line = f"\n{marks.chosen if is_chosen else ' '}{k_text(point.k):<{NAME_WIDTH}}"
            line += f"{columns[0]:<{NUMBERS_WIDTH}}{columns[1]}"
            text.append(line, style="bold not dim" if is_chosen else "not dim")
        return text


def read_sweep(session: Session, lens: Lens) -> list[SweepPoint]:
    """The points of the grid and of the lens's own k, without those that the model is too small for.

    Raises:
        ValueError: the lens's k asks for more weights than there are candidates.
    """
    from core.analysis.matrix import sweep

    benchmark = session.benchmark(lens.benchmark)
    ks = [k for k in sorted({*k_grid(session.spec.model), lens.k}) if k == lens.k or _fits(session, lens, k)]
    return sweep(session.experiment, lens.mask_or_fail, ks, benchmark, session.items_of(benchmark, lens))


def _fits(session: Session, lens: Lens, k: float) -> bool:
    """Whether the variant has so many candidates."""
    from core.models.matrices import weights_of

    info = session.experiment.info
    return weights_of(k, info.parameters) <= info.candidates[lens.variant]


def _numbers(found: CellStatistics | None, lacking: str) -> str:
    return f"{lacking} not computed" if found is None else ais_with_interval(found)


def _curve(label: str, colour: str, marker: str, found: Sequence[CellStatistics | None]) -> Curve:
    points, whiskers = [], []
    for x, statistics in enumerate(found):
        if statistics is None or statistics.ais is None:
            continue
        points.append((float(x), statistics.ais))
        low, high = statistics.ais_low, statistics.ais_high
        if low is not None and high is not None and math.isfinite(low) and math.isfinite(high):
            whiskers.append((float(x), low, high))
    return Curve(label, colour, points, whiskers, marker)
