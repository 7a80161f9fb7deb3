"""The tab Overlap: how far the abilities' masks are the same weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.widgets import Static

from tui.inspector.command_of import overlap_line
from tui.inspector.masks.bars import with_bars
from tui.inspector.masks.export import SUFFIXES, overlap_document, overlap_rows, text_table, write_rows
from tui.inspector.masks.mask_pane import Lacking, MaskPane, Room, lacking_rankings
from tui.inspector.masks.overlap_reading import read_overlaps
from tui.inspector.masks.overlap_table import (
    OVERLAP_MEASURES,
    OVERLAP_WORDS,
    OverlapMeasure,
    OverlapTable,
)
from tui.inspector.pane import Copied, Exported, Pane
from tui.inspector.widgets.heat_map import HeatMap
from tui.inspector.widgets.heat_table import Heading, HeatCell, HeatRow, HeatTable
from tui.names import SHORT_NAMES
from tui.numbers import percent

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.widget import Widget

    from tui.inspector.lens import Lens
    from tui.inspector.look.marks import Marks
    from tui.inspector.session import Session

CELL_WIDTH = 4
"""Columns of a number with the gap before it."""

BAR_WIDTH = 40
"""Columns of the longest bar below the map."""

AROUND = 8
"""Lines that summary, heading and explanation take at most, with the gaps between them."""

BARS = 10
"""Lines that the bars take, their heading included."""


class OverlapPane(MaskPane[OverlapTable]):
    """The tab Overlap."""

    title: ClassVar[str] = "Overlap"
    help_text: ClassVar[str] = """\
How far the masks of two abilities are the same weights, at the lens's variant, selection and k.
i turns from Jaccard (shared weights as a fraction of those that either mask has) to containment (of
the row's mask, the fraction that is in the column's too) and to lift (how many times as many as two
random masks share: 1 is chance, below 1 they avoid each other).
The pair under the cursor is explained below, with the range that 95 % of random pairs lie in and, as a
control, how far two halves of the ability's own items agree on its weights: where the overlap with
another ability comes near that, the two masks can hardly be told apart.

