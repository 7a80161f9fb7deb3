"""Shows one item: prompt, options, answers. Laid out in a thread; only the lines in sight are drawn."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import ClassVar, get_args

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.worker import WorkType

from tui.inspector.look.frames import titled
from tui.inspector.look.marks import Marks
from tui.inspector.samples.lines import sample_lines
from tui.inspector.samples.reading import Subject
from tui.inspector.widgets.option_table import Line, Role

NARROWEST = 20
"""Columns of the layout at least."""


class SampleView(ScrollView, can_focus=True):
    """One item of a benchmark, to be scrolled through."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_by(1)", "down", id="sample.down", show=False, tooltip="A line on"),
        Binding("up,k", "scroll_by(-1)", "up", id="sample.up", show=False, tooltip="A line back"),
        Binding("pagedown,space", "page(1)", "page", id="sample.page_down", show=False, tooltip="A page on"),
        Binding("pageup", "page(-1)", "page", id="sample.page_up", show=False, tooltip="A page back"),
        Binding("g,home", "edge(0)", "top", id="sample.top", show=False, tooltip="To the top"),
        Binding("G,end", "edge(1)", "end", id="sample.end", show=False, tooltip="To the end"),
        Binding("l,right", "step(1)", "next", id="sample.next", show=False, tooltip="Next item"),
        Binding("h,left", "step(-1)", "previous", id="sample.previous", show=False, tooltip="Previous item"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"sample--{role}" for role in get_args(Role)}

    DEFAULT_CSS = """
    SampleView { overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; scrollbar-size-vertical: 1; }
    SampleView .sample--muted { color: $text-muted; }
    SampleView .sample--heading { text-style: bold; }
    SampleView .sample--right { color: $text-success; text-style: bold; }
    SampleView .sample--wrong { color: $text-error; text-style: bold; }
    SampleView .sample--base { color: $primary; }
    SampleView .sample--ablated { color: $accent; }
    SampleView .sample--control { color: $text-muted; }
    SampleView .sample--divergence { color: $text-warning; text-style: bold reverse; }
    SampleView .sample--after { color: $text-warning; }
    SampleView .sample--evidence { color: $text-error; text-style: underline; }
    SampleView .sample--divergence-evidence { color: $text-error; text-style: bold reverse underline; }
    """

    class Stepped(Message):
        """Another item is asked for: the next (1) or the one before (-1)."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, marks: Marks, *, id: str) -> None:  # noqa: A002 (textual's name)
        super().__init__(id=id)
        titled(self, "item")
        self._marks = marks
        self.subject: Subject | None = None
        """The item that is shown."""
        self._unfolds = False
        """Whether worked examples before the item are shown."""
        self._lines: list[Line] = []
        self._width = 0

    def show(self, subject: Subject | None) -> None:
        """Shows an item from its top, or none; the same item again keeps its scroll position."""
        before, self.subject = self.subject, subject
        titled(self, "item" if subject is None else f"item {subject.sample.index}")
        if subject is None:
            self._take([])
        elif self._width:
            if before is None or before.sample.index != subject.sample.index:
                self.scroll_to(y=0, animate=False, immediate=True)
            self._start_layout(subject)

    def toggle_examples(self) -> None:
        """Shows the worked examples before the item, or folds them; also those of later items."""
        self._unfolds = not self._unfolds
        if self.subject is not None and self._width:
            self._start_layout(self.subject)

    def action_step(self, step: int) -> None:
        self.post_message(self.Stepped(step))

    def action_scroll_by(self, lines: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, immediate=True)

    def action_page(self, pages: int) -> None:
        self.action_scroll_by(pages * max(1, self.scrollable_content_region.height - 1))

    def action_edge(self, edge: int) -> None:
        self.scroll_to(y=edge * self.max_scroll_y, animate=False, immediate=True)

    def on_resize(self) -> None:
        width = max(NARROWEST, self.scrollable_content_region.width)
        if width != self._width:
            self._width = width
            if self.subject is not None:
                self._start_layout(self.subject)

    def _start_layout(self, subject: Subject) -> None:
        # A function, not its coroutine: a coroutine that is replaced before it began would warn.
        work: WorkType[None] = partial(self._lay_out, subject, self._width)
        self.run_worker(work, group="layout", exclusive=True)

    async def _lay_out(self, subject: Subject, width: int) -> None:
        lines = partial(sample_lines, subject, width, self._marks, unfolds=self._unfolds)
        self._take(await asyncio.to_thread(lines))

    def _take(self, lines: list[Line]) -> None:
        self._lines = lines
        self.virtual_size = Size(self._width, len(lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        number, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if number >= len(self._lines):
            return Strip.blank(width, self._style("plain"))
        segments = [Segment(text, self._style(role)) for text, role in self._lines[number]]
        return Strip(segments).adjust_cell_length(width, self._style("plain"))

    def _style(self, role: Role) -> Style:
        # A component's style is kept by Textual, a widget's own is worked out anew each time.
        return self.get_component_rich_style(f"sample--{role}")
