"""What stands above the list of items: a summary, and the means to list fewer of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, OptionList, Static

from tui.failure_words import TAG_WORDS
from tui.inspector.samples.reading import Choice
from tui.inspector.samples.summary import FILTER_WORDS
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.diagnosis import TagName

TYPING_S = 0.15
"""How long typing has to pause before a search."""


class TagList(OptionList):
    """All ways of failing and all tags with their numbers of items; the one under the cursor is tried."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "down", id="tags.down", show=False, tooltip="Next tag"),
        Binding("k", "cursor_up", "up", id="tags.up", show=False, tooltip="Previous tag"),
        Binding("g", "first", "first", id="tags.first", show=False, tooltip="All tags"),
        Binding("G", "last", "last", id="tags.last", show=False, tooltip="Last tag"),
    ]

    DEFAULT_CSS = """
    TagList { display: none; max-height: 8; height: auto; border: none; padding: 0; background: $panel; }
    TagList.-shown { display: block; }
    """

    class Tried(Message):
        """A line is under the cursor."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice
            """Failure or tag, or neither."""

    def __init__(self) -> None:
        super().__init__(markup=False, compact=True)
        self._choices = [Choice()]

    def open(self, failures: Mapping[TagName, int], tags: Mapping[str, int], chosen: Choice) -> None:
        """Shows failures and tags, the cursor on the chosen one, and takes the focus."""
        self._choices = [Choice(), *(Choice(failure=name) for name in failures)]
        self._choices += [Choice(tag=tag) for tag in tags]
        lines = [f"all tags  {sum(tags.values()):,}"]
        for name, count in failures.items():
            lines.append(f"fails: {TAG_WORDS[name]}  {count:,}")
        prefix = "tag: " if failures else ""
        lines += [f"{prefix}{safe_line(tag) or 'none'}  {count:,}" for tag, count in tags.items()]
        self.set_options([Text(line, no_wrap=True, overflow="ellipsis") for line in lines])
        self.highlighted = self._choices.index(Choice(tag=chosen.tag, failure=chosen.failure))
        self.add_class("-shown")
        self.focus()

    @property
    def is_open(self) -> bool:
        """Whether the list is shown."""
        return self.has_class("-shown")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Tried(self._choices[event.option_index]))


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
        """The person's last choice."""
        self._before = Choice()
        """The choice before the list of tags was opened."""
        self._search = Input(placeholder="in prompt, options and id", compact=True)
        self._tags = TagList()

    def compose(self) -> ComposeResult:
        yield Static(markup=False)
        yield self._search
        yield self._tags

    @property
    def room(self) -> int:
        """Columns of the summary: frames leave it fewer than the tab has."""
        return self.content_size.width

    def say(self, summary: Text | None) -> None:
        """Shows a summary of all items; None for nothing."""
        line = self.query_one(Static)
        line.set_class(summary is not None, "-shown")
        line.update(summary or "")

    def step_filter(self, step: int) -> None:
        """Chooses the next filter (1), or the one before (-1)."""
        names = list(FILTER_WORDS)
        name = names[(names.index(self.choice.filter) + step) % len(names)]
        self._choose(replace(self.choice, filter=name))

    def toggle_tags(self, failures: Mapping[TagName, int], tags: Mapping[str, int], chosen: Choice) -> None:
        """Opens the list of failures and tags with their counts, or closes it and keeps the tried one."""
        if self._tags.is_open:
            self._close_tags()
        else:
            self._before = self.choice
            self._tags.open(failures, tags, chosen)

    def open_search(self) -> None:
        """Shows the input for a search."""
        self._search.add_class("-shown")
        self._search.focus()

    @property
    def is_open(self) -> bool:
        """Whether there are tags or a search to put away."""
        return self._tags.is_open or self._search.has_class("-shown")

    def put_away(self) -> None:
        """Takes back the tag that is tried, or else the search."""
        if self._tags.is_open:
            self._choose_kind(self._before)
            self._close_tags()
        else:
            self._search.value = ""
            self._search.remove_class("-shown")
            self._choose(replace(self.choice, search=""))
            self.post_message(self.Left())

    def on_tag_list_tried(self, message: TagList.Tried) -> None:
        self._choose_kind(message.choice)

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

    def _choose_kind(self, kind: Choice) -> None:
        self._choose(replace(self.choice, failure=kind.failure, tag=kind.tag))

    def _choose(self, choice: Choice) -> None:
        if choice != self.choice:
            self.choice = choice
            self.post_message(self.Chosen())

    def _close_tags(self) -> None:
        self._tags.remove_class("-shown")
        self.post_message(self.Left())
