"""`abilityscope tui`, `attach` and `settings`: the inspector, on a new or a running engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui import output
from tui.mask_options import ItemsForScoring
from tui.opening import ScreenOptions, engine_spec, open_inspector
from tui.option_groups import with_flags
from tui.options import BenchmarkFlags, ModelFlags, RuleFlags
from tui.ray_options import RayFlags
from tui.safe_text import shown

if TYPE_CHECKING:
    from core.engine.runtime import EngineRecord

Readonly = Annotated[bool, typer.Option("--readonly", help="Look only: compute and change nothing.")]
NoMouse = Annotated[bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="Use ASCII characters only.")]
ThemeName = Annotated[
    str | None,
    typer.Option(help="abilityscope-dark, -light, -contrast, or one of Textual's.", metavar="NAME"),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        help="Settings in TOML: theme, ascii, mouse, readonly, keys. "
        "Default: $ABILITYSCOPE_SETTINGS, else the file that `abilityscope settings` names.",
        show_default=False,
        metavar="FILE",
    ),
]


@with_flags
def tui(
    model: ModelFlags,
    rule: RuleFlags,
    running: BenchmarkFlags,
    spreading: RayFlags,
    *,
    n_items: ItemsForScoring = None,
    readonly: Readonly = False,
    no_mouse: NoMouse = False,
    ascii_only: Ascii = False,
    theme: ThemeName = None,
    settings: SettingsFile = None,
) -> None:
    """Open the inspector.

    Pick an ability, watch a benchmark run, read what changed.
    """
    look = ScreenOptions(readonly, no_mouse, ascii_only, theme, settings)
    open_inspector(engine_spec(model, rule, running, spreading), look, n_items)


def attach(
    engine: Annotated[
        str | None,
        typer.Argument(help="The engine or one of its jobs, as `jobs` lists them.", metavar="[ID]"),
    ] = None,
    *,
    readonly: Readonly = False,
    no_mouse: NoMouse = False,
    ascii_only: Ascii = False,
    theme: ThemeName = None,
    settings: SettingsFile = None,
) -> None:
    """Open the inspector on a running engine."""
    from core.engine.runtime import living_engines

    chosen = chosen_engine(engine, living_engines())
    open_inspector(chosen.spec, ScreenOptions(readonly, no_mouse, ascii_only, theme, settings))


def chosen_engine(name: str | None, living: Sequence[EngineRecord]) -> EngineRecord:
    """The named engine; without a name the only one.

    Args:
        name: id of an engine, or of one of its jobs, which begins with it.
        living: the running engines.

    Raises:
        ValueError: there is none, or several and no name.
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


def settings() -> None:
    """List the inspector's settings and keys.

    In the form of a settings file, with the path of yours.
    """
    from tui.inspector.settings import (
        ALLOWED,
        bound_classes,
        check_keys,
        known_bindings,
        load_settings,
        settings_path,
    )

    path = settings_path()
    known = known_bindings(bound_classes())
    kept = load_settings(path)
    check_keys(kept.keys, known)
    state = "" if path.exists() else "  # does not exist: these are the defaults"
    lines = [f"# {path}{state}"]
    lines += [
        f"{name} = {json.dumps(getattr(kept, name))}  # {ALLOWED[name]}" for name in ALLOWED if name != "keys"
    ]
    lines += ["", "[keys]  # keys by action; several are separated by commas"]
    width = max(len(binding_id) for binding_id in known) + 2
    for binding_id, (keys, tooltip) in sorted(known.items()):
        quoted = f'"{binding_id}"'
        lines.append(f"{quoted:<{width}} = {json.dumps(kept.keys.get(binding_id, keys))}  # {tooltip}")
    output.write_as_is("".join(f"{shown(line)}\n" for line in lines))
