"""Asks where a file is to be written, and writes it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.inspector.export_files import default_name, export_path, other_suffix, write_export
from tui.inspector.look.safe_text import safe_line
from tui.inspector.screens.frame import FRAME_CSS

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.inspector.pane import Exported


class ExportScreen(ModalScreen[Path | None]):
    """One line for the path; gives the path of the file that was written, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="export.back", tooltip="Write nothing"),
        Binding("tab", "format", "format", id="export.format", priority=True, tooltip="The next format"),
    ]

    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = FRAME_CSS.format(name="ExportScreen")

    def __init__(self, exported: Exported, folder: Path | None = None, now: datetime | None = None) -> None:
        """Makes the dialog.

        Args:
            exported: what is to be written.
            folder: where relative paths begin; the current folder by default.
            now: the time for the file's name; the current time by default.
        """
        super().__init__()
        self._exported = exported
        self._folder = folder or Path.cwd()
        self._proposed = default_name(exported, now or datetime.now())
        self._replaced: Path | None = None
        """The file that is there already, and that the person was asked about."""

    def compose(self) -> ComposeResult:
        several = len(self._exported.suffixes) > 1
        with Vertical(id="frame") as frame:
            frame.border_title = "Write to a file"
            frame.border_subtitle = f"enter writes   {'tab format   ' if several else ''}esc back"
            yield Static(safe_line(f"In {self._folder}"), markup=False)
            yield Input(self._proposed, compact=True)
            if several:
                yield Static(f"Formats: {' '.join(self._exported.suffixes)}", markup=False)
            yield Static("", classes="problem", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def _say(self, sentence: str) -> None:
        self.query_one(".problem", Static).update(safe_line(sentence))

    @on(Input.Changed)
    def _ask_anew(self) -> None:
        self._replaced = None
        self._say("")

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        try:
            path = export_path(event.value, self._exported, self._folder)
        except ValueError as error:
            self._say(str(error))
            return
        if path.exists() and path != self._replaced:
            self._replaced = path
            self._say(f"{path.name} is there already. Enter again replaces it; or write another name.")
            return
        self.run_worker(self._write(path), group="export", exclusive=True)

    async def _write(self, path: Path) -> None:
        self._say("Writing.")
        try:
            await asyncio.to_thread(write_export, self._exported, path)
        except (OSError, ValueError) as error:
            self._say(f"{path.name} could not be written: {error}")
        else:
            self.app.notify(f"Written: {safe_line(str(path))}", markup=False)
            self.dismiss(path)

    def action_format(self) -> None:
        """Goes to the next format."""
        line = self.query_one(Input)
        line.value = other_suffix(line.value, self._exported.suffixes)
        line.cursor_position = len(line.value)

    def action_back(self) -> None:
        """Leaves without a file."""
        self.dismiss(None)
