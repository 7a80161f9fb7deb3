"""The tags of a benchmark's items, to choose one from; each is tried as the cursor comes to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList

from tui.inspector.look.safe_text import safe_line


class TagList(OptionList):
    """All tags with their numbers of items; hidden until it is asked for."""

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
        """A tag is under the cursor; None stands for all."""

        def __init__(self, tag: str | None) -> None:
            super().__init__()
            self.tag = tag

    def __init__(self) -> None:
        super().__init__(markup=False, compact=True)
        self._tags: list[str | None] = [None]

    def open(self, tags: Mapping[str, int], chosen: str | None) -> None:
        """Shows the tags and takes the focus."""
        self._tags = [None, *tags]
        lines = [f"all tags  {sum(tags.values()):,}"]
        lines += [f"{safe_line(tag) or 'none'}  {count:,}" for tag, count in tags.items()]
        self.set_options([Text(line, no_wrap=True, overflow="ellipsis") for line in lines])
        self.highlighted = self._tags.index(chosen)
        self.add_class("-shown")
        self.focus()

    def close(self) -> None:
        """Hides the tags."""
        self.remove_class("-shown")

    @property
    def is_open(self) -> bool:
        """Whether the tags are shown."""
        return self.has_class("-shown")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Tried(self._tags[event.option_index]))
