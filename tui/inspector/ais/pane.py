"""The tab AIS: which ability carries which benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from core.engine.protocol import StartRuns
from tui.inspector.ais.cell_screen import CellScreen
from tui.inspector.ais.cell_text import matrix_title
from tui.inspector.ais.curves import ForestBars, SweepView
from tui.inspector.ais.help_text import HELP, NO_ABLATION, NO_DIFFERENCE
from tui.inspector.ais.links import LinksView, link_meaning, link_text, links_of
from tui.inspector.ais.looks import Cell, Difference, DifferenceLook, MatrixLook, read_differences
from tui.inspector.ais.table import Question, heading_of, question_of, read_matrix, running_cells
from tui.inspector.lens import Lens
from tui.inspector.look.frames import FRAME_LINES, RuledTitle, has_frames, titled
from tui.inspector.pane import Copied, Exported, Pane
from tui.inspector.session import Session
from tui.inspector.widgets.heat_map import HeatMap
from tui.inspector.widgets.words import Words
from tui.measures import AIS, AIS_P
from tui.names import MATRIX_JOB

if TYPE_CHECKING:
    from core.analysis.matrix import Matrix

READING = "Reading the cache"

PATIENCE_S = 0.3
"""How long figures that are read anew stay as they are before they are said to be old."""

LINES_AROUND = 7
"""Lines of summary or frame, explanation and legend, and the gap or the frame around the curves."""

LINES_OF_CURVES = 12
"""The least that holds a bar for each ability; with a frame one more."""

CURSOR_REST_S = 0.15
"""How long the cursor stays before the k sweep of its cell is read."""


class AisPane(Pane):
    """The matrix of abilities by benchmarks, and what is behind its cells."""

    help_text: ClassVar[str] = HELP

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o,space", "take", "to the lens", id="ais.take", tooltip="Take the cell into the lens"),
        Binding("x", "fill", "run missing", id="ais.fill", tooltip="Run all missing cells"),
        Binding("i", "turn", "links", id="ais.turn", tooltip="The matrix or the links"),
        Binding("w", "measure", "AIS", id="ais.measure", tooltip="Cells show AIS_p or AIS"),
    ]

    DEFAULT_CSS = """
    AisPane #ais-detail { height: auto; min-height: 3; max-height: 4; }
    AisPane #ais-status { height: auto; max-height: 2; color: $text-muted; }
    AisPane #ais-note { height: auto; display: none; }
    AisPane Horizontal { height: 1fr; margin-top: 1; }
    AisPane ForestBars, AisPane SweepView { width: 1fr; }
    AisPane SweepView { margin-left: 3; }
    AisPane LinksView { display: none; }
    AisPane.-links HeatMap { display: none; }
    AisPane.-links LinksView { display: block; }
    AisPane.-empty > * { display: none; }
    AisPane.-empty #ais-note { display: block; }
    """

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(session, id=id)
        self._shown_as: MatrixLook | None = None
        self._followed: tuple[str, str] | None = None
        """The lens's cell to which the cursor was last moved."""
        self._running_cells: frozenset[tuple[str, str]] = frozenset()
        self._asked: Question | None = None
        """What is being read or shown; None if there is no matrix of it."""
        self._is_reading = self._is_stale = self._shows_links = False

    def compose(self) -> ComposeResult:
        yield RuledTitle(self.session.marks, READING, id="ais-summary")
        yield titled(HeatMap(self.session.marks), READING)
        yield titled(LinksView(self.session.marks), READING)
        yield Words(id="ais-detail", markup=False)
        yield Words(id="ais-status", markup=False)
        with Horizontal():
            yield ForestBars(self.session.marks)
            yield SweepView(self.session, has_table=False)
        yield Static(NO_ABLATION, id="ais-note", markup=False)

    @property
    def matrix(self) -> Matrix | None:
        """What is shown; B's where both models are looked at."""
        return None if self._shown_as is None else self._shown_as.matrix

    @property
    def cell(self) -> tuple[str, str] | None:
        """Ability and benchmark under the cursor; None while there is no matrix."""
        if self.matrix is None:
            return None
        row, column = self.query_one(HeatMap).cursor
        return self.matrix.abilities[row], self.matrix.benchmarks[column]

    def refresh_view(self, lens: Lens) -> None:
        if lens.variant == "base":
            self._asked = None
            self._say(NO_ABLATION)
            return
        if self.session.pair is not None and lens.stops_at is not None:
            self._asked = None
            self._say(NO_DIFFERENCE)
            return
        question = question_of(self.session, lens)
        if question != self._asked:
            # What is still on the screen is of another question: no key may act on it.
            self._shown_as = None
            self._say_summary(READING)
        elif self._is_reading:
            self._is_stale = True
            return
        self._follow(lens)
        self._asked, self._is_reading, self._is_stale = question, True, False
        self.set_timer(PATIENCE_S, self._say_outdated)
        self.read(
            partial(read_matrix, self.session, lens),
            lambda matrix: self._take_in(lens, matrix),
            failed=self._fail_to_read,
        )

    def tick(self) -> None:
        if self._shown_as is None:
            return
        running = running_cells(self._shown_as.matrix, self.session.activity)
        if running != self._running_cells:
            self._running_cells = running
            self.query_one(HeatMap).show(self._shown_as.table(running))

    def copied(self) -> Copied | None:
        return None if self._shown_as is None or self.lens is None else self._shown_as.copied(self.lens)

    def exported(self) -> Exported | None:
        return None if self._shown_as is None or self.lens is None else self._shown_as.exported(self.lens)

    def action_take(self) -> None:
        if self.cell is not None:
            self._take(self.cell)

    def action_fill(self) -> None:
        if self.matrix is not None and self.matrix.missing:
            title = f"{MATRIX_JOB}: {matrix_title(self.matrix)}"
            self.session.send(StartRuns(title, self.matrix.missing, self.matrix.until))

    def action_measure(self) -> None:
        self.session.measure = AIS_P if self.session.measure is AIS else AIS
        if self.session.pair is not None and self.lens is not None:
            self.refresh_view(self.lens)
        elif self._shown_as is not None:
            self._show(self._shown_as)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Links are of one model."""
        return action != "turn" or self.session.pair is None

    def action_turn(self) -> None:
        if self.matrix is None:
            return
        self._show_links(not self._shows_links)
        self._bring_links()
        self.screen.set_focus(self._shown)
        self._explain()

    def _show_links(self, shows: bool) -> None:
        self._shows_links = shows
        self.set_class(shows, "-links")

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._share_room)
        self.call_after_refresh(self._explain)  # once it is known how wide the legend may be

    def on_heat_map_highlighted(self, message: HeatMap.Highlighted) -> None:
        self._explain()

    def on_heat_map_hovered(self, message: HeatMap.Hovered) -> None:
        self._explain(message.cell)

    def on_heat_map_selected(self, message: HeatMap.Selected) -> None:
        if self.matrix is not None and self.lens is not None and self.cell is not None:
            lens = replace(self.lens, ability=self.cell[0], benchmark=self.cell[1])
            self.app.push_screen(CellScreen(self.session, lens, self.matrix), self._take)

    def on_links_view_highlighted(self, message: LinksView.Highlighted) -> None:
        heat_map = self.query_one(HeatMap)
        row, column = heat_map.cursor
        heat_map.move_to(*(message.index, column) if message.side == "left" else (row, message.index))
        self._explain()

    def _take(self, cell: tuple[str, str] | None) -> None:
        if cell is not None and self.lens is not None:
            self.post_message(self.LensChanged(replace(self.lens, ability=cell[0], benchmark=cell[1])))

    def _take_in(self, lens: Lens, matrix: Matrix) -> None:
        self._is_reading = False
        self._running_cells = running_cells(matrix, self.session.activity)
        shown_as = MatrixLook(self.session, matrix)
        if self.session.pair is not None:
            before = self._shown_as.differences if isinstance(self._shown_as, DifferenceLook) else {}
            shown_as = DifferenceLook(self.session, matrix, before)
            self._show_links(shows=False)
            self._read_differences(lens, matrix)
        self._show_matrix(shown_as)
        was_empty = self.has_class("-empty")
        self.remove_class("-empty")
        if was_empty and self.screen.focused is None and self.is_on_screen:
            self.screen.set_focus(self._shown)
        self._follow(self.lens or lens)
        self._share_room()
        self._explain()
        if self._is_stale and self.lens is not None:
            self.refresh_view(self.lens)

    def _read_differences(self, lens: Lens, matrix: Matrix) -> None:
        def take(found: Mapping[Cell, Difference]) -> None:
            if self.matrix is matrix:
                self._show(DifferenceLook(self.session, matrix, found))

        self.read(partial(read_differences, self.session, lens, matrix), take, "differences")

    def _show(self, shown_as: MatrixLook) -> None:
        """Shows the same matrix otherwise."""
        self._show_matrix(shown_as)
        self._share_room()
        self._explain()

    def _show_matrix(self, shown_as: MatrixLook) -> None:
        """Shows a matrix, its links and its summary in the session's measure."""
        self._shown_as, matrix = shown_as, shown_as.matrix
        self.query_one(HeatMap).show(shown_as.table(self._running_cells))
        left, right = (list(map(heading_of, names)) for names in (matrix.abilities, matrix.benchmarks))
        self.query_one(LinksView).show(left, right, links_of(matrix, self.session.measure))
        self._say_summary(shown_as.summary())

    def _say_outdated(self) -> None:
        """Says that more may be stored than is shown."""
        if self._is_reading and self._shown_as is not None:
            self._say_summary(f"read so far: {self._shown_as.summary()}")
            self._explain()

    def _say_summary(self, text: str) -> None:
        """Says what the matrix is, above it or in its frame."""
        self.query_one(RuledTitle).say(text)
        for view in (self.query_one(HeatMap), self.query_one(LinksView)):
            titled(view, text)

    def _fail_to_read(self, problem: str) -> None:
        self._is_reading, self._asked = False, None
        self._say(problem)

    def _say(self, sentence: str) -> None:
        """Shows a sentence in place of the matrix."""
        self._shown_as = None
        self.query_one("#ais-note", Static).update(Text(sentence))
        self.add_class("-empty")

    @property
    def _shown(self) -> Widget:
        """The links or the map."""
        return self.query_one(LinksView if self._shows_links else HeatMap)

    def _follow(self, lens: Lens) -> None:
        """Moves the cursor to the lens's cell, if the lens has moved."""
        cell = (lens.ability, lens.benchmark)
        if self.matrix is not None and cell != self._followed:
            self._followed = cell
            row = self.matrix.abilities.index(lens.ability)
            self.query_one(HeatMap).move_to(row, self.matrix.benchmarks.index(lens.benchmark))
            self._bring_links()

    def _bring_links(self) -> None:
        """Moves the cursor of the links to the name under the map's cursor."""
        links = self.query_one(LinksView)
        links.index = self.query_one(HeatMap).cursor[0 if links.side == "left" else 1]
        links.refresh()

    def _explain(self, hovered: tuple[int, int] | None = None) -> None:
        """Explains the cell under the mouse, or else under the cursor."""
        shown_as, cell = self._shown_as, self.cell
        if shown_as is None or cell is None:
            return
        matrix, measure = shown_as.matrix, self.session.measure
        if hovered is not None:
            cell = matrix.abilities[hovered[0]], matrix.benchmarks[hovered[1]]
        links, below = self.query_one(LinksView), self.query_one("#ais-status", Words)
        if self._shows_links:
            status = link_meaning(measure, matrix.least_effect)
            detail = Text(link_text(matrix, links.side, links.index, measure))
        else:
            status = shown_as.status(room=below.content_size.width, is_outdated=self._is_reading)
            detail = shown_as.words(cell, self.lens)
        below.update(Text(status))
        self.query_one("#ais-detail", Words).update(detail)
        if hovered is None and self.query_one(Horizontal).display and self.lens is not None:
            self.query_one(ForestBars).show(matrix, *cell, measure)
            here = replace(self.lens, ability=cell[0], benchmark=cell[1])
            self.query_one(SweepView).look(here, CURSOR_REST_S)

    def _share_room(self) -> None:
        """Gives the map the lines that it needs, two a row if they fit, and the rest to the curves."""
        if self.matrix is None:
            return
        heat_map, links, more = self.query_one(HeatMap), self.query_one(LinksView), self.query_one(Horizontal)
        frame = FRAME_LINES if has_frames(self) else 0
        room = self.size.height - LINES_AROUND - LINES_OF_CURVES - frame // 2
        needed = heat_map.lines_within(room)
        had_more, more.display = more.display, room >= needed and self.session.pair is None
        for widget in (heat_map, links):
            widget.styles.height = needed + frame if more.display else "1fr"
        # Without curves the frame ends where the map does; links use what there is.
        heat_map.styles.max_height = heat_map.lines_within(self.size.height - LINES_AROUND) + frame
        if more.display and not had_more:
            self._explain()
