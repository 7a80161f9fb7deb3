"""The neurons that a mask hits most."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.inspector.masks.bars import with_bars

if TYPE_CHECKING:
    from textual.app import ComposeResult


class NeuronList(VerticalScroll, can_focus=True):
    """The neurons hit most."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "down", id="neurons.down", show=False, tooltip="Scroll down"),
        Binding("up,k", "scroll_up", "up", id="neurons.up", show=False, tooltip="Scroll up"),
        Binding("g", "scroll_home", "top", id="neurons.top", show=False, tooltip="The first neuron"),
        Binding("G", "scroll_end", "bottom", id="neurons.bottom", show=False, tooltip="The last neuron"),
    ]

    DEFAULT_CSS = """
    NeuronList { height: 1fr; scrollbar-size-vertical: 1; }
    NeuronList Static { height: auto; width: auto; text-wrap: nowrap; }
    """

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, lines: list[tuple[str, str]]) -> None:
        """Shows other neurons, from the first: each a text and a bar."""
        self.query_one(Static).update(with_bars(lines))
        self.scroll_home(animate=False)
