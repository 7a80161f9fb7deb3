"""The tab Run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.widgets import Static

from tui.inspector.pane import Pane

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.inspector.lens import Lens


class RunPane(Pane):
    """The tab Run."""

    title: ClassVar[str] = "Run"
    help_text: ClassVar[str] = "To come."

    def compose(self) -> ComposeResult:
        yield Static("to come", markup=False)

    def refresh_view(self, lens: Lens) -> None:
        self.query_one(Static).update(f"{lens}")
