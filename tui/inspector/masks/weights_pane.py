"""The tab Weights: where the mask lies, by layer and matrix, by neuron, and how concentrated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Literal

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from core.abilities.catalogue import ABILITIES
from tui.inspector.command_of import command_line
from tui.inspector.lens import Lens
from tui.inspector.look.frames import FRAME_LINES, has_frames, titled
from tui.inspector.masks.frontier_view import FrontierView
from tui.inspector.masks.mask_pane import MaskPane, Missing, Room, missing_rankings
from tui.inspector.masks.weight_table import MEASURES, Measure, WeightTable
from tui.inspector.masks.weights_text import (
    CURVE_TITLE,
    NEURONS_TITLE,
    TICKS,
    Masks,
    comparison,
    curve_legend,
    figures,
    neuron_lines,
    neurons_heading,
    plotted,
    read_masks,
    with_bars,
)
from tui.inspector.pane import ROW_SUFFIXES, Copied, Exported, text_table, write_rows
from tui.inspector.session import Session
from tui.inspector.widgets.curve_plot import CurvePlot
from tui.inspector.widgets.heat_map import HeatMap
from tui.inspector.widgets.words import Words
from tui.names import file_words

EXPLAINED_LINES = 2
"""Lines of the explanation below the map."""

Below = Literal["neurons", "curve", "frontier"]
"""What stands below the map, or beside it; the frontier only where a k was looked for."""

LEAST: dict[Below, int] = {"neurons": 6, "curve": 9, "frontier": 12}
"""Lines that each keeps, if it is there alone."""

ROOM_FOR_MORE = (18, 30)
"""Lines from which two of them have room below the map, and three below or beside it."""


class NeuronList(VerticalScroll, can_focus=True):
    """The neurons hit most."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "down", id="neurons.down", show=False, tooltip="Scroll down"),
        Binding("up,k", "scroll_up", "up", id="neurons.up", show=False, tooltip="Scroll up"),
        Binding("g", "scroll_home", "top", id="neurons.top", show=False, tooltip="The first neuron"),
        Binding("G", "scroll_end", "bottom", id="neurons.bottom", show=False, tooltip="The last neuron"),
    ]

    DEFAULT_CSS = """
    NeuronList { height: 1fr; scrollbar-size-vertical: 1; }
    NeuronList Static { height: auto; width: auto; text-wrap: nowrap; }
    """

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, lines: list[tuple[str, str]]) -> None:
        """Shows other neurons, a text and a bar each, from the first."""
        self.query_one(Static).update(with_bars(lines))
        self.scroll_home(animate=False)


