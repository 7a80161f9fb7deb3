"""Widgets of the tab Run: the table of figures, the list of items, and lines of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.inspector.ais.cell_text import ais_with_interval
from tui.inspector.look.marks import Marks
from tui.inspector.look.text import fitted
from tui.inspector.run.figures import SIDE_WORDS, Figures, ItemLine, Listing, Side, SideFigures, is_settled
from tui.inspector.run.line_plot import ASCII_SIGNS, COLOURS, SIGNS
from tui.inspector.widgets.option_table import letter_of
from tui.numbers import interval, number, probability, share
from tui.result_words import times_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.statistics.significance import EmpiricalP
    from tui.inspector.look.marks import Marks

LABEL_WIDTH = 9

WIDEST_COLUMN = 30
"""Most columns of one side: farther apart, figures are hard to compare."""

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
        table = figures_rows(self._figures, self._lacking, self._marks)
        width = min(WIDEST_COLUMN, (self.size.width - LABEL_WIDTH) // 3)
        lines = [self._line(label, pieces, width) for label, pieces in table]
        lines += [Content()] * (self._fewest_rows - len(lines))
        # Laying out the whole screen takes too long to be done for every change.
        self.update(Content("\n").join(lines), layout=len(lines) != self.size.height)

    def _line(self, label: str, pieces: Sequence[Sequence[Piece]], width: int) -> Content:
        line = Content(fitted(label, LABEL_WIDTH, self._marks.cut))
        for cell in pieces:
            text = Content.assemble(*cell)
            line += text + Content(" " * max(0, width - text.cell_length))
        return line


def figures_rows(figures: Figures, lacking: str, marks: Marks) -> list[tuple[str, list[list[Piece]]]]:
    """The rows of the table: a label, and pieces of text for each side."""
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
    if figures.empirical is not None and figures.empirical.masks > 1:
        cells["random p"] = lambda side, one: _random_p(side, figures.empirical)
    if figures.quality is not None:
        cells["language"] = lambda side, one: _language(side, figures.quality)
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
    # Without a flip the bootstrap interval has no width: the accuracy's shows how few items these are.
    has_items = one.accuracy is not None and is_settled(one.accuracy.low, one.accuracy.high)
    settled = has_items and low is not None and high is not None and is_settled(low, high)
    return [(ais_with_interval(one.effect), STRONG if settled else WEAK)]


def _random_p(side: Side, found: EmpiricalP | None) -> list[Piece]:
    """How often random masks go as far as the lens's."""
    if side != "ablated" or found is None:
        return []
    return [(f"p {probability(found.p_value)} of {found.masks}", PLAIN)]


def _language(side: Side, quality: GenerationQuality | None) -> list[Piece]:
    """Perplexity on neutral texts, and the larger share of continuations that went wrong."""
    if quality is None or side == "control":
        return []
    if side == "base":
        return (
            [] if quality.base_perplexity is None else [(f"perplexity {quality.base_perplexity:.3g}", PLAIN)]
        )
    repeating, unreadable = quality.repeating.score, quality.unreadable.score
    worse = f"{repeating:.0%} repeat" if repeating > unreadable else f"{unreadable:.0%} unread"
    style = PLAIN if quality.is_acceptable else "bold $warning"
    return [(f"{times_text(quality.times)} {worse}", style)]


def _flips(one: SideFigures, marks: Marks) -> list[Piece]:
    if one.effect is None:
        return []
    return [
        (f"{marks.right}{marks.becomes}{marks.wrong} {one.broken:,}", "$error"),
        ("  ", ""),
        (f"{marks.wrong}{marks.becomes}{marks.right} {one.fixed:,}", "$success"),
    ]


WIDE = 100
"""Columns from which options show their words beside their letters."""

LETTER_WIDTH, WORDS_WIDTH = 8, 14
"""Columns of one option: its letter alone, and with words."""

SHORT_WORDS: dict[Side, str] = {"base": "base", "ablated": "ablated", "control": "random"}


