"""The tab Cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.widgets import Static

from tui.inspector.pane import Pane

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.inspector.lens import Lens


class CachePane(Pane):
    """The tab Cache."""

    title: ClassVar[str] = "Cache"
    help_text: ClassVar[str] = "To come."

    def compose(self) -> ComposeResult:
        yield Static("to come", markup=False)

    def refresh_view(self, lens: Lens) -> None:
        self.query_one(Static).update(f"{lens}")