class WeightsPane(MaskPane[Masks]):
    """The tab Weights."""

    help_text: ClassVar[str] = """\
Where the weights that the mask ablates lie: layers down, the matrices of a layer across (q k v o of
the attention, gate up down of the MLP), totals in the row and the column "all".
A cell is the share of the matrix that is selected; i turns to times an even spread (1 is what
chance gives), and to the number of weights. A dash: the variant takes nothing from there.
The cursor's cell is explained below, with the random control: as many weights drawn at random.

o puts another ability's mask beside this one, O the one before; cells are then the difference,
this ability's minus the other's. esc puts it away.
w turns from the neurons hit most to the concentration: the share of the mask's MLP weights
(upwards) that the neurons hit most hold, against their share of all neurons (to the right).
A neuron is a row of gate and of up and a column of down. On the dotted line all are hit alike.
Behind a slash stand the other ability's weights; a dash: not among its hundred neurons hit most.
Where k auto was looked for (K), w turns on to what it found, or has found so far: the AIS_p of
the mask at each k on its own and on the other abilities' items, 20 of each that report nothing,
with a mark at the chosen k: the smallest within one standard error of the largest own - others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "other(1)", "compare", id="weights.next_other", tooltip="Compare with the next ability"),
        Binding(
            "O", "other(-1)", "before", id="weights.previous_other", show=False, tooltip="The ability before"
        ),
        Binding("w", "turn", "curve", id="weights.turn", tooltip="Neurons, concentration, own and others"),
        Binding("escape", "no_other", "alone", id="weights.alone", show=False, tooltip="No other ability"),
    ]

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    WeightsPane .found { height: 1fr; }
    WeightsPane .figures, WeightsPane .heading { height: auto; }
    WeightsPane .heading { color: $text-muted; }
    WeightsPane .body { height: 1fr; }
    WeightsPane .map { height: auto; }
    WeightsPane .explained { height: 2; }
    WeightsPane .below { height: 1fr; }
    WeightsPane .below > * { display: none; }
    WeightsPane .below.-neurons .neurons { display: block; }
    WeightsPane .below.-curve .curve { display: block; }
    WeightsPane .below.-frontier .frontier { display: block; }
    WeightsPane .below > * { height: 1fr; }
    Screen.-tall WeightsPane .figures, Screen.-tall WeightsPane .map { margin-bottom: 1; }
    Screen.-wide WeightsPane .body { layout: horizontal; }
    Screen.-wide WeightsPane .map { width: 58%; padding-right: 2; }
    """

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(session, id=id)
        self.measure: Measure = "share"
        self.other: str | None = None
        """Id of the ability that is compared."""
        self.masks: Masks | None = None
        self.table: WeightTable | None = None
        self.first: Below = "neurons"
        """What is shown where there is room for one thing below the map."""
        self._has_all = False
        """Whether everything is shown."""
        self._map = HeatMap(session.marks, opens=False)
        self._plot = CurvePlot(session.marks)

    def compose(self) -> ComposeResult:
        yield self.notice
        with Vertical(classes="found"):
            yield Static(classes="figures", markup=False)
            with Room(self._arrange, classes="body"):
                with titled(Vertical(classes="map"), "where the mask lies"):
                    yield Static(classes="heading map-heading", markup=False)
                    yield self._map
                    yield Static(classes="explained", markup=False)
                with Vertical(classes="below"):
                    with titled(Vertical(classes="neurons"), NEURONS_TITLE):
                        yield Words(classes="heading neurons-heading", markup=False)
                        yield NeuronList()
                    with titled(Vertical(classes="curve"), CURVE_TITLE):
                        yield Words(classes="heading curve-heading", markup=False)
                        yield self._plot
                    yield titled(FrontierView(self.session.marks), "own and others over k")

    def question(self, lens: Lens) -> Callable[[], Masks | Missing]:
        return partial(read_masks, self.session.experiment, lens.mask_or_fail, self._other_of(lens))

    def first_focus(self) -> Widget:
        return self._map

    def show(self, found: Masks) -> Missing | None:
        self.masks = found
        self._fill_map(found)
        self._fill_below(found)
        if found.other_spec is not None and found.other is None:
            return missing_rankings([found.other_spec])
        return None

    def show_progress(self, progress: str) -> None:
        if self.masks is None:
            return
        parts = [figures(self.masks), comparison(self.masks), progress]
        self.query_one(".figures", Static).update(Text(" ".join(filter(None, parts))))

    def action_measure(self) -> None:
        """Shows the next measure."""
        self.measure = MEASURES[(MEASURES.index(self.measure) + 1) % len(MEASURES)]
        if self.masks is not None:
            self._fill_map(self.masks)

    def action_other(self, step: int) -> None:
        if self.lens is not None:
            others = [None, *(a.id for a in ABILITIES if a.id != self.lens.ability)]
            self.other = others[(others.index(self._other_of(self.lens)) + step) % len(others)]
            self.refresh_view(self.lens)

    def action_no_other(self) -> None:
        self.other = None
        if self.lens is not None:
            self.refresh_view(self.lens)

    def action_turn(self) -> None:
        self.first = self._in_order[1]
        self._arrange()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys that do something just now."""
        if action == "no_other":
            return self.other is not None
        if action == "turn":
            return not self._has_all
        return super().check_action(action, parameters)

    def copied(self) -> Copied | None:
        masks, table, lens = self._masks_of_lens, self.table, self.lens
        if masks is None or table is None or lens is None:
            return None
        cells = zip(table.rows, table.texts(self.session.marks.flat), strict=True)
        lines = [
            f"{masks.spec}: {table.heading}",
            text_table([["", *table.columns], *([name, *row] for name, row in cells)]),
            " ".join(filter(None, [figures(masks), comparison(masks)])),
            command_line(self.session, lens),
        ]
        return Copied("\n".join(lines), "the map as text")

    def exported(self) -> Exported | None:
        masks = self._masks_of_lens
        if masks is None:
            return None
        mask = masks.spec
        return Exported(
            f"weights-{mask.ability}-{file_words(mask.variant, mask.selection, mask.scope, mask.k)}",
            ROW_SUFFIXES,
            lambda path: write_rows(path, masks.records(), masks.document()),
        )

    @property
    def _masks_of_lens(self) -> Masks | None:
        """What is shown, unless the lens has moved on."""
        return self.masks if self.masks and self.lens and self.lens.mask == self.masks.spec else None

    def on_heat_map_highlighted(self, message: HeatMap.Highlighted) -> None:
        self._explain()

    def _other_of(self, lens: Lens) -> str | None:
        """The ability that is compared, unless it is the lens's own."""
        return None if self.other == lens.ability else self.other

    def _fill_map(self, masks: Masks) -> None:
        """Shows the map."""
        is_first = self.table is None
        table = WeightTable(masks.own, masks.spec.variant, self.measure, masks.control, masks.other)
        self.table = table
        self._map.show(table.heat_table(self.session.marks.flat))
        if is_first:
            self._map.move_to(0, len(table.columns) - 1)
        lines = [table.heading, table.profile(self.session.marks)]
        self.query_one(".map-heading", Static).update(Text("\n".join(filter(None, lines))))
        self._explain()
        self.call_after_refresh(self._arrange)

    def _fill_below(self, masks: Masks) -> None:
        """Shows neurons and curve."""
        self.query_one(NeuronList).show(neuron_lines(masks, self.session.marks))
        self._plot.show(plotted(masks), TICKS)
        if masks.search is not None:
            self.query_one(FrontierView).show(masks.search)

    @property
    def _in_order(self) -> list[Below]:
        """What there is to show below the map, what comes first in front."""
        has_frontier = self.masks is not None and self.masks.search is not None
        there = [name for name in LEAST if has_frontier or name != "frontier"]
        place = there.index(self.first) if self.first in there else 0
        return there[place:] + there[:place]

    def _head_below(self, masks: Masks) -> None:
        """Says what neurons and curve are, as far as their frames do not."""
        titles = ("", "") if has_frames(self) else (NEURONS_TITLE, CURVE_TITLE)
        legend = curve_legend(masks, titles[1], is_ascii=not self.session.marks.bar_eighths)
        self.query_one(".neurons-heading", Words).update(Text(neurons_heading(masks, titles[0])))
        self.query_one(".curve-heading", Words).update(legend)

    def _explain(self) -> None:
        if self.table is not None:
            lines = self.table.explained(*self._map.cursor)
            self.query_one(".explained", Static).update(Text("\n".join(lines)), layout=False)

    def _arrange(self) -> None:
        """Gives the map the lines that it needs, and the rest to neurons and curve."""
        if self.table is None or self.masks is None:
            return
        self._head_below(self.masks)
        is_beside = self.screen.has_class("-wide")
        in_order = self._in_order
        least = LEAST[in_order[0]]
        heading_lines = self.query_one(".map-heading").size.height
        room = self.query_one(".body").size.height - heading_lines - EXPLAINED_LINES
        room -= 0 if is_beside else least
        if has_frames(self):
            room -= FRAME_LINES if is_beside else 2 * FRAME_LINES
        rows = len(self.table.rows)
        has_counts = any(map(any, self.table.counts_below()))
        wanted = 1 + 2 * rows if has_counts and 1 + 2 * rows <= room else 1 + rows
        height = max(4, min(wanted, room))
        self._map.styles.height = height
        lines = self.query_one(".body").size.height if is_beside else room - height + least
        shown = in_order[: max(1 + is_beside, 1 + sum(lines >= more for more in ROOM_FOR_MORE))]
        self._has_all = len(shown) == len(in_order)
        for name in LEAST:
            self.query_one(".below").set_class(name in shown, f"-{name}")
        self.refresh_bindings()
