"""Opens the inspector: checks the terminal, reads the settings, builds the app, runs it."""

from __future__ import annotations

import gc
import io
import os
import select
import signal
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui import output
from tui.located import located
from tui.options import BenchmarkFlags, ModelFlags, RuleFlags, UsageError, checked_arguments
from tui.ray_options import RayFlags
from tui.safe_text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from core.engine.protocol import EngineSpec
    from tui.inspector.app import Inspector
    from tui.inspector.settings import Settings

SLOW_LINE_FPS = "30"
"""Frames per second over SSH: half of Textual's 60 look the same and cost half."""

SWITCH_S = 0.001
"""Longest turn of a thread while another waits: a key waits several times for those that read the cache."""

ERROR_LOG = "inspector-error.log"
"""File beside the remembered state with the traceback of the last failure."""

LOG_COLUMNS = 110


class InspectorError(OSError):
    """The inspector failed; the message says how, and where the traceback is."""


@dataclass(frozen=True)
class ScreenOptions:
    """Look and behaviour of the inspector that the command line asks for."""

    readonly: bool = False
    no_mouse: bool = False
    ascii_only: bool = False
    theme: str | None = None
    settings: Path | None = None
    """None for the default file, which may be missing."""

    def over(self, settings: Settings) -> Settings:
        """The settings, overridden by the command line."""
        return type(settings)(
            theme=self.theme or settings.theme,
            ascii=self.ascii_only or settings.ascii,
            mouse=settings.mouse and not self.no_mouse,
            readonly=self.readonly or settings.readonly,
            keys=settings.keys,
        )


