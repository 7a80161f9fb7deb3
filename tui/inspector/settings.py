"""A person's settings: a TOML file of a few fields. Reading it needs no Textual."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import platformdirs

from cache.files import expanded
from core.models.spec import one_of

ENVIRONMENT_VARIABLE = "ABILITYSCOPE_SETTINGS"
"""Names the settings file."""

PACKAGE = "tui.inspector"
"""The package whose classes have bindings."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's preferences; options of the command line override them."""

    theme: str = "abilityscope-dark"
    ascii: bool = False
    """Draw with ASCII signs only."""
    mouse: bool = True
    readonly: bool = False
    """Look only: start no jobs."""
    keys: dict[str, str] = {}
    """Keys by binding id, separated by commas; they replace the default ones."""


ALLOWED: Mapping[str, str] = {
    "theme": 'the name of a theme in quotes, such as "abilityscope-light"',
    "ascii": "true or false",
    "mouse": "true or false",
    "readonly": "true or false",
    "keys": 'a table of lines such as "engine.run" = "f5,r"',
}
"""The values of each field, in words."""


class KnownBinding(NamedTuple):
    """A binding's default keys, separated by commas, and what it does."""

    keys: str
    tooltip: str


def settings_path() -> Path:
    """The settings file: $ABILITYSCOPE_SETTINGS, else in the platform's folder for settings."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return expanded(named).absolute()
    return Path(platformdirs.user_config_dir("abilityscope", appauthor=False)) / "settings.toml"


def load_settings(path: Path) -> Settings:
    """Reads a settings file; without one, the defaults.

    Raises:
        ValueError: not TOML, an unknown field or a wrong value; the message names file and field.
        OSError: it cannot be read.
    """
    try:
        document = msgspec.toml.decode(path.read_bytes())
    except FileNotFoundError:
        return Settings()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"The settings in {path} are not TOML: {error}.") from error
    try:
        return Settings(**{name: _field(name, value) for name, value in document.items()})
    except ValueError as error:
        raise ValueError(f"In the settings {path}: {error}") from error


def _field(name: str, value: Any) -> Any:
    """The checked value of a field.

    Raises:
        ValueError: an unknown field or a wrong value.
    """
    types = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    one_of(name, types, "setting")
    try:
        return msgspec.convert(value, types[name])
    except msgspec.ValidationError as error:
        raise ValueError(f"{name} is {value!r}, but must be {ALLOWED[name]}.") from error


def check_keys(keys: Mapping[str, str], known_ids: Collection[str]) -> None:
    """Checks the keys of the settings.

    Raises:
        ValueError: an unknown binding, or one without a key.
    """
    for binding_id, named in keys.items():
        if binding_id not in known_ids:
            near = difflib.get_close_matches(binding_id, list(known_ids), n=1, cutoff=0.4)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ValueError(
                f"In the settings, [keys] names the unknown binding '{binding_id}'.{hint} "
                "`abilityscope settings` lists all."
            )
        if not all(key.strip() for key in named.split(",")):
            raise ValueError(f'In the settings, [keys] needs a key for "{binding_id}", such as "f5".')


def known_bindings(classes: Iterable[type]) -> dict[str, KnownBinding]:
    """The bindings of some classes by id; bindings with the same id are one."""
    from textual.binding import Binding

    found: dict[str, KnownBinding] = {}
    for of in classes:
        for binding in vars(of).get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id is not None:
                what = binding.tooltip or binding.description
                found.setdefault(binding.id, KnownBinding(binding.key, what))
    return found


def bound_classes() -> list[type]:
    """The inspector's classes that can have bindings. Imports the whole inspector."""
    import pkgutil
    from importlib import import_module

    from textual.dom import DOMNode

    package = import_module(PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        import_module(module.name)
    ours = {of for of in _descendants(DOMNode) if of.__module__.startswith(f"{PACKAGE}.")}
    return sorted(ours, key=lambda of: (of.__module__, of.__qualname__))


def _descendants(of: type) -> Iterable[type]:
    children: list[type] = of.__subclasses__()
    for child in children:
        yield child
        yield from _descendants(child)
