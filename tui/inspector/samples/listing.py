"""The list of a benchmark's items. It knows their indices; the rows in sight are asked for, and given."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from tui.failure_words import TAG_WORDS
from tui.inspector.look.marks import Marks
from tui.inspector.look.text import fitted, rows_of
from tui.inspector.samples.reading import Listing
from tui.inspector.widgets.option_table import Line, Piece, Role, letter_of
from tui.inspector.widgets.row_list import RowList
from tui.safe_text import safe_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.analysis.answers import Answers
    from core.analysis.failures import Failures
    from core.analysis.samples import Flip, SampleRow, Samples

AHEAD = 60
"""Rows that are asked for above and below those in sight."""

KEPT_ROWS = 4000
"""Rows that are kept at most."""

WIDEST_TAG = 13
ROOMY = 72
"""Columns from which the answers have a column each with a name."""

FAILURE_WIDTH, ROOMY_FAILURE_WIDTH = 16, 24
"""Cells for how an answer fails."""

SHORT = {"ablated": "abl."}
"""Names that are too long for a column of letters."""

Ending = Literal["letters", "failure", "nothing"]
"""The end of a row: the options' letters; how a written answer fails; nothing without an ablated one."""

FLIP_ROLES: dict[Flip, Role] = {
    "broken": "wrong",
    "fixed": "right",
    "right": "plain",
    "wrong": "muted",
    "unknown": "muted",
}
"""The look of a row's mark: what the ablation changed stands out."""


@dataclass(frozen=True)
class ListRow:
    """One item, its texts safe and on one line each."""

    index: int
    mark: str
    """Right or wrong, base and ablated."""
    role: Role
    """The look of the mark."""
    tag: str
    beginning: str
    letters: Line
    """The right option, base's and the ablated model's."""
    failure: Piece
    """The main tag of a written answer."""


@dataclass(frozen=True)
class Columns:
    """Widths in cells."""

    mark: int
    index: int
    tag: int
    beginning: int
    letter: int
    """Width of each of the three letters; 0 where answers are written."""
    failure: int
    """0 where there are letters, or nothing."""

    @classmethod
    def within(cls, width: int, n: int, longest_tag: int, mark: int, ending: Ending) -> Columns:
        """The widths that fit: the beginning of the text takes what the others leave."""
        is_roomy = width >= ROOMY
        letter = 0 if ending != "letters" else 4 if is_roomy else 1
        failure = 0 if ending != "failure" else ROOMY_FAILURE_WIDTH if is_roomy else FAILURE_WIDTH
        end = 3 * (letter + 1) if letter else failure + 1 if failure else 0
        index, tag = len(str(max(0, n - 1))) + 1, min(longest_tag, WIDEST_TAG)
        # A column before everything is for the cursor, one behind it keeps the scrollbar off.
        fixed = 1 + mark + 1 + index + 1 + (tag + 1 if tag else 0) + end + 1
        return cls(mark, index, tag, max(0, width - fixed), letter, failure)

    def heads(self, names: tuple[str, ...], cut: str) -> str:
        """The line above the list; the names are those of whose answers they are."""
        tag = fitted("tag", self.tag, cut) + " " if self.tag else ""
        end = ""
        if self.letter:
            heads = ("gold", *(SHORT.get(name, name) for name in names), SHORT["ablated"])[:3]
            end = "".join(f" {name[: self.letter]:<{self.letter}}" for name in heads)
        elif self.failure:
            end = " " + fitted("how it fails", self.failure, cut)
        return f" {' ' * self.mark} {'#':>{self.index}} {tag}{fitted('item', self.beginning, cut)}{end}"

    def line(self, index: int, row: ListRow | None, cut: str) -> Line:
        """A row in pieces; only its number if no more is known."""
        number = f" {f'#{index}':>{self.index}} "
        if row is None:
            return ((f"{' ' * self.mark}{number}{cut}", "muted"),)
        tag: Line = ((fitted(row.tag, self.tag, cut) + " ", "muted"),) if self.tag else ()
        end: Line = ()
        if self.letter:
            end = tuple((f" {letter:<{self.letter}}", role) for letter, role in row.letters)
        elif self.failure:
            end = ((" " + fitted(row.failure[0], self.failure, cut), row.failure[1]),)
        beginning: Piece = (fitted(row.beginning, self.beginning, cut), "plain")
        return ((fitted(row.mark, self.mark, cut), row.role), (number, "muted"), *tag, beginning, *end)


