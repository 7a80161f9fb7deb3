"""The items as they come, or those that flipped: one line each."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from tui.inspector.look.marks import Marks
from tui.inspector.look.safe_text import safe_line
from tui.inspector.look.text_rows import fitted
from tui.inspector.run.figures import SIDE_WORDS, ItemLine, Listing, Side
from tui.inspector.widgets.option_table import letter_of

WIDE = 100
"""Columns from which options have room for their words beside their letters."""

LETTER_WIDTH, WORDS_WIDTH = 8, 14
"""Columns of one option, by its letter alone and with words."""

SHORT_WORDS: dict[Side, str] = {"base": "base", "ablated": "ablated", "control": "random"}


class Ticker(Widget):
    """A heading and as many items as there is room for: of a run that goes on the last, else the first."""

    DEFAULT_CSS = """
    Ticker { height: 1fr; width: 1fr; color: $text-muted; }
    """

    def __init__(self, marks: Marks, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self._marks = marks
        self._listing: Listing | None = None
        self._n = 0

    def show(self, listing: Listing | None, n: int) -> None:
        """Lists other items.

        Args:
            listing: which; None for nothing at all.
            n: of how many.
        """
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
        columns = ["gold", "base"]
        if listing.side != "base":
            columns.append(SHORT_WORDS[listing.side])
        tail = "".join(f"{column:<{self._option_width}}" for column in columns)
        room = max(0, self.size.width - len(tail) - 1)
        return Content(f"{fitted(self._told(listing), room, self._marks.cut)} {tail}")

    def _told(self, listing: Listing) -> str:
        """What is listed, in words."""
        side = SIDE_WORDS[listing.side]
        if listing.kind == "arrived":
            return f"{side}, as the items come"
        if listing.kind == "wrong":
            return f"{side} wrong: {listing.total:,} of {self._n:,}"
        return f"flipped: {listing.total:,} of {self._n:,}"

    def _line(self, line: ItemLine, side: Side) -> Content:
        columns = [line.gold, line.base, *([] if side == "base" else [line.other])]
        flip = self._flip(line, side)
        place = Content(f"{f'#{line.place}':>{len(str(self._n)) + 1}} ")
        taken = place.cell_length + flip.cell_length + len(columns) * self._option_width
        beginning = fitted(safe_line(line.beginning), max(0, self.size.width - taken - 2), self._marks.cut)
        options = [self._option(line, index) for index in columns]
        return Content("").join([place, flip, Content.styled(f" {beginning} ", "$foreground"), *options])

    def _flip(self, line: ItemLine, side: Side) -> Content:
        """What became of the answer: `✓→✗`; of base alone `✓`."""
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
        """An option's letter, with its words if there is room."""
        width = self._option_width
        if index is None:
            return Content(self._marks.unknown.ljust(width))
        words = ""
        if width >= WORDS_WIDTH and index < len(line.options):
            words = f" {safe_line(line.options[index].strip())}"
        return Content.styled(
            f"{fitted(letter_of(index) + words, width - 1, self._marks.cut)} ", "$foreground"
        )