class Ticker(Widget):
    """A heading and as many items as fit: the last of a live run, else the first."""

    DEFAULT_CSS = """
    Ticker { height: 1fr; width: 1fr; color: $text-muted; }
    """

    def __init__(self, marks: Marks, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self._marks = marks
        self._listing: Listing | None = None
        self._n = 0

    def show(self, listing: Listing | None, n: int) -> None:
        """Lists some of n items; None empties the list."""
        if listing is not self._listing:
            self._listing, self._n = listing, n
            self.refresh()

    def render(self) -> Content:
        listing = self._listing
        if listing is None or not self.size.height:
            return Content("")
        room = self.size.height - 1
        shown = listing.lines[len(listing.lines) - room :] if listing.kind == "arrived" else listing.lines
        lines = [self._line(line, listing.side) for line in shown[:room]]
        return Content("\n").join([self._heading(listing), *lines])

    @property
    def _option_width(self) -> int:
        return WORDS_WIDTH if self.size.width >= WIDE else LETTER_WIDTH

    def _heading(self, listing: Listing) -> Content:
        columns = []
        if _has_options(listing):
            columns = ["gold", "base", *([] if listing.side == "base" else [SHORT_WORDS[listing.side]])]
        tail = "".join(f"{column:<{self._option_width}}" for column in columns)
        room = max(0, self.size.width - len(tail) - 1)
        return Content(f"{fitted(self._title(listing), room, self._marks.cut)} {tail}")

    def _title(self, listing: Listing) -> str:
        side = SIDE_WORDS[listing.side]
        if listing.kind == "arrived":
            return f"{side}, as items arrive"
        if listing.kind == "wrong":
            return f"{side} wrong: {listing.total:,} of {self._n:,}"
        return f"flipped: {listing.total:,} of {self._n:,}"

    def _line(self, line: ItemLine, side: Side) -> Content:
        columns = [line.gold, line.base, *([] if side == "base" else [line.other])] if line.options else []
        flip = self._flip(line, side)
        number = Content(f"{f'#{line.index}':>{len(str(self._n)) + 1}} ")
        taken = number.cell_length + flip.cell_length + len(columns) * self._option_width
        beginning = fitted(safe_line(line.beginning), max(0, self.size.width - taken - 2), self._marks.cut)
        options = [self._option(line, index) for index in columns]
        return Content("").join([number, flip, Content.styled(f" {beginning} ", "$foreground"), *options])

    def _flip(self, line: ItemLine, side: Side) -> Content:
        """The change of the answer, such as `✓→✗`; for base alone `✓`."""
        if side == "base":
            return self._mark(line.base_right)
        return self._mark(line.base_right) + self._marks.becomes + self._mark(line.other_right)

    def _mark(self, is_right: bool | None) -> Content:
        if is_right is None:
            return Content(self._marks.unknown)
        if is_right:
            return Content.styled(self._marks.right, "$success")
        return Content.styled(self._marks.wrong, "$error")

    def _option(self, line: ItemLine, index: int | None) -> Content:
        """An option's letter, with its words if they fit."""
        width = self._option_width
        if index is None:
            return Content(self._marks.unknown.ljust(width))
        words = ""
        if width >= WORDS_WIDTH and index < len(line.options):
            words = f" {safe_line(line.options[index].strip())}"
        return Content.styled(
            f"{fitted(letter_of(index) + words, width - 1, self._marks.cut)} ", "$foreground"
        )


def _has_options(listing: Listing) -> bool:
    """Whether the listed items have options to choose from; else their answers are written."""
    return any(line.options for line in listing.lines)


class Sentences(Static):
    """Plain text in as many rows as it needs: none if it is empty."""

    DEFAULT_CSS = """
    Sentences { height: auto; width: 1fr; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id, markup=False)
        self.display = False
        self._shown = ("", "")

    def say(self, text: str, style: str = "") -> None:
        """Shows a text in a style; draws nothing if it is the same."""
        if (text, style) == self._shown:
            return
        rows_before = self._rows(self._shown[0])
        self._shown = (text, style)
        self.display = bool(text)
        # Laying out the whole screen takes too long to be done for every change.
        self.update(Content.styled(text, style), layout=self._rows(text) != rows_before)

    def blank(self) -> None:
        """Empties the rows and keeps them: what comes next may need as many, and nothing is laid out anew."""
        self.say("\n".join([" "] * self._rows(self._shown[0])))

    def _rows(self, text: str) -> int:
        width = max(1, self.size.width)
        return sum(1 + max(0, len(line) - 1) // width for line in text.split("\n")) if text else 0
