"""One cell of the AIS matrix: its figures and controls, its k sweep, and all abilities on its benchmark."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Static

from core.engine.protocol import StartRuns
from tui.inspector.ais.cell_text import (
    COLLAPSED,
    detail_lines,
    explained,
    matrix_title,
    pair_name,
    settled_line,
)
from tui.inspector.ais.curves import ForestBars, SweepView
from tui.inspector.ais.table import read_matrix
from tui.inspector.lens import Lens
from tui.inspector.look.text import failure_rows
from tui.inspector.pane import read_in_thread
from tui.inspector.screens.help import HelpScreen
from tui.inspector.session import Session
from tui.inspector.widgets.frame import KeyLine
from tui.measures import AIS_P, Measure
from tui.names import until_words
from tui.numbers import percent

if TYPE_CHECKING:
    from core.analysis.failures import Failures
    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.matrix import Matrix
    from core.analysis.statistics.intervals import Specificity

SIDE_BY_SIDE = 120
"""Columns from which sweep and bars have room side by side."""

STACKED = 40
"""Rows from which they have room one above the other."""

POLL_S = 0.5
"""How often the screen checks whether the cache has grown."""

REST_S = 0.15
"""How long a cell stays before its details are read, which can take seconds."""

FAILURE_ROWS = 2
"""Rows about failures at most."""


HELP = """\
What a benchmark loses without the weights of one ability.

First come AIS_p or AIS, as in the matrix, with the 95 % bootstrap interval, p(right) or the accuracies, and
the random control (of AIS also p, exact McNemar, q and Holm's p); then the minimum detectable AIS (the least
effect that so many items show with 80 % power), how much more the mask does than the other abilities' masks
(specific), how well the model still writes under it (generation quality), and how its answers fail.

Below are the k sweep, the AIS over the share of weights that is ablated, beside as many random weights,
and all abilities on this benchmark; on a small screen one of them at a time.
"""


@dataclass(frozen=True)
class CellDetails:
    """What is known about a cell besides its figures."""

    failures: Failures | None
    """How the answers fail; None where base or ablated answers are not stored."""
    specificity: Specificity | None
    """Compared with the other abilities' masks; None where there is none."""
    generation_quality: GenerationQuality | None
    """Under the mask; None where it was not measured."""


def read_details(session: Session, lens: Lens, measure: Measure) -> CellDetails:
    """The details of the lens's ability and benchmark in a measure; called in a thread.

    Raises:
        CorruptEntry: an entry of the cache is damaged.
        ValueError: k asks for more weights than there are candidates.
    """
    from core.analysis.failures import failures
    from core.analysis.generation_quality import mask_generation_qualities
    from core.analysis.samples import Samples
    from core.analysis.stored import stored_specificity

    benchmark, mask = session.benchmark(lens.benchmark), lens.mask_or_fail
    n, until, experiment = session.items_of(benchmark, lens), lens.stops_at, session.experiment
    asked, by_probability = session.evaluated(benchmark, lens), measure is AIS_P
    samples = Samples.open(experiment, asked, n, mask, until)
    return CellDetails(
        None if samples is None else failures(samples),
        stored_specificity(experiment, mask, asked, n, by_probability=by_probability, until=until),
        mask_generation_qualities(session.experiment, [mask]).get(mask),
    )


