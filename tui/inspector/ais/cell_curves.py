"""What is behind one cell of the AIS matrix: all abilities on its benchmark, and its k sweep."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Horizontal

from tui.inspector.ais.bars import bars_of, bars_title
from tui.inspector.ais.forest_bars import ForestBars
from tui.inspector.ais.sweep_view import SweepView

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

    from core.analysis.matrix import Matrix
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

CURSOR_REST_S = 0.15
"""How long the cursor stays before the k sweep of its cell is read."""


class CellCurves(Horizontal):
    """Bars and sweep beside each other."""

    DEFAULT_CSS = """
    CellCurves { height: 1fr; margin-top: 1; }
    CellCurves ForestBars, CellCurves SweepView { width: 1fr; }
    CellCurves SweepView { margin-left: 3; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._resting: Timer | None = None

    def compose(self) -> ComposeResult:
        yield ForestBars(self._session.marks)
        yield SweepView(self._session, has_table=False)

    def show(self, matrix: Matrix, lens: Lens, cell: tuple[str, str]) -> None:
        """Shows the bars of a cell of the lens's matrix at once, and its sweep when the cursor rests."""
        ability, benchmark = cell
        bars = bars_of(matrix, ability, benchmark, self._session.marks)
        self.query_one(ForestBars).show(bars_title(benchmark), bars)
        if self._resting is not None:
            self._resting.stop()
        here = replace(lens, ability=ability, benchmark=benchmark)
        self._resting = self.set_timer(CURSOR_REST_S, lambda: self.query_one(SweepView).look(here))
