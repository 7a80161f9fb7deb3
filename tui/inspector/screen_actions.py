"""The keys for the screen itself: tabs, help, zoom, copy, export, leaving."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from core.engine.commands import Shutdown
from tui.inspector.calibration.screen import CalibrationScreen
from tui.inspector.look.themes import THEMES
from tui.inspector.screens.export import ExportScreen, copy
from tui.inspector.screens.help import HelpScreen
from tui.inspector.shell import Shell
from tui.inspector.tabs import PANES


class ScreenActions(Shell):
    """Everything that neither turns the lens nor asks the engine."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                str(number),
                f"tab('{pane_id}')",
                pane.title,
                id=f"tab.{pane_id}",
                show=False,
                tooltip=pane.title,
            )
            for number, (pane_id, pane) in enumerate(PANES, start=1)
        ),
        Binding("slash", "search", "search", id="screen.search", show=False, tooltip="Search in this tab"),
        Binding("y", "copy", "copy", id="screen.copy", show=False, tooltip="Copy to the clipboard"),
        Binding("e", "export", "export", id="screen.export", show=False, tooltip="Write to a file"),
        Binding("z", "zoom", "zoom", id="screen.zoom", show=False, tooltip="This tab alone, or all"),
        Binding("t", "theme", "theme", id="screen.theme", show=False, tooltip="Next theme"),
        Binding(
            "C",
            "calibration",
            "calibrate",
            id="screen.calibration",
            show=False,
            tooltip="The method where the truth is known",
        ),
        Binding("escape", "put_away", "back", id="screen.put_away", show=False, tooltip="Put a message away"),
        Binding("d", "detach", "detach", id="screen.detach", show=False, tooltip="Leave; the engine goes on"),
        Binding("question_mark", "help", "help", id="screen.help", tooltip="Keys and marks of this tab"),
        Binding("q", "leave", "quit", id="screen.quit", tooltip="Quit; a running job goes on"),
    ]

    def action_tab(self, pane_id: str) -> None:
        """Brings a tab to the front."""
        self.show_tab(pane_id)

    def action_search(self) -> None:
        """Searches in the tab in front."""
        if not self.pane.search():
            self.notify("There is nothing to search in this tab.", timeout=2, markup=False)

    def action_copy(self) -> None:
        """Copies what the tab gives."""
        copied = self.pane.copied()
        if copied is None:
            self.notify("There is nothing to copy yet.", timeout=2, markup=False)
        else:
            self.notify(f"{copied.what}: {copy(self, copied.text)}", markup=False)

    def action_export(self) -> None:
        """Asks where to write what the tab gives."""
        exported = self.pane.exported()
        if exported is None:
            self.notify("There is nothing to export yet.", timeout=2, markup=False)
        else:
            self.push_screen(ExportScreen(exported))

    def action_zoom(self) -> None:
        """Gives the whole screen to the tab, or takes it back."""
        self.screen.toggle_class("-zoomed")

    def action_theme(self) -> None:
        """The next of the house themes."""
        names = [theme.name for theme in THEMES]
        place = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(place + 1) % len(names)]
        self.notify(f"theme: {self.theme}", timeout=2, markup=False)

    def action_calibration(self) -> None:
        """Shows what the method finds where it is known what it should find."""
        self.push_screen(CalibrationScreen(self.session))

    def action_put_away(self) -> None:
        """Puts away a problem, or the lens where it lies over the tab."""
        self.put_away()

    def action_help(self) -> None:
        """Explains the tab in front."""
        pane = self.pane
        self.push_screen(
            HelpScreen(pane.title, pane.help_text, self.screen.active_bindings, self.session.marks)
        )

    async def action_detach(self) -> None:
        """Leaves; the engine goes on, whether it works or not."""
        engine = self.session.spec.id
        await self._leave(f"The engine {engine} goes on: abilityscope attach {engine} comes back to it.")

    async def action_leave(self) -> None:
        """Leaves; an engine with work goes on, one without ends unless another screen uses it."""
        job = self.session.activity.job
        if job is None and not self.session.readonly:
            self._link.send(Shutdown(if_unused=True))
        engine = self.session.spec.id
        going_on = f"{job.title} goes on: abilityscope attach {engine} comes back to it, " if job else ""
        await self._leave(going_on + f"abilityscope stop {job.id} ends it." if job else "")

    async def _leave(self, farewell: str) -> None:
        self.farewell = farewell
        await self.leave_engine()
        self.exit()
