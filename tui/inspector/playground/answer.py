"""One answer of the playground: what it is, how far it is, and the text as it comes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui.inspector.look.frames import CHOSEN, has_frames, ruled, titled
from tui.inspector.look.marks import Marks
from tui.inspector.look.text import Divergence, Span, rows_of
from tui.safe_text import safe_block


@dataclass(frozen=True)
class AnswerView:
    """What an answer shows."""

    label: str
    state: tuple[str, ...]
    """How it compares with base, how far it is or how it ended: what matters most first."""
    text: str
    """What the model wrote, as it came."""
    note: str = ""
    """Shown as long as there is no text."""
    divergence: Divergence | None = None
    """The first word that differs from base."""
    divergence_note: str = ""
    """The first token that differs, and how sure both models were of it; empty if unknown."""


NOTHING = AnswerView("", (), "")


class AnswerHeader(Widget):
    """The line above an answer; two lines where answers stand side by side."""

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    AnswerHeader { height: 1; color: $foreground; }
    Screen.-wide AnswerHeader { height: 2; }
    """

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._marks = marks
        self.view = NOTHING
        self.is_chosen = False

    def render(self) -> Content:
        mark = f"{self._marks.chosen} " if self.is_chosen else ""
        label = Content.styled(f"{mark}{self.view.label}", CHOSEN if self.is_chosen else "bold")
        if has_frames(self):
            return self._state(self.size.width)
        if self.size.height > 1:
            return Content("\n").join([self._ruled(label), self._state(self.size.width)])
        return self._ruled(label + "  " + self._state(self.size.width - label.cell_length - 3))

    def _state(self, room: int) -> Content:
        """As many parts of the state as there is room for."""
        shown = ""
        for part in self.view.state:
            longer = f"{shown} · {part}" if shown else part
            if len(longer) > room:
                break
            shown = longer
        return Content(shown)

    def _ruled(self, content: Content) -> Content:
        return ruled(content, self.size.width, self._marks.dash)


