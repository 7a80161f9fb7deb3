"""Base, ablated and random control as three columns of figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from tui.inspector.ais.text import ais_with_interval, interval, number, probability, share
from tui.inspector.look.text_rows import fitted
from tui.inspector.run.figures import SIDE_WORDS, Figures, Side, SideFigures, is_settled
from tui.inspector.run.line_plot import ASCII_SIGNS, COLOURS, SIGNS

if TYPE_CHECKING:
    from tui.inspector.look.marks import Marks

LABEL_WIDTH = 9

WIDEST_COLUMN = 30
"""Columns of one side at most: further apart, figures cannot be compared at a glance."""

PLAIN, STRONG, WEAK = "$foreground", "bold $foreground", "dim $foreground"
"""How a figure is shown: as it is; where it is settled; until then."""

Piece = tuple[str, str]
"""Text and its style."""


class FiguresTable(Static):
    """The figures of a comparison; what is not known yet is said in words."""

    DEFAULT_CSS = """
    FiguresTable { height: auto; width: 1fr; color: $text-muted; }
    """

    def __init__(self, marks: Marks, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id, markup=False)
        self._marks = marks
        self._figures: Figures | None = None
        self._lacking = ""

    def show(self, figures: Figures | None, lacking: str) -> None:
        """Shows other figures.

        Args:
            figures: None leaves the table empty.
            lacking: stands where a run has no answer yet, in a few words.
        """
        if figures is not self._figures or lacking != self._lacking:
            self._figures, self._lacking = figures, lacking
            self._update()

    def on_resize(self) -> None:
        self._update()

    def _update(self) -> None:
        if self._figures is None or not self.size.width:
            self.update("")
            return
        table = figures_rows(self._figures, self._lacking, self._marks)
        width = min(WIDEST_COLUMN, (self.size.width - LABEL_WIDTH) // 3)
        lines = [self._line(label, pieces, width) for label, pieces in table]
        # A layout of the whole screen takes too long to be made for every figure that changes.
        self.update(Content("\n").join(lines), layout=len(lines) != self.size.height)

    def _line(self, label: str, pieces: Sequence[Sequence[Piece]], width: int) -> Content:
        line = Content(fitted(label, LABEL_WIDTH, self._marks.cut))
        for cell in pieces:
            text = Content.assemble(*cell)
            line += text + Content(" " * max(0, width - text.cell_length))
        return line


def figures_rows(figures: Figures, lacking: str, marks: Marks) -> list[tuple[str, list[list[Piece]]]]:
    """The rows of the table: a label, and for each side its pieces of text."""
    sides = list(figures.sides)
    signs = ASCII_SIGNS if marks.rule.isascii() else SIGNS
    rows: list[tuple[str, list[list[Piece]]]] = [
        ("", [[(signs[side], f"${COLOURS[side]}"), (f" {SIDE_WORDS[side]}", STRONG)] for side in sides])
    ]
    cells: dict[str, Callable[[Side, SideFigures], list[Piece]]] = {
        figures.score_word: lambda side, one: _accuracy(one, lacking, marks),
        "items": lambda side, one: _items(one, figures),
    }
    if len(sides) > 1:
        cells |= {
            "AIS": lambda side, one: _ais(side, one, figures),
            "McNemar": lambda side, one: (
                [(f"p {probability(one.effect.p_value)}", PLAIN)] if one.effect else []
            ),
            "flips": lambda side, one: _flips(one, marks),
        }
    return rows + [
        (label, [cell(side, one) for side, one in figures.sides.items()]) for label, cell in cells.items()
    ]


def _accuracy(one: SideFigures, lacking: str, marks: Marks) -> list[Piece]:
    if one.accuracy is None:
        return [(f"{marks.lacking} {lacking}", "")]
    found = one.accuracy
    settled = is_settled(found.low, found.high)
    bounds = interval(found.low, found.high).replace("1.00]", "1]")
    return [(share(found.score), STRONG if settled else WEAK), (f" {bounds}", PLAIN if settled else WEAK)]


def _items(one: SideFigures, figures: Figures) -> list[Piece]:
    if one.accuracy is None:
        return []
    if one.accuracy.n < figures.n:
        return [(f"{one.accuracy.n:,} of {figures.n:,}", PLAIN)]
    return [(f"n {figures.n:,}", PLAIN)]


def _ais(side: Side, one: SideFigures, figures: Figures) -> list[Piece]:
    if side == "base":
        return [] if figures.chance is None else [(f"chance {number(figures.chance)}", PLAIN)]
    if one.effect is None:
        return []
    low, high = one.effect.ais_low, one.effect.ais_high
    # Without a flip, the bootstrap's interval has no width: the accuracy's tells how few items these are.
    has_items = one.accuracy is not None and is_settled(one.accuracy.low, one.accuracy.high)
    settled = has_items and low is not None and high is not None and is_settled(low, high)
    return [(ais_with_interval(one.effect), STRONG if settled else WEAK)]


def _flips(one: SideFigures, marks: Marks) -> list[Piece]:
    if one.effect is None:
        return []
    return [
        (f"{marks.right}{marks.becomes}{marks.wrong} {one.broken:,}", "$error"),
        ("  ", ""),
        (f"{marks.wrong}{marks.becomes}{marks.right} {one.fixed:,}", "$success"),
    ]
