"""An app that holds one tab and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App

from cache.folder import Store
from core.benchmarks.registry import find_benchmarks
from core.engine.protocol import EngineSpec
from core.models.spec import ModelSpec
from core.run.experiment import Experiment
from core.run.specs import ImportanceSpec
from tui.inspector.lens import Lens
from tui.inspector.look.marks import UNICODE, Marks
from tui.inspector.pane import Pane
from tui.inspector.session import Session

DEADLINE_S = 60.0

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.pilot import Pilot

    from core.engine.protocol import Command


def demo_session(
    cache: Path, *, marks: Marks = UNICODE, readonly: bool = False, n_items: int = 1000
) -> tuple[Session, list[Command]]:
    """A desk on the demo model, and the commands that are sent from it."""
    spec = EngineSpec(ModelSpec(), str(cache), ImportanceSpec(n_items=n_items))
    sent: list[Command] = []
    benchmarks = find_benchmarks(["diagnostic"])
    experiment = Experiment(spec.model, Store(cache), spec.importance)  # nothing that is shipped
    return Session(spec, experiment, benchmarks, marks, readonly, sent.append), sent


class Host(App[None]):
    """Shows one pane through a lens, as the inspector does, and keeps what the pane tells."""

    HORIZONTAL_BREAKPOINTS: ClassVar = [(0, "-tiny"), (60, "-narrow"), (80, "-normal"), (140, "-wide")]
    VERTICAL_BREAKPOINTS: ClassVar = [(0, "-flat"), (20, "-short"), (36, "-tall")]

    def __init__(self, make: Callable[[], Pane], lens: Lens) -> None:
        super().__init__()
        self.pane, self.lens = make(), lens
        self.failures: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.look(self.lens)
        target = next((widget for widget in self.pane.walk_children() if widget.focusable), None)
        self.screen.set_focus(target)

    def on_pane_lens_changed(self, message: Pane.LensChanged) -> None:
        self.lens = message.lens
        self.pane.look(message.lens)

    def on_pane_failed(self, message: Pane.Failed) -> None:
        self.failures.append(message.sentence)


def screen_text(app: App[None]) -> str:
    """All that is on the screen, as lines of text."""
    height = app.size.height
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips[:height])


async def until(pilot: Pilot[None], condition: Callable[[], bool], seconds: float = DEADLINE_S) -> None:
    """Waits until the condition holds; fails after some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await pilot.pause(0.01)
