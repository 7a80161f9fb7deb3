"""An app with one dialog over it, and what it answered."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import App
from textual.screen import ModalScreen

from tui.inspector.look.themes import THEMES

UNANSWERED = object()


class Dialogs(App[None]):
    """Shows a dialog and keeps its answer."""

    BINDINGS: ClassVar = []

    def __init__(self, dialog: ModalScreen[Any]) -> None:
        super().__init__()
        self._dialog = dialog
        self.answer: Any = UNANSWERED
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def on_mount(self) -> None:
        self.push_screen(self._dialog, self._keep)

    def _keep(self, answer: Any) -> None:
        self.answer = answer
