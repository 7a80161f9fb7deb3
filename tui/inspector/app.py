"""The inspector."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from tui.inspector.engine_actions import EngineActions
from tui.inspector.lens_actions import LensActions
from tui.inspector.palette import InspectorCommands
from tui.inspector.screen_actions import ScreenActions


class Inspector(LensActions, EngineActions, ScreenActions):
    """The whole app: `app.run()`."""

    COMMANDS: ClassVar[set[type]] = {InspectorCommands}  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "command_palette", "palette", id="screen.palette", show=False, tooltip="All commands"),
    ]


__all__ = ["App", "Inspector"]
