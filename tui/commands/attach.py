"""`abilityscope attach`: the inspector, on an engine that runs already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tui.commands.tui import Ascii, NoMouse, Readonly, ScreenOptions, SettingsFile, ThemeName, open_inspector
from tui.safe_text import shown

if TYPE_CHECKING:
    from core.engine.records import EngineRecord


def attach(
    engine: Annotated[
        str | None,
        typer.Argument(help="The engine or one of its jobs; `jobs` lists them.", metavar="[ID]"),
    ] = None,
    *,
    readonly: Readonly = False,
    no_mouse: NoMouse = False,
    ascii_only: Ascii = False,
    theme: ThemeName = None,
    settings: SettingsFile = None,
) -> None:
    """Open the inspector on an engine that runs, with its jobs as they are."""
    from core.engine.records import living_engines

    chosen = chosen_engine(engine, living_engines())
    open_inspector(chosen.spec, ScreenOptions(readonly, no_mouse, ascii_only, theme, settings))


def chosen_engine(name: str | None, living: Sequence[EngineRecord]) -> EngineRecord:
    """The engine that is meant; without a name the only one.

    Args:
        name: an engine's id, or that of one of its jobs, which begins with it.
        living: the engines that there are.

    Raises:
        ValueError: there is none, or several and no name; the message lists them.
    """
    if not living:
        raise ValueError("No engine is running: abilityscope tui starts one.")
    listed = ", ".join(f"{record.engine} ({shown(record.spec.model.name)})" for record in living)
    if name is None:
        if len(living) > 1:
            raise ValueError(f"Several engines are running: name one of {listed}.")
        return living[0]
    for record in living:
        if record.engine == name.partition("-")[0]:
            return record
    raise ValueError(f"Unknown engine '{name}'. Running: {listed}.")