class AnswerText(ScrollView, can_focus=True):
    """The text of an answer, as long as it may be; keys scroll it. Only what is new is laid out."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"answer--first", "answer--after", "answer--note"}
    DEFAULT_CSS = """
    AnswerText { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    AnswerText > .answer--first { color: $text-warning; text-style: reverse; }
    AnswerText > .answer--after { color: $text-warning; }
    AnswerText > .answer--note { text-style: dim; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "Down", show=False, id="answer.down",
                tooltip="Scroll the answer down"),
        Binding("k,up", "scroll_up", "Up", show=False, id="answer.up", tooltip="Scroll the answer up"),
        Binding("g,home", "scroll_home", "Top", show=False, id="answer.top",
                tooltip="The answer's beginning"),
        Binding("G,end", "scroll_end", "End", show=False, id="answer.end", tooltip="The answer's end"),
        Binding("h,left", "neighbour(-1)", "Previous", show=False, id="answer.previous",
                tooltip="The answer before this one"),
        Binding("l,right", "neighbour(1)", "Next", show=False, id="answer.next",
                tooltip="The answer after this one"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._written = ""
        """As it came."""
        self._shown = ""
        """Made safe."""
        self._is_note = False
        self._rows: list[Span] = []
        self._divergence: Divergence | None = None
        self._marked: Span | None = None
        """The first word that differs, in what is shown."""

    def show(self, view: AnswerView) -> None:
        """Shows an answer so far; stays at its end unless a person has scrolled away from there."""
        was_at_end = self.scroll_y >= self.max_scroll_y or not view.text.startswith(self._written)
        self._is_note = not view.text
        self._take(view.text or view.note)
        self._mark(view)
        self.refresh()
        if was_at_end:
            self.scroll_end(animate=False, immediate=True)

    def _take(self, text: str) -> None:
        is_longer = text.startswith(self._written) and not self._written.endswith("\r")
        if is_longer and self._rows:
            self._shown += safe_block(text[len(self._written) :])
        else:
            self._shown, self._rows = safe_block(text), []
        self._written = text
        # More text leaves all rows but the last as they are.
        last = self._rows.pop()[0] if self._rows else 0
        width = max(1, self.scrollable_content_region.width)
        self._rows += [(last + start, last + end) for start, end in rows_of(self._shown[last:], width)]
        self.virtual_size = Size(width, len(self._rows))

    def _mark(self, view: AnswerView) -> None:
        if view.divergence is None:
            self._marked = None
        else:
            start = view.divergence.start
            if self._marked is not None and view.divergence == self._divergence:
                first = self._marked[0]
            else:
                first = len(safe_block(view.text[:start]))
            word = safe_block(view.text[start : _end_of_word(view.text, start)])
            self._marked = (first, first + len(word))
        self._divergence = view.divergence

    def on_resize(self) -> None:
        self._rows = []
        self._take(self._written)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        row, base = y + self.scroll_offset.y, self.rich_style
        if row >= len(self._rows):
            return Strip.blank(self.size.width, base)
        pieces = self._pieces(*self._rows[row])
        segments = [Segment(self._shown[first:last], base + style) for first, last, style in pieces]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _pieces(self, start: int, end: int) -> list[tuple[int, int, Style]]:
        """A row before, in and after the first word that differs; a note as a whole."""
        if self._is_note:
            return [(start, end, self.get_component_rich_style("answer--note", partial=True))]
        first, last = self._marked or (end, end)
        cuts = [start, *(min(max(cut, start), end) for cut in (first, last)), end]
        styles = (
            Style(),
            self.get_component_rich_style("answer--first", partial=True),
            self.get_component_rich_style("answer--after", partial=True),
        )
        return [(a, b, style) for (a, b), style in zip(pairwise(cuts), styles, strict=True) if a < b]

    def action_neighbour(self, step: int) -> None:
        if step > 0:
            self.screen.focus_next(AnswerText)
        else:
            self.screen.focus_previous(AnswerText)


class Answer(Vertical):
    """One of the answers, side by side, or one above the other on a narrow screen.

    The line about the divergence is shown where there is room; on a small screen, only in the chosen answer.
    """

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    Answer { height: 1fr; width: 1fr; }
    Answer.-chosen { height: 2fr; }
    Screen.-wide Answer, Screen.-wide Answer.-chosen { height: 1fr; padding-right: 1; }
    Answer Static {
        display: none; height: 1; color: $text-muted; text-overflow: ellipsis; text-wrap: nowrap;
    }
    Answer.-differs.-chosen Static { display: block; }
    Screen.-tall Answer.-differs Static { display: block; }
    Screen.-wide Answer.-differs Static { display: block; height: auto; max-height: 2; text-wrap: wrap; }
    """

    def __init__(self, marks: Marks, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        titled(self, "")
        self.view = NOTHING
        self._header, self.body = AnswerHeader(marks), AnswerText()

    def compose(self) -> ComposeResult:
        yield self._header
        yield Static(markup=False)
        yield self.body

    def show(self, view: AnswerView) -> None:
        """Shows the answer so far."""
        if view == self.view:
            return
        self._header.view = view
        titled(self, view.label)
        self._header.refresh()
        if self.view.divergence_note != view.divergence_note:
            self.set_class(bool(view.divergence_note), "-differs")
            self.query_one(Static).update(view.divergence_note)
        shown = (self.view.text, self.view.note, self.view.divergence)
        if shown != (view.text, view.note, view.divergence):
            self.body.show(view)
        self.view = view

    def choose(self, is_chosen: bool) -> None:
        """Marks the answer as the one that keys and copying apply to."""
        self.set_class(is_chosen, "-chosen")
        self._header.is_chosen = is_chosen
        self._header.refresh()


def _end_of_word(text: str, start: int) -> int:
    """The end of the word that begins at an index, or after the spaces there."""
    end = start
    while end < len(text) and text[end].isspace():
        end += 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return end