enter takes the row's ability into the lens. A hollow mark: the ranking is not stored; x scores all
that are lacking."""

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    OverlapPane .found { height: 1fr; }
    OverlapPane .summary, OverlapPane .heading, OverlapPane .explained { height: auto; }
    OverlapPane .heading { color: $text-muted; }
    OverlapPane .explained { min-height: 3; }
    OverlapPane .bars { height: auto; display: none; text-wrap: nowrap; }
    OverlapPane .bars.-shown { display: block; }
    Screen.-tall OverlapPane .summary, Screen.-tall OverlapPane .explained { margin-bottom: 1; }
    """

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(session, id=id)
        self.measure: OverlapMeasure = "jaccard"
        self.table: OverlapTable | None = None
        self._map = HeatMap(session.marks)

    def compose(self) -> ComposeResult:
        yield self.notice
        with Room(self._arrange, classes="found"):
            yield Static(classes="summary", markup=False)
            yield Static(classes="heading", markup=False)
            yield self._map
            yield Static(classes="explained", markup=False)
            yield Static(classes="bars", markup=False)

    def question(self, lens: Lens) -> Callable[[], OverlapTable | Lacking]:
        return partial(read_overlaps, self.session.experiment, lens)

    def first_focus(self) -> Widget:
        return self._map

    def show(self, found: OverlapTable) -> Lacking | None:
        self.table = found
        self._fill()
        self._go_to_lens(found)
        return lacking_rankings(found.overlaps.missing) if found.overlaps.missing else None

    def show_progress(self, progress: str) -> None:
        if self.table is not None:
            text = " ".join(filter(None, [self.table.summary(), progress]))
            self.query_one(".summary", Static).update(Text(text))

    def action_measure(self) -> None:
        """Shows the next measure."""
        self.measure = OVERLAP_MEASURES[(OVERLAP_MEASURES.index(self.measure) + 1) % len(OVERLAP_MEASURES)]
        self._fill()

    def on_heat_map_highlighted(self, message: HeatMap.Highlighted) -> None:
        self._explain()

    def on_heat_map_selected(self, message: HeatMap.Selected) -> None:
        if self.table is not None and self.lens is not None:
            ability = self.table.overlaps.abilities[message.row]
            self.post_message(Pane.LensChanged(replace(self.lens, ability=ability)))

    def copied(self) -> Copied | None:
        if self.table is None or self.lens is None or not self.table.is_of(self.lens):
            return None
        labels = self.table.labels
        heads = [SHORT_NAMES.get(ability, ability) for ability in self.table.overlaps.abilities]
        cells = self.table.texts(self.measure, self.session.marks.lacking)
        lines = [OVERLAP_WORDS[self.measure], text_table("", heads, labels, cells), self.table.summary()]
        return Copied("\n".join([*lines, overlap_line(self.session, self.lens)]), "the overlaps as text")

    def exported(self) -> Exported | None:
        table = self.table
        if table is None or self.lens is None or not table.is_of(self.lens):
            return None

        def write(path: Path) -> None:
            write_rows(path, overlap_rows(table), overlap_document(table))

        return Exported(f"overlap-{table.variant}-{table.selection}-k{table.k:g}", SUFFIXES, write)

    def _fill(self) -> None:
        """Writes everything anew."""
        if self.table is None:
            return
        self._map.show(_heat_table(self.table, self.measure, self.session.marks))
        self.query_one(".heading", Static).update(Text(OVERLAP_WORDS[self.measure]))
        self._explain()
        self.call_after_refresh(self._arrange)

    def _go_to_lens(self, table: OverlapTable) -> None:
        """The cursor's row is that of the lens's ability, its column another one."""
        if self.lens is not None:
            row, column = table.overlaps.abilities.index(self.lens.ability), self._map.cursor[1]
            self._map.move_to(row, column if column != row else (row + 1) % len(table.labels))

    def _explain(self) -> None:
        if self.table is None:
            return
        row, column = self._map.cursor
        self.query_one(".explained", Static).update(Text("\n".join(self.table.explained(row, column))))
        bars = with_bars(_bars(self.table, row, self.session.marks.bar))
        self.query_one(".bars", Static).update(bars)

    def _arrange(self) -> None:
        """Gives the map the lines that it needs and there are; bars have what is left, if that is enough."""
        if self.table is None:
            return
        rows, room = len(self.table.labels), self.query_one(".found").size.height - AROUND
        wanted = 1 + 2 * rows if 1 + 2 * rows <= room else 2 + rows
        self._map.styles.max_height = wanted
        self.query_one(".bars").set_class(room - wanted >= BARS, "-shown")


def _heat_table(table: OverlapTable, measure: OverlapMeasure, marks: Marks) -> HeatTable:
    """The map; numbers of shared weights stand below the measure where there is room."""
    shades, texts, below = table.shades(measure), table.texts(measure, marks.lacking), table.shared_texts()
    places = range(len(table.labels))
    rows = [
        HeatRow(
            Heading(label, label),
            [
                HeatCell(texts[row][i], shades[row][i], below[row][i], is_dim=shades[row][i] is None)
                for i in places
            ],
        )
        for row, label in enumerate(table.labels)
    ]
    columns = [
        Heading(label, SHORT_NAMES.get(ability, label))
        for ability, label in zip(table.overlaps.abilities, table.labels, strict=True)
    ]
    return HeatTable(columns, rows, cell_width=CELL_WIDTH)


def _bars(table: OverlapTable, row: int, bar: str) -> list[tuple[str, str]]:
    """How much of a row's mask the others have."""
    return [
        (f"Of {table.labels[row]}'s mask, the others have", ""),
        *(
            (f"{name:<12} {percent(share):>6} ", bar * round(share * BAR_WIDTH))
            for name, share in table.nearest(row)
        ),
    ]
