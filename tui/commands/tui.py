"""`abilityscope tui`: the inspector."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui import output
from tui.options import RunOptions, UsageError, checked_arguments, with_model_options
from tui.safe_text import shown
from tui.terminal_end import end_with_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from core.engine.spec import EngineSpec
    from core.models.spec import ModelSpec
    from tui.inspector.app import Inspector
    from tui.inspector.settings import Settings

SLOW_LINE_FPS = "30"
"""Frames a second over SSH, where half of the usual 60 look the same and cost half."""

ERROR_LOG = "inspector-error.log"
"""Beside what is remembered: the traceback of the last failure."""

LOG_COLUMNS = 110


class InspectorError(OSError):
    """The inspector failed; the message says how, and where the rest is."""


Readonly = Annotated[bool, typer.Option("--readonly", help="Only look: compute and change nothing.")]
NoMouse = Annotated[bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="Only signs that every terminal has.")]
ThemeName = Annotated[
    str | None,
    typer.Option(help="abilityscope-dark, -light, -contrast, or one of Textual's.", metavar="NAME"),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        help="The settings, in TOML: theme, ascii, mouse, readonly, keys. "
        "Default: $ABILITYSCOPE_SETTINGS, else where `abilityscope settings` says.",
        show_default=False,
        metavar="FILE",
    ),
]


@with_model_options
def tui(
    options: RunOptions,
    *,
    readonly: Readonly = False,
    no_mouse: NoMouse = False,
    ascii_only: Ascii = False,
    theme: ThemeName = None,
    settings: SettingsFile = None,
) -> None:
    """Open the inspector: pick an ability, watch a benchmark run, read what changed."""
    look = ScreenOptions(readonly, no_mouse, ascii_only, theme, settings)
    open_inspector(engine_spec(options), look)


@dataclass(frozen=True)
class ScreenOptions:
    """How the inspector is to look and behave, as far as the command line says."""

    readonly: bool = False
    no_mouse: bool = False
    ascii_only: bool = False
    theme: str | None = None
    settings: Path | None = None
    """None for the usual file, which need not be there."""

    def over(self, settings: Settings) -> Settings:
        """The settings, with what the command line says in place of what they say."""
        return type(settings)(
            theme=self.theme or settings.theme,
            ascii=self.ascii_only or settings.ascii,
            mouse=settings.mouse and not self.no_mouse,
            readonly=self.readonly or settings.readonly,
            keys=settings.keys,
        )


def has_terminal() -> bool:
    """Whether a person can see and answer; the inspector draws on stderr."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def engine_spec(options: RunOptions) -> EngineSpec:
    """The engine that the model options ask for.

    Raises:
        ModelFilesError: there is no such model on this computer, and it is no hub id.
    """
    from core.engine.spec import EngineSpec
    from core.experiment.specs import ImportanceSpec

    return EngineSpec(
        _located(options.spec),
        str(options.store.root.absolute()),
        ImportanceSpec(loss=options.way.loss, reduction=options.way.reduction, seed=options.seed),
        options.batch_rows or "auto",
        options.benchmark_options,
        options.memory_options,
    )


def _located(spec: ModelSpec) -> ModelSpec:
    """The same model, a local folder by its whole path: the engine works in another folder.

    Of a hub id nothing is looked up: that is for the engine, which shows its progress.
    """
    from core.models.files import is_hub_id, model_folder

    if is_hub_id(spec.name):
        return spec
    folder = model_folder(spec)
    return spec if spec.is_embedded else replace(spec, name=str(folder))


def open_inspector(spec: EngineSpec, look: ScreenOptions) -> None:
    """Opens the inspector on an engine, and comes back when the person leaves it.

    Raises:
        ValueError: there is no terminal, or the settings are wrong.
        OSError: the settings cannot be read, or the inspector failed.
        UsageError: there is no such theme or settings file.
    """
    if problem := _no_screen(os.environ):
        raise ValueError(problem)
    spare_slow_line(os.environ)
    settings = _settings(look)
    app = _app(spec, settings)
    _run(app, settings.mouse)
    if app.farewell:
        output.write(f"{shown(app.farewell)}\n")


