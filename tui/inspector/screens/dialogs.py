"""Dialogs that ask for one of several things, or for a number."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.markup import escape
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option as Row

from tui.inspector.look.marks import UNICODE, Marks
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

FRAME_CSS = """
    {name} {{ align: center middle; }}
    {name} #frame {{
        width: 94%; max-width: 100; height: auto; max-height: 90%; background: $surface;
        border: round $accent; padding: 0 1;
        border-title-color: $accent; border-title-style: bold; border-subtitle-color: $foreground;
    }}
    .-ascii {name} #frame {{ border: ascii $accent; }}
    {name} Input {{ height: 1; border: none; padding: 0; background: $panel; }}
    {name} .problem {{ height: auto; color: $error; }}
"""
"""The style of a dialog, by class name; not scoped, because of the app's own class `-ascii`."""


LIST_HINT = "/ filter   enter choose   esc back"


@dataclass(frozen=True)
class Option:
    """One thing to choose."""

    id: str
    label: str
    note: str = ""
    """What it is, or what it does."""
    is_stored: bool | None = None
    """Whether the cache has its results; None where that does not apply, or is not known."""
    also: str = ""
    """What else finds it in a filter."""
    group: str = ""
    """What kind of thing it is: the heading above the first of each kind."""


class Choose(ModalScreen[str | None]):
    """A list to choose from, with a filter; gives the chosen id or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="choose.back", tooltip="Choose nothing"),
        Binding("slash", "filter", "filter", id="choose.filter", tooltip="Filter the list"),
        Binding("down,j", "move(1)", "down", id="choose.down", show=False, tooltip="Next"),
        Binding("up,k", "move(-1)", "up", id="choose.up", show=False, tooltip="Previous"),
        Binding("g", "end(-1)", "first", id="choose.first", show=False, tooltip="First"),
        Binding("G", "end(1)", "last", id="choose.last", show=False, tooltip="Last"),
    ]

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = f"""
    {FRAME_CSS.format(name="Choose")}
    Choose OptionList {{
        height: auto; max-height: 100%; border: none; padding: 0; background: $surface;
        scrollbar-size-vertical: 1; text-wrap: nowrap; text-overflow: ellipsis;
    }}
    .-ascii Choose OptionList {{ text-overflow: clip; }}
    Choose OptionList:focus {{ border: none; }}
    Choose Input {{ display: none; }}
    Choose Input.-shown {{ display: block; }}
    Choose #note {{ dock: bottom; height: 2; color: $text-muted; margin-top: 1; }}
    """

    def __init__(
        self,
        title: str,
        options: Sequence[Option],
        current: str | None = None,
        marks: Marks = UNICODE,
        *,
        also: Collection[str] = (),
    ) -> None:
        """A list with its cursor at the current choice; `also` are those of further groups."""
        super().__init__()
        self._heading, self._choices, self._marks = title, list(options), marks
        self._current, self._chosen = current, {current, *also}
        self._has_stored = any(option.is_stored is not None for option in options)
        self._found: dict[int, Option] = {}
        """By their rows in the list; the other rows are headings."""

    def compose(self) -> ComposeResult:
        with Vertical(id="frame") as frame:
            frame.border_title = escape(self._heading)
            frame.border_subtitle = LIST_HINT
            yield Input(placeholder="type to filter", compact=True, select_on_focus=False)
            yield OptionList(markup=False)
            yield Static(id="note", markup=False)

    def on_mount(self) -> None:
        self._fill("")
        self._list.highlighted = next(
            (row for row, option in self._found.items() if option.id == self._current), self._list.highlighted
        )
        self._list.focus()

    @property
    def _list(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    def _fill(self, filtered_by: str) -> None:
        words = filtered_by.casefold().split()
        width = max((len(option.label) for option in self._choices), default=0)
        rows: list[Row] = []
        group, self._found = "", {}
        for option in (one for one in self._choices if _has(one, words)):
            if option.group != group:
                group = option.group
                rows.append(Row(Text(group, style="dim"), disabled=True))
            self._found[len(rows)] = option
            rows.append(Row(self._row(option, width)))
        self._list.clear_options()
        self._list.add_options(rows)
        self._list.highlighted = next(iter(self._found), None)
        if not self._found:
            self.query_one("#note", Static).update("No match.")

    def _row(self, option: Option, width: int) -> Text:
        marks = self._marks
        row = Text(no_wrap=True, overflow="ellipsis")
        row.append(f"{marks.chosen if option.id in self._chosen else ' '} ")
        if self._has_stored:
            stored = {True: marks.stored, False: marks.lacking, None: " "}
            row.append(f"{stored[option.is_stored]} ")
        row.append(safe_line(option.label).ljust(width), style="bold")
        return row.append(f"  {safe_line(option.note)}") if option.note else row

    def on_key(self, event: events.Key) -> None:
        """Begins a filter with a letter that is no key of the list; letters come here before keys do."""
        letter = event.character
        is_letter = letter is not None and event.is_printable and not letter.isspace()
        if letter and is_letter and self._list.has_focus and event.key not in self.active_bindings:
            event.stop()
            self.action_filter()
            self._input.insert_text_at_cursor(letter)

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(OptionList.OptionHighlighted)
    def _show_note(self, event: OptionList.OptionHighlighted) -> None:
        # The whole note: the list cuts it.
        if event.option_index in self._found:
            self.query_one("#note", Static).update(safe_line(self._found[event.option_index].note))

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _choose(self) -> None:
        row = self._list.highlighted
        if row is not None:
            self.dismiss(self._found[row].id)

    def action_filter(self) -> None:
        """Opens the filter line."""
        self._input.add_class("-shown")
        self._input.focus()

    def action_move(self, step: int) -> None:
        """Moves the cursor, wrapping at the ends."""
        rows, row = list(self._found), self._list.highlighted
        if rows:
            place = -1 if row is None else rows.index(row)
            self._list.highlighted = rows[(place + step) % len(rows)]

    def action_end(self, side: int) -> None:
        """Moves the cursor to the first or last."""
        if self._found:
            self._list.highlighted = list(self._found)[0 if side < 0 else -1]

    def action_back(self) -> None:
        """Closes the filter, or the dialog."""
        if self._input.has_class("-shown"):
            self._input.value = ""
            self._input.remove_class("-shown")
            self._list.focus()
        else:
            self.dismiss(None)


def _has(option: Option, words: list[str]) -> bool:
    text = f"{option.id} {option.label} {option.note} {option.also}".casefold()
    return all(word in text for word in words)


T = TypeVar("T")


class Enter(ModalScreen[T | None], Generic[T]):
    """One line to type a value in, with its problem below; gives the value or None."""

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = FRAME_CSS.format(name="Enter")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="entry.back", tooltip="Enter nothing"),
    ]

    def __init__(self, title: str, hint: str, parse: Callable[[str], T]) -> None:
        """Makes the dialog.

        Args:
            title: what is entered.
            hint: how to write it, in a line or two.
            parse: gives the value of a text, or raises a ValueError whose message is shown.
        """
        super().__init__()
        self._heading, self._hint, self._parse_text = title, hint, parse

    def compose(self) -> ComposeResult:
        with Vertical(id="frame") as frame:
            frame.border_title = escape(self._heading)
            frame.border_subtitle = "enter accepts   esc back"
            yield Static(self._hint, markup=False)
            yield Input(compact=True)
            yield Static("", classes="problem", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        try:
            found = self._parse_text(event.value)
        except ValueError as error:
            self.query_one(".problem", Static).update(safe_line(str(error)))
        else:
            self.dismiss(found)

    def action_back(self) -> None:
        """Closes the dialog."""
        self.dismiss(None)