def list_rows(
    samples: Samples, indices: Sequence[int], marks: Marks, has_both: bool, failures: Failures | None
) -> list[ListRow]:
    """The rows of some items; reads from the cache, so it is called in a thread."""
    import numpy as np

    rows = samples.rows(np.array(indices, np.int64))
    return [_list_row(samples, row, marks, has_both, failures) for row in rows]


def _list_row(
    samples: Samples, row: SampleRow, marks: Marks, has_both: bool, failures: Failures | None
) -> ListRow:
    base = _correct(samples.base_answers, row.index)
    signs = {True: marks.right, False: marks.wrong, None: marks.unknown}
    mark = signs[base]
    if has_both:
        mark += marks.becomes + signs[_correct(samples.ablated_answers, row.index)]
    letters: Line = (
        ("" if row.gold is None else letter_of(row.gold), "plain"),
        *(_letter(option, row.gold) for option in (row.base, row.ablated)),
    )
    role = FLIP_ROLES[row.flip] if has_both else "right" if base else "wrong"
    failure = _failure(failures, row.index)
    return ListRow(row.index, mark, role, safe_line(row.family), safe_line(row.beginning), letters, failure)


def _correct(answers: Answers | None, index: int) -> bool | None:
    """Whether an item was answered right; None if it was not answered."""
    return bool(answers.correct[index]) if answers is not None and answers.known[index] else None


def _letter(option: int | None, gold: int | None) -> Piece:
    return ("", "muted") if option is None else (letter_of(option), "right" if option == gold else "wrong")


def _failure(failures: Failures | None, index: int) -> Piece:
    """The main tag, in words."""
    from core.analysis.diagnosis import PRIORITY

    if failures is None or failures.main[index] < 0:
        return "", "muted"
    name = PRIORITY[failures.main[index]]
    return TAG_WORDS[name], "wrong"


class ListHead(Widget):
    """The names of the list's columns."""

    DEFAULT_CSS = """
    ListHead { height: 1; display: none; color: $text-muted; text-style: bold; }
    """

    def __init__(self, rows: SampleList) -> None:
        super().__init__()
        self._rows = rows

    def render(self) -> Text:
        return Text(self._rows.head, no_wrap=True, overflow="crop")


