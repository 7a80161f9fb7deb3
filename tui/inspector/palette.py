"""The command palette: all that can be done just now, as `area: what`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape

from core.abilities.catalogue import ABILITIES
from core.masks.choices import SCOPES, SELECTIONS
from core.models.matrices import VARIANTS
from tui.inspector.lens import k_grid
from tui.inspector.look.themes import theme_names
from tui.inspector.screens.export import ExportScreen, screen_picture
from tui.inspector.tabs import PANES
from tui.names import SCOPE_MEANINGS, SELECTION_MEANINGS, SELECTION_WORDS, VARIANT_WORDS
from tui.numbers import k_text
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.models.matrices import Variant
    from tui.inspector.app import Inspector
    from tui.inspector.lens import Lens

VARIANT_MEANINGS: dict[Variant, str] = {
    "base": "the intact model",
    "mlp": "weights are taken from the MLP matrices",
    "all": "weights are taken from all matrices of the decoder layers",
}


class Command(NamedTuple):
    """One thing that can be done."""

    title: str
    help: str
    do: Callable[[], Any]


def commands_of(app: Inspector) -> list[Command]:
    """What can be done in the state that the app is in, what one needs most often first."""
    return [
        *_job_commands(app),
        *_tab_commands(app),
        *_lens_commands(app),
        *_screen_commands(app),
        *_theme_commands(app),
        *_code_commands(app),
        *_engine_commands(app),
    ]


def _job_commands(app: Inspector) -> Iterator[Command]:
    if app.session.readonly:
        return
    activity = app.session.activity
    yield Command("run: what the lens looks at", "Base, ablated and the random control", app.action_run)
    yield Command("run: several", "One ability on all benchmarks, or the whole matrix", app.action_enqueue)
    if activity.job is not None:
        is_paused = activity.job.state == "paused"
        what = "go on" if is_paused else "pause"
        yield Command(f"run: {what}", activity.job.title, app.action_pause)
    if activity.is_busy:
        yield Command("run: cancel", "Within one batch; what is finished is kept", app.action_cancel)


def _code_commands(app: Inspector) -> Iterator[Command]:
    if app.session.readonly:
        return
    if app.session.code.allowed:
        yield Command("code: let no program run any more", "Of those that the model writes", app.action_code)
    elif any(app.session.runs_code(benchmark.id) for benchmark in app.session.benchmarks):
        yield Command("code: let programs run", "Those that the model writes; asks first", app.action_code)


def _tab_commands(app: Inspector) -> Iterator[Command]:
    for pane_id, pane in PANES:
        yield Command(f"tab: {pane.title}", "", partial(app.show_tab, pane_id))


def _lens_commands(app: Inspector) -> Iterator[Command]:
    def look(title: str, about: str, lens: Lens) -> Iterator[Command]:
        if lens != app.lens:
            yield Command(title, about, partial(app.set_lens, lens))

    for ability in ABILITIES:
        yield from look(f"ability: {ability.name}", ability.definition, replace(app.lens, ability=ability.id))
    for benchmark in app.session.benchmarks:
        lens = replace(app.lens, benchmark=benchmark.id)
        yield from look(f"benchmark: {benchmark.name}", benchmark.about, lens)
    for variant in VARIANTS:
        title = f"variant: {VARIANT_WORDS[variant]}"
        yield from look(title, VARIANT_MEANINGS[variant], replace(app.lens, variant=variant))
    for selection in SELECTIONS:
        title = f"selection: {SELECTION_WORDS[selection]}"
        yield from look(title, SELECTION_MEANINGS[selection], replace(app.lens, selection=selection))
    for scope in SCOPES:
        yield from look(f"scope: {scope}", SCOPE_MEANINGS[scope], replace(app.lens, scope=scope))
    for k in k_grid(app.session.spec.model):
        yield from look(f"k: {k_text(k)}", "of all parameters", replace(app.lens, k=k))
    yield Command("k: enter a number", "Any share of all parameters", app.action_enter_k)
    yield Command("items: enter a number", "How many items of each benchmark", app.action_items)


def _screen_commands(app: Inspector) -> Iterator[Command]:
    def save_screen() -> None:
        app.push_screen(ExportScreen(screen_picture(app.export_screenshot())))

    yield Command("help: this tab", "What it shows, its keys, and what the marks mean", app.action_help)
    about = "On the phantom, in which it is known what each ability needs"
    yield Command("calibration: true and recovered", about, app.action_calibration)
    yield Command("copy: this tab", "To the terminal's clipboard", app.action_copy)
    yield Command("export: this tab", "To a file", app.action_export)
    yield Command("screen: save as SVG", "A picture of the whole screen", save_screen)
    yield Command("screen: zoom", "The tab alone, or with the lens", app.action_zoom)


def _theme_commands(app: Inspector) -> Iterator[Command]:
    for name in theme_names():
        if name != app.theme and name in app.available_themes:
            yield Command(f"theme: {name}", "", partial(setattr, app, "theme", name))


def _engine_commands(app: Inspector) -> Iterator[Command]:
    if app.session.activity.link == "lost":
        again = "With what it had not finished"
        yield Command("engine: start again", again, app.action_restart_engine)
    yield Command("engine: detach", "Leave; the engine goes on with its jobs", app.action_detach)
    yield Command("inspector: quit", "A running job goes on", app.action_leave)


class InspectorCommands(Provider):
    """Gives the palette the inspector's commands."""

    @property
    def _commands(self) -> list[Command]:
        # Names of benchmarks and titles of jobs come from elsewhere.
        found = commands_of(cast("Inspector", self.app))
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