class CellScreen(ModalScreen[tuple[str, str] | None]):
    """One cell; returns the ability and benchmark that the lens should take, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", id="cell.help", tooltip="Keys and marks of a cell"),
        Binding("escape,enter,q", "close", "back", id="cell.close", tooltip="Back to the matrix"),
        Binding("j,down", "move(1, 0)", "next ability", id="cell.down", tooltip="The next ability"),
        Binding("k,up", "move(-1, 0)", "up", id="cell.up", show=False, tooltip="The ability before"),
        Binding("l,right", "move(0, 1)", "next benchmark", id="cell.right", tooltip="The next benchmark"),
        Binding("h,left", "move(0, -1)", "left", id="cell.left", show=False, tooltip="The benchmark before"),
        Binding("i", "turn", "sweep or bars", id="cell.turn", tooltip="The k sweep, or all abilities"),
        Binding("x", "fill", "run sweep", id="cell.fill", tooltip="Run the missing points of the sweep"),
        Binding("o,space", "take", "to the lens", id="cell.take", tooltip="Take the cell into the lens"),
    ]

    DEFAULT_CSS = """
    CellScreen { background: $background; }
    CellScreen > Static { height: auto; max-height: 14; padding: 0 1; }
    CellScreen > Horizontal { height: 1fr; padding: 1 1 0 1; }
    CellScreen.-stacked > Horizontal { layout: vertical; }
    CellScreen SweepView, CellScreen ForestBars { width: 1fr; }
    CellScreen.-beside SweepView { margin-right: 3; }
    CellScreen.-stacked ForestBars { height: auto; margin-bottom: 1; }
    """

    def __init__(self, session: Session, lens: Lens, matrix: Matrix) -> None:
        """Shows the cell of the lens's ability and benchmark; the lens ablates something."""
        super().__init__()
        self._session, self._lens, self._matrix = session, lens, matrix
        self._stored = session.activity.stored
        self._shows_bars = False
        self._details: CellDetails | str | None = None
        """The details, or why they cannot be read; None if they are unknown (yet)."""

    @property
    def cell(self) -> tuple[str, str]:
        """Ability and benchmark."""
        return self._lens.ability, self._lens.benchmark

    @property
    def _measure(self) -> Measure:
        """What the cell shows: AIS where there is no p(right)."""
        found = self._matrix.cells[self.cell].statistics
        return self._session.measure if found is None else self._session.measure.of(found.ais_p_reason)

    def compose(self) -> ComposeResult:
        yield Static(markup=False)
        with Horizontal():
            yield ForestBars(self._session.marks)
            yield SweepView(self._session, has_table=True)
        yield KeyLine()

    def on_mount(self) -> None:
        self.set_interval(POLL_S, self._look_again)
        self._show()

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()
        self._explain()

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen("one cell", HELP, self.active_bindings, self._session.marks))

    def action_close(self) -> None:
        self.dismiss(None)

    def action_take(self) -> None:
        self.dismiss(self.cell)

    def action_turn(self) -> None:
        self._shows_bars = not self._shows_bars
        self._arrange()

    def action_move(self, rows: int, columns: int) -> None:
        abilities, benchmarks = self._matrix.abilities, self._matrix.benchmarks
        row = (abilities.index(self._lens.ability) + rows) % len(abilities)
        column = (benchmarks.index(self._lens.benchmark) + columns) % len(benchmarks)
        self._lens = replace(self._lens, ability=abilities[row], benchmark=benchmarks[column])
        self._show()

    def action_fill(self) -> None:
        lens, mask = self._lens, self._lens.mask_or_fail
        points = self.query_one(SweepView).points
        masks = [replace(mask, k=point.k) for point in points if point.statistics is None]
        masks += [replace(mask.control, k=point.k) for point in points if point.control is None]
        if self._session.readonly:
            self.notify("This inspector was started with --readonly: it only looks.", markup=False)
        elif masks:
            asked = (None, *dict.fromkeys(masks))
            runs = tuple(self._session.run(mask, lens.benchmark, lens) for mask in asked)
            title = f"k sweep {pair_name(*self.cell)}{until_words(lens.stops_at)}"
            self._session.send(StartRuns(title, runs, lens.stops_at))
            self.notify(f"{len(runs)} runs are asked for; they show as they end.", markup=False)

    def _look_again(self) -> None:
        if self._session.activity.stored != self._stored:
            self._stored = self._session.activity.stored
            read_in_thread(
                self,
                partial(read_matrix, self._session, self._lens),
                self._take_in,
                lambda problem: self.query_one(Static).update(Text(problem)),
                group="matrix",
            )

    def _take_in(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self._show()

    def _show(self) -> None:
        lens = self._lens
        self._show_details(None)
        read_in_thread(
            self,
            partial(read_details, self._session, lens, self._measure),
            self._show_details,
            self._show_details,
            group="details",
            rest_s=REST_S,
        )
        self.query_one(ForestBars).show(self._matrix, lens.ability, lens.benchmark, self._session.measure)
        self.query_one(SweepView).look(lens)

    def _show_details(self, details: CellDetails | str | None) -> None:
        self._details = details
        self._explain()

    def _explain(self) -> None:
        """Shows the lines above sweep and bars."""
        matrix, marks, details = self._matrix, self._session.marks, self._details
        text = Text(f"{pair_name(*self.cell)}\n", style="bold")
        size = f"{matrix.weights:,} weights, {percent(matrix.share_of_candidates)} of the candidates"
        text.append(f"{matrix_title(matrix)} ({size})", style="not bold dim")
        cell = matrix.cells[self.cell]
        lines = explained(cell, marks, "x runs it, and the rest of its k sweep", self._session.measure)
        most = self._session.items_of(self._session.benchmark(self._lens.benchmark), self._lens)
        lines += filter(None, [settled_line(cell, most)])
        if self._lens.ability in matrix.collapsed:
            lines.append(f"{marks.collapsed} {COLLAPSED}")
        if isinstance(details, str):
            lines.append(details)
        elif details is not None:
            lines += detail_lines(cell, details.specificity, details.generation_quality, self._measure)
            if details.failures is not None:
                lines += failure_rows(details.failures, self.size.width - 2, FAILURE_ROWS, marks.cut)
        for line in lines:
            text.append(f"\n{line}", style="not bold")
        self.query_one(Static).update(text)

    def _arrange(self) -> None:
        is_beside, is_stacked = self.size.width >= SIDE_BY_SIDE, self.size.height >= STACKED
        self.set_class(is_beside, "-beside")
        self.set_class(is_stacked and not is_beside, "-stacked")
        has_both = is_beside or is_stacked
        self.query_one(SweepView).display = has_both or not self._shows_bars
        self.query_one(ForestBars).display = has_both or self._shows_bars
