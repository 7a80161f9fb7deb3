"""What stands above the list of items: what is said of all, and the means to list fewer of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, OptionList, Static

from tui.inspector.samples.reading import Choice
from tui.inspector.samples.summary import FILTER_WORDS
from tui.inspector.samples.tag_list import Kind, TagList

if TYPE_CHECKING:
    from rich.text import Text
    from textual.app import ComposeResult

    from core.analysis.diagnosis.failure_modes import TagName

TYPING_S = 0.15
"""How long typing has to rest before it is searched for."""


class SampleChooser(Vertical):
    """Filter, tag and search; the last two take the focus while they are open."""

    DEFAULT_CSS = """
    SampleChooser { dock: top; height: auto; }
    SampleChooser Static { height: auto; display: none; }
    SampleChooser Static.-shown { display: block; }
    SampleChooser Input { display: none; height: 1; }
    SampleChooser Input.-shown { display: block; }
    """

    class Chosen(Message):
        """Other items are to be listed."""

    class Left(Message):
        """The focus is not needed any more."""

    def __init__(self) -> None:
        super().__init__()
        self.choice = Choice()
        """What a person chose last."""
        self._kind_before = Kind()

    def compose(self) -> ComposeResult:
        yield Static(markup=False)
        yield Input(placeholder="in prompt, options and id", compact=True)
        yield TagList()

    def say(self, summary: Text | None) -> None:
        """Shows what is said of all items; None for nothing."""
        line = self.query_one(Static)
        line.set_class(summary is not None, "-shown")
        line.update("" if summary is None else summary)

    def step_filter(self, step: int) -> None:
        """Chooses the next filter (1), or the one before (-1)."""
        names = list(FILTER_WORDS)
        name = names[(names.index(self.choice.filter) + step) % len(names)]
        self._choose(replace(self.choice, filter=name))

    def toggle_tags(self, failures: Mapping[TagName, int], tags: Mapping[str, int], chosen: Kind) -> None:
        """Opens the list of failures and tags, or closes it with what is under its cursor.

        Args:
            failures: all that there are, with their numbers of items.
            tags: the same.
            chosen: where the cursor begins.
        """
        if self._tags.is_open:
            self._close_tags()
        else:
            self._kind_before = Kind(self.choice.failure, self.choice.tag)
            self._tags.open(failures, tags, chosen)

    def open_search(self) -> None:
        """Lets one type what to search for."""
        self._search.add_class("-shown")
        self._search.focus()

    @property
    def is_open(self) -> bool:
        """Whether there are tags or a search to put away."""
        return self._tags.is_open or self._search.has_class("-shown")

    def put_away(self) -> None:
        """Takes back what is tried of the tags, or else the search."""
        if self._tags.is_open:
            self._choose_kind(self._kind_before)
            self._close_tags()
        else:
            self._search.value = ""
            self._search.remove_class("-shown")
            self._choose(replace(self.choice, search=""))
            self.post_message(self.Left())

    def on_tag_list_tried(self, message: TagList.Tried) -> None:
        self._choose_kind(message.kind)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._close_tags()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        text = event.value
        self.set_timer(TYPING_S, lambda: self._search_for(text))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._search_for(event.value)
        self.post_message(self.Left())

    def _search_for(self, text: str) -> None:
        """Searches, unless something else was typed meanwhile."""
        if text == self._search.value:
            self._choose(replace(self.choice, search=text))

    def _choose_kind(self, kind: Kind) -> None:
        self._choose(replace(self.choice, failure=kind.failure, tag=kind.tag))

    def _choose(self, choice: Choice) -> None:
        if choice != self.choice:
            self.choice = choice
            self.post_message(self.Chosen())

    def _close_tags(self) -> None:
        self._tags.close()
        self.post_message(self.Left())

    @property
    def _search(self) -> Input:
        return self.query_one(Input)

    @property
    def _tags(self) -> TagList:
        return self.query_one(TagList)
