"""The table of figures of the tab Run: a column for each model, with its intervals as bars where they fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.inspector.ais.cell_text import ais_with_interval
from tui.inspector.look.bars import interval_bar
from tui.inspector.look.frames import titled
from tui.inspector.look.marks import Marks
from tui.inspector.look.text import fitted
from tui.inspector.run.figures import SIDE_WORDS, Figures, Side, SideFigures, is_settled
from tui.inspector.run.line_plot import ASCII_SIGNS, COLOURS, SIGNS
from tui.measures import AIS, AIS_P, Measure
from tui.numbers import interval, number, probability, share
from tui.result_words import settled_link, settled_words, times_text

if TYPE_CHECKING:
    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.statistics.scores import EmpiricalP
    from tui.inspector.look.marks import Marks

LABEL_WIDTH = 9

WIDEST_COLUMN = 40
"""Most columns of one side: farther apart, figures are hard to compare."""

ESTIMATE_WIDTH, INTERVAL_WIDTH = 5, 14
"""Columns of an estimate, aligned at its point, and of its interval with the gap behind it."""

ALIGNED_COLUMN = 17
"""Columns of a side from which its numbers have their points below each other."""

SHORT = 17
"""Rows of the tab below which AIS_p is left out."""

LEAST_BAR = 6
"""Columns of the shortest bar of an interval."""

ACCURACY_SCALE, AIS_SCALE = (0.0, 1.0), (-0.25, 1.25)
"""First and last value on the bars of intervals."""

PLAIN, STRONG, WEAK = "$foreground", "bold $foreground", "dim $foreground"
"""Styles of figures: those without an interval, settled ones, and others."""

Piece = tuple[str, str]
"""Text and its style."""


class FiguresTable(Static):
    """The figures of a comparison as three columns."""

    DEFAULT_CSS = """
    FiguresTable { height: auto; width: 1fr; color: $text-muted; }
    """

    def __init__(self, marks: Marks, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id, markup=False)
        titled(self, "figures")
        self._marks = marks
        self._figures: Figures | None = None
        self._lacking = ""
        self._fewest_rows = 0

    def show(self, figures: Figures | None, lacking: str, *, keeps_rows: bool = False) -> None:
        """Shows figures.

        Args:
            figures: None for an empty table.
            lacking: stands where a run has no answers.
            keeps_rows: never fewer rows than now, so that nothing below moves.
        """
        if figures is not self._figures or lacking != self._lacking:
            self._figures, self._lacking = figures, lacking
            self._fewest_rows = self.size.height if keeps_rows else 0
            self._update()

    def on_resize(self) -> None:
        self._update()

    def _update(self) -> None:
        if self._figures is None or not self.size.width:
            self.update("")
            return
        width = min(WIDEST_COLUMN, (self.size.width - LABEL_WIDTH) // 3)
        is_short = isinstance(self.parent, Widget) and self.parent.size.height < SHORT
        table = figures_rows(self._figures, self._lacking, self._marks, width, is_short=is_short)
        lines = [self._line(label, pieces, width) for label, pieces in table]
        lines += [Content()] * (self._fewest_rows - len(lines))
        # Laying out the whole screen takes too long to be done for every change.
        self.update(Content("\n").join(lines), layout=len(lines) != self.size.height)

    def _line(self, label: str, pieces: Sequence[Sequence[Piece]], width: int) -> Content:
        line = Content(fitted(label, LABEL_WIDTH, self._marks.cut))
        for cell in pieces:
            text = Content.assemble(*cell)
            line += text + Content(" " * max(1, width - text.cell_length))
        return line


def figures_rows(
    figures: Figures, lacking: str, marks: Marks, width: int, *, is_short: bool = False
) -> list[tuple[str, list[list[Piece]]]]:
    """The rows of the table: a label, and pieces of text for each side.

    Args:
        figures: what is shown.
        lacking: said where a run has no answers.
        marks: the signs.
        width: columns of a side; intervals are drawn too if they fit.
        is_short: whether there is no row to spare for AIS_p.
    """
    signs = ASCII_SIGNS if marks.rule.isascii() else SIGNS
    rows: list[tuple[str, list[list[Piece]]]] = [
        (
            "",
            [
                [(signs[side], f"${COLOURS[side]}"), (f" {SIDE_WORDS[side]}", STRONG)]
                for side in figures.sides
            ],
        )
    ]
    bar = width - ESTIMATE_WIDTH - INTERVAL_WIDTH - 3
    draw = _Drawing(marks, bar if bar >= LEAST_BAR else 0, width >= ALIGNED_COLUMN)
    cells: dict[str, Callable[[Side, SideFigures], list[Piece]]] = {
        figures.score_word: lambda side, one: _accuracy(side, one, figures, lacking, draw),
        "items": lambda side, one: _items(side, one, figures),
    }
    if len(figures.sides) > 1:
        cells |= {
            "AIS": lambda side, one: _chance(figures) if side == "base" else _effect(side, one, AIS, draw),
        }
        has_p = any(one.effect and one.effect.ais_p is not None for one in figures.sides.values())
        if has_p and not is_short:
            cells["AIS_p"] = lambda side, one: _effect(side, one, AIS_P, draw)
        if figures.until is None:
            cells["McNemar"] = lambda side, one: _mcnemar(one)
        else:
            cells[f"> {number(figures.until)}"] = lambda side, one: _settled(side, one, figures)
        cells["flips"] = lambda side, one: _flips(one, marks)
    if figures.empirical is not None and figures.empirical.masks > 1:
        cells["random p"] = lambda side, one: _random_p(side, figures.empirical)
    if figures.quality is not None:
        cells["language"] = lambda side, one: _language(side, figures.quality)
    return rows + [
        (label, [cell(side, one) for side, one in figures.sides.items()]) for label, cell in cells.items()
    ]


@dataclass(frozen=True)
class _Drawing:
    """How intervals are drawn."""

    marks: Marks
    cells: int
    """Columns of a bar; 0 for none."""
    is_aligned: bool
    """Whether there is room to bring the points of numbers below each other."""

    def bar(self, side: Side, ends: tuple[float, float, float], scale: tuple[float, float]) -> list[Piece]:
        """The bar of an interval."""
        if not self.cells or not all(map(math.isfinite, ends)):
            return []
        before, line, behind = interval_bar(ends, scale, self.cells, self.marks)
        return [(before, "dim"), (line, f"${COLOURS[side]}"), (behind, "dim")]

    def estimate(self, text: str) -> str:
        """A number with its point in the same column as that of others: ` .967`, `1.000`, `-.05`."""
        aligned = " " * (1 - text.index(".")) + text if self.is_aligned else text
        return f"{aligned:<{ESTIMATE_WIDTH if self.cells else 0}} "

    def interval(self, low: float, high: float) -> str:
        """An interval in words, as wide as others if a bar follows."""
        return interval(low, high).ljust(INTERVAL_WIDTH if self.cells else 0)


def _accuracy(side: Side, one: SideFigures, figures: Figures, lacking: str, draw: _Drawing) -> list[Piece]:
    if one.accuracy is None:
        return [(f"{draw.marks.lacking} {lacking}", "")]
    found = one.accuracy
    if figures.is_stopped(side):
        return [(draw.estimate(share(found.score)), PLAIN)]
    settled = is_settled(found.low, found.high)
    return [
        (draw.estimate(share(found.score)), STRONG if settled else WEAK),
        (draw.interval(found.low, found.high).replace("1.00]", "1]  "), PLAIN if settled else WEAK),
        *draw.bar(side, (found.low, found.score, found.high), ACCURACY_SCALE),
    ]


def _items(side: Side, one: SideFigures, figures: Figures) -> list[Piece]:
    if one.accuracy is None:
        return []
    if one.accuracy.n < figures.n and side not in figures.stored:
        return [(f"{one.accuracy.n:,} of {figures.n:,}", PLAIN)]
    return [(f"n {one.accuracy.n:,}", PLAIN)]


def _mcnemar(one: SideFigures) -> list[Piece]:
    return [(f"p {probability(one.effect.p_value)}", PLAIN)] if one.effect else []


def _settled(side: Side, one: SideFigures, figures: Figures) -> list[Piece]:
    """Whether it is settled that the effect is above the least AIS of interest."""
    if one.effect is None:
        return []
    is_over = side in figures.stored
    return [(settled_words(one.effect, is_over=is_over), STRONG if is_over else WEAK)]


def _chance(figures: Figures) -> list[Piece]:
    return [] if figures.chance is None else [(f"chance {number(figures.chance)}", PLAIN)]


def _effect(side: Side, one: SideFigures, measure: Measure, draw: _Drawing) -> list[Piece]:
    if one.effect is None:
        return []
    bounds = measure.bounds(one.effect)
    if bounds is None:
        return [(ais_with_interval(one.effect, measure), WEAK)]
    low, ais, high = bounds
    # Without a flip the bootstrap interval has no width: the accuracy's shows how few items these are.
    has_items = one.accuracy is not None and is_settled(one.accuracy.low, one.accuracy.high)
    is_clear = has_items and is_settled(low, high)
    if one.effect.until is not None:
        is_clear = settled_link(one.effect) is not None
    style = STRONG if is_clear else WEAK
    words = (draw.estimate(number(ais)), style), (draw.interval(low, high), style)
    return [*words, *draw.bar(side, (low, ais, high), AIS_SCALE)]


def _random_p(side: Side, found: EmpiricalP | None) -> list[Piece]:
    """How often random masks go as far as the lens's."""
    if side != "ablated" or found is None:
        return []
    return [(f"p {probability(found.p_value)} ({found.masks} masks)", PLAIN)]


def _language(side: Side, quality: GenerationQuality | None) -> list[Piece]:
    """Perplexity on neutral texts, and the larger share of continuations that went wrong."""
    if quality is None or side == "control":
        return []
    if side == "base":
        return (
            [] if quality.base_perplexity is None else [(f"perplexity {quality.base_perplexity:.3g}", PLAIN)]
        )
    repeating, unreadable = quality.repeating.score, quality.unreadable.score
    share, goes_wrong = max((unreadable, "garbled"), (repeating, "repeat"))
    style = PLAIN if quality.is_acceptable else "bold $warning"
    return [(f"{times_text(quality.times)} {100 * share:.0f} % {goes_wrong}", style)]


def _flips(one: SideFigures, marks: Marks) -> list[Piece]:
    if one.effect is None:
        return []
    return [
        (f"{marks.right}{marks.becomes}{marks.wrong} {one.broken:,}", "$error"),
        ("  ", ""),
        (f"{marks.wrong}{marks.becomes}{marks.right} {one.fixed:,}", "$success"),
    ]
