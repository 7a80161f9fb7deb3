"""The inspector."""

from __future__ import annotations

import traceback
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from tui.inspector.code_actions import CodeActions
from tui.inspector.engine_actions import EngineActions
from tui.inspector.lens_actions import LensActions
from tui.inspector.palette import InspectorCommands
from tui.inspector.screen_actions import ScreenActions


class Inspector(LensActions, CodeActions, EngineActions, ScreenActions):
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
        """Ends the app over a fault of its own, with a plain traceback on `error_console`.

        Textual's own draws every variable of every frame, which was seen to take more than a minute.
        """
        self.panic(Text(traceback.format_exc()))