def _run(app: Inspector, mouse: bool) -> None:
    """Runs the app until the person leaves it. Tracebacks of what nobody foresaw go to a file.

    Raises:
        InspectorError: it failed.
    """
    from rich.console import Console

    from cache.files import write_atomically
    from tui.inspector.remembered import state_path

    told = io.StringIO()
    app.error_console = Console(file=told, width=LOG_COLUMNS)
    end_with_terminal()
    app.run(mouse=mouse)
    if app.return_code:
        log = state_path().with_name(ERROR_LOG)
        write_atomically(log, told.getvalue().encode("utf-8", errors="backslashreplace"))
        last = told.getvalue().strip().rpartition("\n")[2]
        raise InspectorError(
            f"The inspector failed ({last}). Its engine goes on: abilityscope attach comes back to it. "
            f"The traceback is in {log}."
        )


def _no_screen(environment: Mapping[str, str]) -> str:
    """Why there can be no inspector here; empty if there can."""
    if not has_terminal():
        return (
            "The inspector needs a terminal: stdin, stdout and stderr must not be redirected. "
            "Without one, abilityscope profile and bench do the same."
        )
    if environment.get("TERM") == "dumb":
        return "The inspector needs a terminal with a cursor, and this one says that it is dumb (TERM)."
    return ""


def spare_slow_line(environment: MutableMapping[str, str]) -> None:
    """Draws less often over SSH, and moves nothing, unless the person says otherwise.

    Before Textual is imported: it reads these then.
    """
    if environment.get("SSH_CONNECTION") and "TEXTUAL_FPS" not in environment:
        environment["TEXTUAL_FPS"] = SLOW_LINE_FPS
        environment.setdefault("TEXTUAL_ANIMATIONS", "none")


def _settings(look: ScreenOptions) -> Settings:
    """The settings that hold, checked."""
    from tui.inspector.look.themes import check_theme
    from tui.inspector.settings import bound_classes, check_keys, known_bindings, load_settings, settings_path

    if look.settings is not None and not look.settings.is_file():
        raise UsageError(f"There is no settings file {look.settings}.")
    if look.theme is not None:
        with checked_arguments():
            check_theme(look.theme)
    path = look.settings or settings_path()
    settings = look.over(load_settings(path))
    try:
        check_theme(settings.theme)
        if settings.keys:
            check_keys(settings.keys, known_bindings(bound_classes()))
    except ValueError as error:
        raise ValueError(f"In the settings {path}: {error}") from error
    return settings


def _app(spec: EngineSpec, settings: Settings) -> Inspector:
    """The app, as it was left the last time, if that is known."""
    from core.benchmarks.registry import find_benchmarks
    from core.runner.runner import Runner
    from tui.inspector.app import Inspector
    from tui.inspector.look.marks import ASCII, UNICODE
    from tui.inspector.remembered import first_lens, load_remembered
    from tui.inspector.session import Session

    # Also those that run code, whatever the person allows by now: the inspector asks before it runs one.
    listed = replace(spec.benchmarks, allow_code=True)
    benchmarks = find_benchmarks(["all"], spec.model.level, listed)
    remembered = load_remembered(spec.model.name)
    lens = first_lens(remembered, spec.model, [b.id for b in benchmarks], spec.importance.seed)
    session = Session(
        spec,
        Runner(
            spec.model,
            spec.store,
            spec.importance,
            batch_size=spec.batch_size,
            memory_options=spec.memory_options,
        ),
        benchmarks,
        ASCII if settings.ascii else UNICODE,
        settings.readonly,
        send=lambda command: None,  # the app puts its line to the engine in place of it
    )
    return Inspector(session, lens, settings, remembered.tab if remembered else "run")
