"""What items can be chosen by: how their answers fail, and their tags; each is tried under the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList

from tui.failure_words import TAG_WORDS
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.diagnosis.failure_modes import TagName


class Kind(NamedTuple):
    """Which items: those that fail in one way, or those of one tag; all without either."""

    failure: TagName | None = None
    tag: str | None = None


class TagList(OptionList):
    """All ways of failing and all tags with their numbers of items; hidden until it is asked for."""

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

        def __init__(self, kind: Kind) -> None:
            super().__init__()
            self.kind = kind

    def __init__(self) -> None:
        super().__init__(markup=False, compact=True)
        self._kinds = [Kind()]

    def open(self, failures: Mapping[TagName, int], tags: Mapping[str, int], chosen: Kind) -> None:
        """Shows failures and tags and takes the focus."""
        self._kinds = [Kind(), *(Kind(failure=name) for name in failures), *(Kind(tag=tag) for tag in tags)]
        lines = [f"all tags  {sum(tags.values()):,}", *_failure_lines(failures)]
        kind = "tag: " if failures else ""
        lines += [f"{kind}{safe_line(tag) or 'none'}  {count:,}" for tag, count in tags.items()]
        self.set_options([Text(line, no_wrap=True, overflow="ellipsis") for line in lines])
        self.highlighted = self._kinds.index(chosen)
        self.add_class("-shown")
        self.focus()

    def close(self) -> None:
        """Hides the list."""
        self.remove_class("-shown")

    @property
    def is_open(self) -> bool:
        """Whether the list is shown."""
        return self.has_class("-shown")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Tried(self._kinds[event.option_index]))


def _failure_lines(failures: Mapping[TagName, int]) -> list[str]:
    from core.analysis.diagnosis.failure_modes import FAILURES

    return [
        f"{'fails' if name in FAILURES else 'differs'}: {TAG_WORDS[name]}  {count:,}"
        for name, count in failures.items()
    ]
