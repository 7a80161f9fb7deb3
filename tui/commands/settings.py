"""`abilityscope settings`: where the inspector's settings lie, and what can be set."""

from __future__ import annotations

from tui import output
from tui.safe_text import shown


def settings() -> None:
    """Say where the inspector's settings lie, and list what can be set and every key by its id."""
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
    state = "" if path.exists() else "  # is not there: these are the defaults"
    lines = [f"# {path}{state}"]
    lines += [
        f"{name} = {_toml(getattr(kept, name))}  # {ALLOWED[name]}" for name in ALLOWED if name != "keys"
    ]
    lines += ["", "[keys]  # by what they do; several with commas between them"]
    width = max(len(binding_id) for binding_id in known) + 2
    for binding_id, (keys, tooltip) in sorted(known.items()):
        quoted = f'"{binding_id}"'
        lines.append(f"{quoted:<{width}} = {_toml(kept.keys.get(binding_id, keys))}  # {tooltip}")
    output.write("".join(f"{shown(line)}\n" for line in lines))


def _toml(value: bool | str) -> str:
    """A value as TOML writes it."""
    import json

    return json.dumps(value)
