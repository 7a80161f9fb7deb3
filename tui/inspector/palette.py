"""The command palette: all that can be done just now, as `area: what`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape

from core.abilities.catalogue import ABILITIES
from core.masks.choices import SCOPES, SELECTIONS
from core.models.matrices import VARIANTS
from tui.inspector.keys import PANES
from tui.inspector.lens import UNTILS, k_grid
from tui.inspector.look.themes import theme_names
from tui.inspector.screens.export import ExportScreen, screen_picture
from tui.names import SCOPE_MEANINGS, SELECTION_MEANINGS, UNTIL_MEANINGS, VARIANT_WORDS
from tui.numbers import k_text, until_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from textual.app import App

    from core.models.matrices import Variant
    from tui.inspector.controller import Controller

VARIANT_MEANINGS: dict[Variant, str] = {
    "base": "the intact model",
    "mlp": "weights of the MLP matrices",
    "all": "weights of all matrices of the decoder layers",
}


class Command(NamedTuple):
    """One thing that can be done."""

    title: str
    help: str
    do: Callable[[], Any]


Action = Callable[[str, str, str], Command]
"""Makes a command of a title, a help text and the name of an action of the app."""


class HasController(Protocol):
    """The inspector, as the palette knows it."""

    controller: Controller


def commands_of(app: App[Any], controller: Controller) -> list[Command]:
    """What can be done now, the most frequent first."""

    def action(title: str, about: str, name: str) -> Command:
        return Command(title, about, partial(app.run_action, name))

    return [
        *(() if controller.session.readonly else _job_commands(controller, action)),
        *(action(f"tab: {pane.title}", "", f"tab('{pane_id}')") for pane_id, pane in PANES),
        *_lens_commands(controller),
        action("k: enter a number", "Any share of all parameters", "enter_k"),
        action("items: enter a number", "How many items of each benchmark", "items"),
        *_screen_commands(app, action),
        *(() if controller.session.readonly else _code_commands(controller, action)),
        *_engine_commands(controller, action),
    ]


def _job_commands(controller: Controller, action: Action) -> Iterator[Command]:
    activity = controller.session.activity
    yield action("run: what the lens looks at", "Base, ablated and the random control", "run")
    yield action("run: several", "One ability on all benchmarks, or the whole matrix", "enqueue")
    yield action("run: the queue", "What runs and waits: cancel or move any of it", "queue")
    if activity.job is not None:
        what = "go on" if activity.job.state == "paused" else "pause"
        yield action(f"run: {what}", activity.job.title, "pause")
    if activity.is_busy:
        yield action("run: cancel", "At once; finished work is kept", "cancel")


def _code_commands(controller: Controller, action: Action) -> Iterator[Command]:
    session = controller.session
    if session.allows_code:
        yield action("code: forbid", "Programs that the model writes no longer run", "code")
    elif any(session.runs_code(benchmark.id) for benchmark in session.benchmarks):
        yield action("code: allow", "Lets programs that the model writes run; asks first", "code")


def _lens_commands(controller: Controller) -> Iterator[Command]:
    """Every other value of everything that the lens can turn to."""
    lens, session = controller.lens, controller.session
    values = [
        *((f"ability: {one.name}", one.definition, replace(lens, ability=one.id)) for one in ABILITIES),
        *(
            (f"benchmark: {one.name}", one.about, replace(lens, benchmark=one.id))
            for one in session.benchmarks
        ),
        *(
            (f"variant: {VARIANT_WORDS[one]}", VARIANT_MEANINGS[one], replace(lens, variant=one))
            for one in VARIANTS
        ),
        *((f"selection: {one}", SELECTION_MEANINGS[one], replace(lens, selection=one)) for one in SELECTIONS),
        *((f"scope: {one}", SCOPE_MEANINGS[one], replace(lens, scope=one)) for one in SCOPES),
        *((f"until: {until_text(one)}", UNTIL_MEANINGS[one], replace(lens, until=one)) for one in UNTILS),
        *((f"k: {k_text(k)}", "of all parameters", replace(lens, k=k)) for k in k_grid(session.spec.model)),
    ]
    for title, about, other in values:
        if other != lens:
            yield Command(title, about, partial(controller.set_lens, other))


def _screen_commands(app: App[Any], action: Action) -> Iterator[Command]:
    def save_screen() -> None:
        app.push_screen(ExportScreen(screen_picture(app.export_screenshot())))

    yield action("model: second", "Beside the first, or in place of the second", "second_model")
    yield action("model: A, B, B - A", "Look at the next of them", "turn_model")
    yield action("help: this tab", "What it shows, its keys, and what the marks mean", "help")
    about = "On the phantom, whose abilities are known"
    yield action("calibration: true and recovered", about, "calibration")
    yield action("copy: this tab", "To the terminal's clipboard", "copy")
    yield action("export: this tab", "To a file", "export")
    yield Command("screen: save as SVG", "A picture of the whole screen", save_screen)
    yield action("screen: zoom", "The tab alone, or with the lens", "zoom")
    for name in theme_names():
        if name != app.theme and name in app.available_themes:
            yield Command(f"theme: {name}", "", partial(setattr, app, "theme", name))


def _engine_commands(controller: Controller, action: Action) -> Iterator[Command]:
    if controller.session.activity.link == "lost":
        yield action("engine: restart", "With its unfinished jobs", "restart_engine")
    yield action("engine: detach", "Leave; the engine goes on with its jobs", "detach")
    yield action("inspector: quit", "A running job goes on", "leave")


class InspectorCommands(Provider):
    """Gives the palette the inspector's commands."""

    @property
    def _commands(self) -> list[Command]:
        # Names of benchmarks and titles of jobs come from elsewhere.
        found = commands_of(self.app, cast("HasController", self.app).controller)
        return [Command(safe_line(title), safe_line(about), do) for title, about, do in found]

    async def discover(self) -> Hits:
        """All commands, for a palette in which nothing is typed yet."""
        for title, about, do in self._commands:
            yield DiscoveryHit(Content(title), do, text=title, help=escape(about) or None)

    async def search(self, query: str) -> Hits:
        """The commands that have the letters typed, the nearest first."""
        matcher = self.matcher(query)
        for title, about, do in self._commands:
            if (score := matcher.match(title)) > 0:
                # The palette reads its lines as markup.
                yield Hit(score, matcher.highlight(escape(title)), do, text=title, help=escape(about) or None)
