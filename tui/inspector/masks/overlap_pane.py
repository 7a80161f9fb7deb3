"""The tab Overlap: how far the abilities' masks are the same weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from tui.inspector.command_of import overlap_line
from tui.inspector.lens import Lens
from tui.inspector.look.frames import FRAME_LINES, RuledTitle, has_frames, titled
from tui.inspector.masks.mask_pane import MaskPane, Missing, Room, missing_rankings
from tui.inspector.masks.overlap_table import OVERLAP_MEASURES, OVERLAP_WORDS, OverlapMeasure, OverlapTable
from tui.inspector.masks.weights_text import with_bars
from tui.inspector.pane import ROW_SUFFIXES, Copied, Exported, Pane, text_table, write_rows
from tui.inspector.session import Session
from tui.inspector.widgets.heat_map import HeatMap
from tui.names import file_words

if TYPE_CHECKING:
    from core.run.experiment import Experiment

AROUND = 8
"""Lines of summary, heading and explanation at most, with the gaps between them."""

BARS = 10
"""Lines of the bars with their heading."""


def read_overlaps(experiment: Experiment, lens: Lens) -> OverlapTable | Missing:
    """The overlaps of all abilities' masks, as far as their rankings are stored.

    Raises:
        OSError: the model's files cannot be read.
        ValueError: k asks for more weights than there are candidates, or the model's config is broken.
    """
    from core.analysis.mask_tables import overlaps

    found = overlaps(experiment, lens.mask_or_fail)
    if not any(found.present):
        return missing_rankings(found.missing)
    return OverlapTable(found, lens.variant, lens.selection, lens.k, lens.scope)


class OverlapPane(MaskPane[OverlapTable]):
    """The tab Overlap."""

    help_text: ClassVar[str] = """\
How far the masks of two abilities are the same weights, at the lens's variant, selection and k.
i turns from Jaccard (shared weights as a fraction of those that either mask has) to containment (of
the row's mask, the fraction that is in the column's too) and to lift (how many times as many as two
random masks share: 1 is chance, below 1 they avoid each other).
The pair under the cursor is explained below, with the range that 95 % of random pairs lie in and, as a
control, how far two halves of the ability's own items agree on its weights: where the overlap with
another ability comes near that, the two masks can hardly be distinguished.

enter takes the row's ability into the lens. A hollow mark: the ranking is not stored; x scores all
that are missing."""

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    OverlapPane .found { height: 1fr; }
    OverlapPane .summary, OverlapPane .explained { height: auto; }
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
            yield RuledTitle(self.session.marks)
            yield titled(self._map, "overlap")
            yield Static(classes="explained", markup=False)
            yield titled(Static(classes="bars", markup=False), "overlaps")

    def question(self, lens: Lens) -> Callable[[], OverlapTable | Missing]:
        return partial(read_overlaps, self.session.experiment, lens)

    def first_focus(self) -> Widget:
        return self._map

    def show(self, found: OverlapTable) -> Missing | None:
        self.table = found
        self._fill()
        if self.lens is not None:  # its ability's row, and the column of another one
            row, column = found.overlaps.abilities.index(self.lens.ability), self._map.cursor[1]
            self._map.move_to(row, column if column != row else (row + 1) % len(found.labels))
        return missing_rankings(found.overlaps.missing) if found.overlaps.missing else None

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
        table = self._table_of_lens
        if table is None or self.lens is None:
            return None
        cells = table.texts(self.measure, self.session.marks.lacking)
        rows = [["", *table.heads], *([label, *row] for label, row in zip(table.labels, cells, strict=True))]
        lines = [OVERLAP_WORDS[self.measure], text_table(rows), table.summary()]
        return Copied("\n".join([*lines, overlap_line(self.session, self.lens)]), "the overlaps as text")

    def exported(self) -> Exported | None:
        table = self._table_of_lens
        if table is None:
            return None
        return Exported(
            f"overlap-{file_words(table.variant, table.selection, table.scope, table.k)}",
            ROW_SUFFIXES,
            lambda path: write_rows(path, table.records(), table.document()),
        )

    @property
    def _table_of_lens(self) -> OverlapTable | None:
        """The table, unless the lens has moved on."""
        return self.table if self.table and self.lens and self.table.is_of(self.lens) else None

    def _fill(self) -> None:
        """Shows map, heading, explanation and bars."""
        if self.table is None:
            return
        self._map.show(self.table.heat_table(self.measure, self.session.marks))
        self.query_one(RuledTitle).say(OVERLAP_WORDS[self.measure])
        titled(self._map, OVERLAP_WORDS[self.measure])
        self._explain()
        self.call_after_refresh(self._arrange)

    def _explain(self) -> None:
        if self.table is None:
            return
        row, column = self._map.cursor
        self.query_one(".explained", Static).update(Text("\n".join(self.table.explained(row, column))))
        bars = with_bars(self.table.bars(row, self.session.marks.bar))
        self.query_one(".bars", Static).update(bars)

    def _arrange(self) -> None:
        """Gives the map the lines that it needs; bars are shown if enough are left."""
        if self.table is None:
            return
        rows, room = len(self.table.labels), self.query_one(".found").size.height - AROUND
        frame = FRAME_LINES if has_frames(self) else 0
        room -= frame
        wanted = 1 + 2 * rows if 1 + 2 * rows <= room else 2 + rows
        self._map.styles.max_height = wanted + frame
        self.query_one(".bars").set_class(room - wanted >= BARS + frame, "-shown")
