"""Help for the tab in front: what it shows, its keys, and what the marks mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.markup import escape
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.inspector.look.marks import UNICODE, Marks

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import ActiveBinding

TERM = re.compile(r"(\S.{0,13}?) {2,}(\S.*)")
"""A line such as `enter  opens the cell`."""

WRAPPED_COLUMNS = 60
"""A line of prose of at least this length continues on the next one."""

WRAPPED_ROW_COLUMNS = 80
"""The same for the explanation of a term."""


@dataclass
class Part:
    """A paragraph, or a term and its explanation."""

    term: str
    """Empty for a paragraph."""
    text: str
    begins_block: bool
    """Whether an empty line is before it."""


def parts_of(help_text: str) -> list[Part]:
    """The paragraphs and terms of a help text, each on one line.

    Help texts are wrapped for the source, not for any screen.
    """
    parts: list[Part] = []
    before = ""
    for line in help_text.strip().splitlines():
        if line.strip():
            term = TERM.fullmatch(line)
            if term:
                parts.append(Part(term[1], term[2], not before))
            elif parts and _goes_on(before, line, bool(parts[-1].term)):
                parts[-1].text += f" {line.strip()}"
            else:
                parts.append(Part("", line.strip(), not before))
        before = line.strip()
    return parts


def _goes_on(before: str, line: str, is_row: bool) -> bool:
    """Whether a line continues the one before it."""
    if not before:
        return False
    return line.startswith(" ") or len(before) >= (WRAPPED_ROW_COLUMNS if is_row else WRAPPED_COLUMNS)


KEY_COLUMNS = 12

MARK_MEANINGS: tuple[tuple[str, str], ...] = (
    ("right", "answered right"),
    ("wrong", "answered wrong"),
    ("unknown", "not answered yet"),
    ("becomes", "what base did, and what the ablated model did"),
    ("stored", "in the cache: appears at once"),
    ("lacking", "not computed yet: r runs it"),
    ("chosen", "chosen"),
    ("significant", "a link: the whole interval of AIS_p is above 0.05; of AIS: q < 0.05"),
    ("not_identifiable", "not identifiable: base is not above chance, so a loss cannot be measured"),
    ("collapsed", "the mask takes every benchmark down to chance: it says nothing about one ability"),
    ("up", "better than base"),
    ("down", "worse than base"),
    ("cut", "the text goes on"),
)
"""Fields of Marks, and what they say."""


FOCUS_KEYS = {
    "app.focus_next": "The next part of the screen",
    "app.focus_previous": "The part of the screen before",
}
"""Textual's own keys that are listed too, by action."""


class KeyLine(NamedTuple):
    """An action and its keys."""

    keys: tuple[str, ...]
    what: str
    is_global: bool
    """Whether they work in every tab."""


def key_lines(app: App[object], bindings: Iterable[ActiveBinding]) -> list[KeyLine]:
    """The actions of active bindings, each with all its keys.

    Only the inspector's bindings have ids: those of Textual's widgets are many, and well known.
    """
    found: dict[tuple[str, bool], list[str]] = {}
    for node, binding, enabled, tooltip in bindings:
        what = FOCUS_KEYS.get(binding.action) or (binding.id and (tooltip or binding.description))
        if what and enabled:
            is_global = isinstance(node, App) or binding.action in FOCUS_KEYS
            keys = found.setdefault((what, is_global), [])
            keys.append(app.get_key_display(binding))
    return [KeyLine(tuple(dict.fromkeys(keys)), what, is_global) for (what, is_global), keys in found.items()]


class HelpScreen(ModalScreen[None]):
    """The help; esc, ? or q closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "close", id="help.close", tooltip="Close the help"),
        Binding("down,j", "scroll(1)", "down", id="help.down", show=False, tooltip="A line on"),
        Binding("up,k", "scroll(-1)", "up", id="help.up", show=False, tooltip="A line back"),
        Binding("pagedown,space", "page(1)", "on", id="help.page_down", show=False, tooltip="A page on"),
        Binding("pageup", "page(-1)", "back", id="help.page_up", show=False, tooltip="A page back"),
        Binding("g,home", "top", "top", id="help.top", show=False, tooltip="To the top"),
        Binding("G,end", "bottom", "bottom", id="help.bottom", show=False, tooltip="To the end"),
    ]

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen #help-frame {
        width: 90%; max-width: 92; height: 90%; background: $surface; border: round $accent; padding: 0 1;
        border-title-color: $accent;
        border-title-style: bold; border-subtitle-color: $foreground;
    }
    .-ascii HelpScreen #help-frame { border: ascii $accent; }
    HelpScreen #help-text { height: 1fr; scrollbar-size-vertical: 1; }
    HelpScreen #help-text Static { height: auto; }
    """

    def __init__(
        self, title: str, text: str, bindings: Mapping[str, ActiveBinding], marks: Marks = UNICODE
    ) -> None:
        """Makes the help of one tab: its text, and the `active_bindings` of the screen below."""
        super().__init__()
        self._heading, self._text, self._marks = title, text, marks
        self._active = list(bindings.values())

    def compose(self) -> ComposeResult:
        with Vertical(id="help-frame") as frame:
            frame.border_title = escape(f"Help: {self._heading}")
            frame.border_subtitle = "esc closes, j and k scroll"
            with VerticalScroll(id="help-text", can_focus=False):
                yield Static(self._body())

    def _body(self) -> Group:
        lines = key_lines(self.app, self._active)
        here, everywhere = (
            [(" ".join(line.keys), line.what) for line in lines if line.is_global == is_global]
            for is_global in (False, True)
        )
        marks = [(getattr(self._marks, name), meaning) for name, meaning in MARK_MEANINGS]
        sections = (("Keys here", here), ("Keys everywhere", everywhere), ("Marks", marks))
        parts = [part for heading, rows in sections if rows for part in _section(heading, rows)]
        return Group(*_about(self._text), *parts)

    @property
    def _scroll(self) -> VerticalScroll:
        return self.query_one("#help-text", VerticalScroll)

    def action_scroll(self, step: int) -> None:
        """Scrolls by a line."""
        self._scroll.scroll_relative(y=step, animate=False)

    def action_page(self, step: int) -> None:
        """Scrolls by a page."""
        self._scroll.scroll_relative(y=step * max(1, self._scroll.size.height - 1), animate=False)

    def action_top(self) -> None:
        """Scrolls to the top."""
        self._scroll.scroll_home(animate=False)

    def action_bottom(self) -> None:
        """Scrolls to the end."""
        self._scroll.scroll_end(animate=False)


def _about(help_text: str) -> list[Text | Table]:
    """The tab's own text."""
    shown: list[Text | Table] = []
    for number, part in enumerate(parts_of(help_text)):
        if part.begins_block and number:
            shown.append(Text())
        shown.append(_table([(part.term, part.text)]) if part.term else Text(part.text))
    return shown


def _section(heading: str, rows: list[tuple[str, str]]) -> tuple[Text, Table]:
    return Text(f"\n{heading}", style="bold underline"), _table(rows)


def _table(rows: list[tuple[str, str]]) -> Table:
    """Terms at the left, their meaning at the right."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=KEY_COLUMNS, style="bold")
    table.add_column()
    for left, right in rows:
        table.add_row(Text(left), Text(right))
    return table
