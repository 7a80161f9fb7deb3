"""The inspector."""

from __future__ import annotations

import traceback
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from tui.inspector.engine_actions import EngineActions
from tui.inspector.lens_actions import LensActions
from tui.inspector.palette import InspectorCommands
from tui.inspector.remembered import state_path
from tui.inspector.screen_actions import ScreenActions

LOG = "inspector.log"
"""Where the traceback of a fault of the inspector itself goes, beside what it remembers."""


class Inspector(LensActions, EngineActions, ScreenActions):
    """The whole app: `app.run()`."""

    COMMANDS: ClassVar[set[type]] = {InspectorCommands}  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+p",
            "command_palette",
            "palette",
            id="screen.palette",
            show=False,
            tooltip="Everything, by name",
        ),
    ]

    def _fatal_error(self) -> None:
        """Ends the app over a fault of its own, in one sentence.

        Textual would draw the traceback with all variables, which takes seconds and hides what matters.
        """
        log = state_path().with_name(LOG)
        self.panic(Text(f"The inspector failed: {_write_down(log)} The engine and its jobs go on."))


def _write_down(log: Path) -> str:
    """Writes the current traceback to the log, and says where that is."""
    lines = traceback.format_exc()
    error = lines.strip().splitlines()[-1]
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now().isoformat(timespec='seconds')}\n{lines}\n")
    except OSError as problem:
        return f"{error} (The log cannot be written: {problem})"
    return f"{error} The traceback is in {log}."
