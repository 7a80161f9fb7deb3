"""One cell of the AIS matrix: its figures and controls, its k sweep, and all abilities on its benchmark."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from core.engine.commands import StartRuns
from core.experiment.specs import Run
from tui.inspector.ais.bars import bars_of, bars_title
from tui.inspector.ais.forest_bars import ForestBars
from tui.inspector.ais.reading import Behind, read_behind, read_matrix
from tui.inspector.ais.sweep_view import SweepView
from tui.inspector.ais.text import WRECKED, behind, explained, matrix_title, pair_name
from tui.inspector.look.text import failure_rows

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.timer import Timer

    from core.analysis.matrix import Matrix
    from tui.inspector.lens import Lens
    from tui.inspector.session import Session

SIDE_BY_SIDE = 120
"""Columns from which sweep and bars have room beside each other."""

STACKED = 40
"""Rows from which they have room above each other."""

POLL_S = 0.5
"""How often the screen looks whether the cache has grown."""

REST_S = 0.15
"""How long a cell stays before what is behind it is read, which can take seconds."""

FAILURE_ROWS = 2
"""Of what is said of how its answers fail, at most."""


class CellScreen(ModalScreen[tuple[str, str] | None]):
    """One cell; ends with the ability and benchmark that the lens should take, if it should."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "close", "back", id="cell.close", tooltip="Back to the matrix"),
        Binding("j,down", "move(1, 0)", "ability", id="cell.down", tooltip="The next ability"),
        Binding("k,up", "move(-1, 0)", "up", id="cell.up", show=False, tooltip="The ability before"),
        Binding("l,right", "move(0, 1)", "benchmark", id="cell.right", tooltip="The next benchmark"),
        Binding("h,left", "move(0, -1)", "left", id="cell.left", show=False, tooltip="The benchmark before"),
        Binding("i", "turn", "sweep/bars", id="cell.turn", tooltip="The k sweep, or all abilities"),
        Binding("x", "fill", "run sweep", id="cell.fill", tooltip="Run what the sweep lacks"),
        Binding("o,space", "take", "take", id="cell.take", tooltip="Take the cell into the lens"),
    ]

    DEFAULT_CSS = """
    CellScreen { background: $background; }
    CellScreen > Static { height: auto; max-height: 11; padding: 0 1; }
    CellScreen > Horizontal { height: 1fr; padding: 1 1 0 1; }
    CellScreen.-stacked > Horizontal { layout: vertical; }
    CellScreen SweepView, CellScreen ForestBars { width: 1fr; }
    CellScreen.-beside SweepView { margin-right: 3; }
    CellScreen.-stacked ForestBars { height: auto; margin-bottom: 1; }
    """

    def __init__(self, session: Session, lens: Lens, matrix: Matrix) -> None:
        """The lens's ability and benchmark are the cell's; it ablates something."""
        super().__init__()
        self._session, self._lens, self._matrix = session, lens, matrix
        self._stored = session.activity.stored
        self._shows_bars = False
        self._behind: Behind | str | None = None
        """What is behind the cell, or why that cannot be read; None if it is not known (yet)."""
        self._resting: Timer | None = None

    @property
    def cell(self) -> tuple[str, str]:
        """The ability and benchmark that are shown."""
        return self._lens.ability, self._lens.benchmark

    def compose(self) -> ComposeResult:
        yield Static(markup=False)
        with Horizontal():
            yield ForestBars(self._session.marks)
            yield SweepView(self._session, has_table=True)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.set_interval(POLL_S, self._look_again)
        self._show()

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()
        self._explain()

    def action_close(self) -> None:
        """Goes back to the matrix."""
        self.dismiss(None)

    def action_take(self) -> None:
        """Takes the cell into the lens."""
        self.dismiss(self.cell)

    def action_turn(self) -> None:
        """Shows the other half, where there is no room for both."""
        self._shows_bars = not self._shows_bars
        self._arrange()

    def action_move(self, rows: int, columns: int) -> None:
        """Goes to another cell of the matrix."""
        abilities, benchmarks = self._matrix.abilities, self._matrix.benchmarks
        row = (abilities.index(self._lens.ability) + rows) % len(abilities)
        column = (benchmarks.index(self._lens.benchmark) + columns) % len(benchmarks)
        self._lens = replace(self._lens, ability=abilities[row], benchmark=benchmarks[column])
        self._show()

    def action_fill(self) -> None:
        """Runs the points of the sweep that are lacking, and their controls."""
        benchmark = self._session.benchmark(self._lens.benchmark)
        n = self._session.items_of(benchmark, self._lens)
        points = self.query_one(SweepView).points
        masks = [replace(self._lens.mask_or_fail, k=point.k) for point in points if point.statistics is None]
        masks += [
            replace(self._lens.mask_or_fail, k=point.k, selection="random")
            for point in points
            if point.control is None
        ]
        if self._session.readonly:
            self.notify("This inspector was started with --readonly: it only looks.", markup=False)
        elif masks:
            runs = tuple(Run(mask, benchmark.id, n) for mask in (None, *dict.fromkeys(masks)))
            self._session.send(StartRuns(f"k sweep {pair_name(*self.cell)}", runs))
            self.notify(f"{len(runs)} runs are asked for; they show as they end.", markup=False)

    def _look_again(self) -> None:
        if self._session.activity.stored != self._stored:
            self._stored = self._session.activity.stored
            self.run_worker(self._read_again(), group="matrix", exclusive=True)

    async def _read_again(self) -> None:
        answer = await asyncio.to_thread(read_matrix, self._session, self._lens)
        if isinstance(answer, str):
            self.query_one(Static).update(Text(answer))
            return
        self._matrix = answer
        self._show()

    def _show(self) -> None:
        lens, matrix, marks = self._lens, self._matrix, self._session.marks
        self._behind = None
        self._explain()
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST_S, self._look_behind)
        self.query_one(ForestBars).show(
            bars_title(lens.benchmark), bars_of(matrix, lens.ability, lens.benchmark, marks)
        )
        self.query_one(SweepView).look(lens)

    def _explain(self) -> None:
        """The lines above sweep and bars."""
        matrix, marks = self._matrix, self._session.marks
        text = Text(f"{pair_name(*self.cell)}\n", style="bold")
        size = f"{matrix.weights:,} weights, {matrix.share_of_candidates:.1%} of the candidates"
        text.append(f"{matrix_title(matrix)} ({size})", style="not bold dim")
        cell, found = matrix.cells[self.cell], self._behind
        lines = explained(cell, marks, "x runs it, and what else its k sweep lacks")
        if self._lens.ability in matrix.collapsed:
            lines.append(f"{marks.collapsed} {WRECKED}")
        if isinstance(found, str):
            lines.append(found)
        elif found is not None:
            lines += behind(cell, found.specificity, found.generation_quality)
            if found.failures is not None:
                lines += failure_rows(found.failures, self.size.width - 2, FAILURE_ROWS, marks.cut)
        for line in lines:
            text.append(f"\n{line}", style="not bold")
        self.query_one(Static).update(text)

    def _look_behind(self) -> None:
        self.run_worker(self._read_behind(self._lens), group="behind", exclusive=True)

    async def _read_behind(self, lens: Lens) -> None:
        found = await asyncio.to_thread(read_behind, self._session, lens)
        if lens == self._lens:
            self._behind = found
            self._explain()

    def _arrange(self) -> None:
        is_beside, is_stacked = self.size.width >= SIDE_BY_SIDE, self.size.height >= STACKED
        self.set_class(is_beside, "-beside")
        self.set_class(is_stacked and not is_beside, "-stacked")
        has_both = is_beside or is_stacked
        self.query_one(SweepView).display = has_both or not self._shows_bars
        self.query_one(ForestBars).display = has_both or self._shows_bars
