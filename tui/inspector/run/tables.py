"""Widgets of the tab Run: the list of items, and lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.inspector.look.frames import has_frames, ruled, titled
from tui.inspector.look.marks import Marks
from tui.inspector.look.text import fitted, own_words
from tui.inspector.run.figures import SIDE_WORDS, ItemLine, Listing, Side
from tui.inspector.widgets.option_table import letter_of
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from tui.inspector.look.marks import Marks

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
        titled(self, "items")
        self._marks = marks
        self._listing: Listing | None = None
        self._n = 0

    def show(self, listing: Listing | None, n: int) -> None:
        """Lists some of n items; None empties the list."""
        if listing is not self._listing:
            self._listing, self._n = listing, n
            titled(self, self._title(listing) if listing else "items")
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
        if has_frames(self):
            return Content(f"{'':{room}} {tail}")
        title = self._title(listing)
        if len(title) > room:
            return Content(f"{fitted(title, room, self._marks.cut)} {tail}")
        return ruled(Content(title), room, self._marks.dash) + f" {tail}"

    def _title(self, listing: Listing) -> str:
        side = SIDE_WORDS[listing.side]
        if listing.kind == "arrived":
            return f"{side}, as items arrive"
        if listing.kind == "wrong":
            return f"{side} wrong: {listing.total:,} of {listing.answered:,}"
        return f"flipped: {listing.total:,} of {listing.answered:,}"

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
            words = f" {safe_line(own_words(line.options, index))}"
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
