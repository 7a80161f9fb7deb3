"""A person's settings: a TOML file of a few fields. Reading it needs no Textual."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import platformdirs

from cache.paths import expanded
from core.models.spec import one_of

ENVIRONMENT_VARIABLE = "ABILITYSCOPE_SETTINGS"
"""Names the file, unless the usual one is meant."""

PACKAGE = "tui.inspector"
"""Whose classes have keys that can be changed."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person prefers; options of the command line come before it."""

    theme: str = "abilityscope-dark"
    ascii: bool = False
    """Only signs that every terminal has."""
    mouse: bool = True
    readonly: bool = False
    """Look, and compute nothing."""
    keys: dict[str, str] = {}
    """By the id of a binding: its keys, with commas between them, in place of the usual ones."""


ALLOWED: Mapping[str, str] = {
    "theme": 'the name of a theme in quotes, such as "abilityscope-light"',
    "ascii": "true or false",
    "mouse": "true or false",
    "readonly": "true or false",
    "keys": 'a table of lines such as "engine.run" = "f5,r"',
}
"""What each field may be, in words."""


class KnownBinding(NamedTuple):
    """What a binding does, and its keys as they are without settings."""

    keys: str
    """With commas between them."""
    tooltip: str


def settings_path() -> Path:
    """Where the settings lie: $ABILITYSCOPE_SETTINGS, else in the platform's folder for settings."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return expanded(named).absolute()
    return Path(platformdirs.user_config_dir("abilityscope", appauthor=False)) / "settings.toml"


def load_settings(path: Path) -> Settings:
    """Reads a settings file; one that is not there means the defaults.

    Raises:
        ValueError: it is no TOML, or has a field that there is not or a value that it cannot have; the
            message names file and field, and says what is allowed.
        OSError: it cannot be read.
    """
    try:
        document = msgspec.toml.decode(path.read_bytes())
    except FileNotFoundError:
        return Settings()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"The settings in {path} are no TOML: {error}.") from error
    try:
        return Settings(**{name: _field(name, value) for name, value in document.items()})
    except ValueError as error:
        raise ValueError(f"In the settings {path}: {error}") from error


def _field(name: str, value: Any) -> Any:
    """The value of a field, if it is one that it can have.

    Raises:
        ValueError: there is no such field, or it cannot have this value.
    """
    types = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    one_of(name, types, "setting")
    try:
        return msgspec.convert(value, types[name])
    except msgspec.ValidationError as error:
        raise ValueError(f"{name} is {value!r}, and has to be {ALLOWED[name]}.") from error


def check_keys(keys: Mapping[str, str], known_ids: Collection[str]) -> None:
    """Checks that the keys of the settings are for bindings that there are.

    Raises:
        ValueError: there is no such binding, or no key is named for it.
    """
    for binding_id, named in keys.items():
        if binding_id not in known_ids:
            raise ValueError(f"In the settings, [keys] names {_unknown_binding(binding_id, known_ids)}")
        if not all(key.strip() for key in named.split(",")):
            raise ValueError(f'In the settings, [keys] gives "{binding_id}" no key: write one, such as "f5".')


def _unknown_binding(binding_id: str, known_ids: Collection[str]) -> str:
    """That there is no such binding, with the nearest; not all of them, which are too many for a line."""
    import difflib

    near = difflib.get_close_matches(binding_id, list(known_ids), n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"the binding '{binding_id}', which there is not.{hint} `abilityscope settings` lists all."


def known_bindings(classes: Iterable[type]) -> dict[str, KnownBinding]:
    """The bindings with an id of some classes, by id, in the order of the classes.

    Bindings of the same id are one: the same thing done in several places.
    """
    from textual.binding import Binding

    found: dict[str, KnownBinding] = {}
    for of in classes:
        for binding in vars(of).get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id is not None:
                what = binding.tooltip or binding.description
                found.setdefault(binding.id, KnownBinding(binding.key, what))
    return found


def bound_classes() -> list[type]:
    """The inspector's classes: all that can have keys. Imports the whole inspector."""
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