def has_terminal() -> bool:
    """Whether all three streams are a terminal; the inspector draws on stderr."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def engine_spec(
    model: ModelFlags,
    rule: RuleFlags | None = None,
    running: BenchmarkFlags | None = None,
    spreading: RayFlags | None = None,
) -> EngineSpec:
    """The engine that the options ask for; None stands for the defaults.

    Raises:
        ModelFilesError: the model is neither on this computer nor a hub id.
        ValueError: Ray is asked for and not installed.
    """
    from core.cluster.ray_options import require_ray
    from core.engine.protocol import EngineSpec
    from core.run.specs import ImportanceSpec, usual_n_items

    scoring, ray = (rule or RuleFlags()).rule, (spreading or RayFlags()).options
    if ray is not None:
        require_ray()
    return EngineSpec(
        located(model.spec),
        str(model.store.root.absolute()),
        ImportanceSpec(usual_n_items(model.spec), scoring.loss, scoring.reduction, model.seed),
        model.batch_rows,
        (running or BenchmarkFlags()).benchmark_options,
        ray,
    )


def open_inspector(spec: EngineSpec, look: ScreenOptions, n_items: int | None = None) -> None:
    """Runs the inspector on an engine until the user leaves it.

    Args:
        spec: the engine.
        look: look and behaviour of the screen.
        n_items: diagnostic items that score weights; None for as many as the last time.

    Raises:
        ValueError: there is no terminal, or the settings are wrong.
        OSError: the settings cannot be read, or the inspector failed.
        UsageError: the theme or the settings file does not exist.
    """
    if problem := _no_screen(os.environ):
        raise ValueError(problem)
    spare_slow_line(os.environ)
    sys.setswitchinterval(SWITCH_S)
    gc.disable()  # until the first frame: what is imported stays, and looking for garbage in it takes long
    settings = _settings(look)
    app = _app(spec, settings, n_items)
    _run(app, settings.mouse)
    if app.farewell:
        output.write(f"{shown(app.farewell)}\n")


def _run(app: Inspector, mouse: bool) -> None:
    """Runs the app. The traceback of an unforeseen error goes to a file.

    Raises:
        InspectorError: it failed.
    """
    from rich.console import Console

    from cache.files import write_atomically
    from tui.inspector.remembered import state_path

    errors = io.StringIO()
    app.error_console = Console(file=errors, width=LOG_COLUMNS)
    end_with_terminal()
    app.run(mouse=mouse)
    if app.return_code:
        log = state_path().with_name(ERROR_LOG)
        write_atomically(log, errors.getvalue().encode("utf-8", errors="backslashreplace"))
        last = errors.getvalue().strip().rpartition("\n")[2]
        raise InspectorError(
            f"The inspector failed ({last}). Its engine keeps running: abilityscope attach comes back to it. "
            f"The traceback is in {log}."
        )


def _no_screen(environment: Mapping[str, str]) -> str:
    """Why the inspector cannot be shown here; empty if it can."""
    if not has_terminal():
        return (
            "The inspector needs a terminal: stdin, stdout and stderr must not be redirected. "
            "Without one, use abilityscope profile and bench."
        )
    if environment.get("TERM") == "dumb":
        return "The inspector needs a terminal with a cursor; this one is dumb (TERM)."
    return ""


def spare_slow_line(environment: MutableMapping[str, str]) -> None:
    """Sets a lower frame rate and no animations over SSH, unless the environment says otherwise.

    Textual reads both when it is imported.
    """
    if environment.get("SSH_CONNECTION") and "TEXTUAL_FPS" not in environment:
        environment["TEXTUAL_FPS"] = SLOW_LINE_FPS
        environment.setdefault("TEXTUAL_ANIMATIONS", "none")


def _settings(look: ScreenOptions) -> Settings:
    """The checked settings in force."""
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


def _app(spec: EngineSpec, settings: Settings, n_items: int | None) -> Inspector:
    """The app, in the state in which it was left the last time."""
    from core.benchmarks.diagnostic import compound_benchmarks
    from core.benchmarks.registry import find_benchmarks
    from core.run.experiment import Experiment
    from tui.inspector.app import Inspector
    from tui.inspector.look.marks import ASCII, UNICODE
    from tui.inspector.remembered import first_lens, load_remembered
    from tui.inspector.session import Session

    # Benchmarks that run code are listed in any case: the inspector asks before it runs one.
    listed = replace(spec.benchmarks, allow_code=True)
    benchmarks = find_benchmarks(["all"], listed)
    remembered = load_remembered(spec.model.name)
    importance, usual = spec.importance, spec.importance.n_items
    lens = first_lens(
        remembered,
        spec.model,
        [b.id for b in (*benchmarks, *compound_benchmarks())],
        importance.seed,
        n_items,
        importance.usual_selection,
    )
    # As None, the same masks are the same however they were asked for.
    lens = replace(lens, n_items=None) if lens.n_items == usual else lens
    session = Session(
        spec,
        Experiment(
            spec.model,
            spec.store,
            spec.importance,
            batch_size=spec.batch_size,
        ),
        benchmarks,
        ASCII if settings.ascii else UNICODE,
        settings.readonly,
        send=lambda command: None,  # replaced by the app's link to the engine
    )
    return Inspector(session, lens, settings, remembered.tab if remembered else "run")


def end_with_terminal() -> None:
    """Ends this process when its terminal goes away, even where the system sends no SIGHUP.

    Only a session's leader gets the signal. A process with another controlling terminal does not, and Textual
    then reads the end of the file over and over, at full load.
    """
    if hasattr(select, "poll"):
        threading.Thread(target=_watch, args=(sys.stdin.fileno(),), name="terminal", daemon=True).start()


def _watch(terminal: int) -> None:
    poll = select.poll()
    poll.register(terminal, 0)  # hang-ups and errors are always reported
    while not any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll()):
        pass
    # No exception: the event loop may wait for ever to write to a terminal that is gone. SIGHUP by default
    # ends the process at once; where it is ignored (nohup), SIGKILL does.
    is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    os.kill(os.getpid(), signal.SIGKILL if is_ignored else signal.SIGHUP)