class SampleList(RowList):
    """The listed items; as fast with a hundred thousand as with ten."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", id="samples.down", show=False, tooltip="Next item"),
        Binding("up,k", "move(-1)", "up", id="samples.up", show=False, tooltip="Previous item"),
        Binding("pagedown,space", "page(1)", "page", id="samples.page_down", show=False, tooltip="A page on"),
        Binding("pageup", "page(-1)", "page", id="samples.page_up", show=False, tooltip="A page back"),
        Binding("g,home", "edge(0)", "first", id="samples.first", show=False, tooltip="First item"),
        Binding("G,end", "edge(1)", "last", id="samples.last", show=False, tooltip="Last item"),
        Binding("enter", "open", "open", id="samples.open", tooltip="Open the item"),
        Binding("l,right", "open", "open", id="samples.open_right", show=False, tooltip="Open the item"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"samples--{look}" for look in ("row", "cursor", "muted", "right", "wrong")
    }

    DEFAULT_CSS = """
    SampleList .samples--cursor { background: $panel; text-style: bold; }
    SampleList:focus .samples--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    SampleList .samples--muted { color: $text-muted; }
    SampleList .samples--right { color: $text-success; }
    SampleList .samples--wrong { color: $text-error; }
    """

    class RowsWanted(Message):
        """These items are in sight, or nearly, and their rows not known."""

        def __init__(self, indices: Sequence[int]) -> None:
            super().__init__()
            self.indices = indices

    class Moved(Message):
        """The cursor is on another item, or on none."""

    class Opened(Message):
        """The item under the cursor is to be shown."""

    def __init__(self, marks: Marks, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        self._marks = marks
        self._indices: Sequence[int] | NDArray[np.int64] = ()
        self._n, self._longest_tag, self._mark_width = 0, 0, 3
        self._ending: Ending = "letters"
        self._names: tuple[str, ...] = ("base", "ablated")
        self._rows: dict[int, ListRow] = {}
        self._is_asking = False
        self._sentence = "Reading what is stored."

    def allow_focus(self) -> bool:
        """False while the item replaces the list."""
        return super().allow_focus() and self.display

    @property
    def index(self) -> int | None:
        """The item under the cursor; None if the list is empty."""
        return int(self._indices[self.cursor]) if len(self._indices) else None

    @property
    def position(self) -> tuple[int, int]:
        """The cursor's row, from 1, and the number of rows; (0, 0) if there are none."""
        return (self.cursor + 1 if self.row_count else 0), self.row_count

    @property
    def head(self) -> str:
        """The names of the columns."""
        return self._columns(self.scrollable_content_region.width).heads(self._names, self._marks.cut)

    def show(self, listing: Listing | None, names: tuple[str, ...], sentence: str) -> None:
        """Lists other items, or the same with other answers; the cursor stays on its item if it is there.

        Names: `Question.names`. Without a listing, or an item in it, the sentence is shown.
        """
        self._names = names
        index, above = self.index, self.cursor - self.scroll_offset.y
        self._indices, self._sentence = () if listing is None else listing.indices, sentence
        if listing is not None:
            samples = listing.samples
            self._n, self._longest_tag = samples.n, max(map(len, samples.tags), default=0)
            self._mark_width = 2 + len(self._marks.becomes) if len(names) > 1 else 1
            has_letters = len(samples.items.gold) and (samples.items.gold >= 0).any()
            self._ending = "letters" if has_letters else "failure" if len(names) > 1 else "nothing"
        self._is_asking = False
        self.set_rows(len(self._indices), 0 if index is None else bisect_left(self._indices, index))
        self.scroll_to(y=self.cursor - above, animate=False, immediate=True, force=True)
        self.bring_into_sight()
        self.refresh()
        self.post_message(self.Moved())

    def forget(self) -> None:
        """Forgets the known rows, as when their answers have changed."""
        self._rows.clear()
        self._is_asking = False
        self.refresh()

    def give(self, rows: Sequence[ListRow]) -> None:
        """Takes rows that were asked for."""
        self._is_asking = False
        if len(self._rows) > KEPT_ROWS:
            self._rows.clear()
        self._rows.update((row.index, row) for row in rows)
        self.refresh()
        self._ask()

    def go_to(self, index: int) -> None:
        """Moves the cursor to an item, or else to the next that is listed."""
        self.move_to(bisect_left(self._indices, index))

    def cursor_moved(self) -> None:
        self.post_message(self.Moved())

    def action_open(self) -> None:
        if self.row_count:
            self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        if event.chain > 1 and event.y + self.scroll_offset.y == self.cursor:
            self.action_open()

    def draw_row(self, row: int, width: int) -> Iterable[Segment]:
        index, is_cursor = int(self._indices[row]), row == self.cursor
        known = self._rows.get(index)
        if known is None:
            self._ask()
        # A component's style is kept by Textual, a widget's own is worked out anew each time.
        base = self.get_component_rich_style("samples--cursor" if is_cursor else "samples--row")
        yield Segment(self._marks.chosen if is_cursor else " ", base)
        for text, role in self._columns(width).line(index, known, self._marks.cut):
            # On the cursor's background only its own colour can be read for sure.
            is_bare = is_cursor or role == "plain"
            yield Segment(text, base if is_bare else self.get_component_rich_style(f"samples--{role}"))

    def draw_empty(self, line: int, width: int) -> Iterable[Segment]:
        rows = rows_of(self._sentence, width)
        if line < len(rows):
            style = self.get_component_rich_style("samples--row")
            yield Segment(self._sentence[slice(*rows[line])], style)

    def _columns(self, width: int) -> Columns:
        return Columns.within(width, self._n, self._longest_tag, self._mark_width, self._ending)

    def _ask(self) -> None:
        """Asks for the unknown rows in sight and around, once at a time."""
        if self._is_asking:
            return
        top = self.scroll_offset.y
        near = self._indices[max(0, top - AHEAD) : top + self.size.height + AHEAD]
        if wanted := [int(index) for index in near if int(index) not in self._rows]:
            self._is_asking = True
            self.post_message(self.RowsWanted(wanted))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Asks for what comes into sight next before it does."""
        super().watch_scroll_y(old_value, new_value)
        self._ask()
