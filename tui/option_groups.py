"""Groups of options as dataclasses: a command takes the groups it needs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints


def with_flags(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of its groups, after its own options.

    A group is a parameter whose type is a dataclass, such as `ModelFlags`.
    """
    kinds: dict[str, type[Any]] = {
        name: kind
        for name, kind in get_type_hints(command).items()
        if isinstance(kind, type) and is_dataclass(kind)
    }

    @functools.wraps(command)
    def spread(**arguments: Any) -> None:
        groups = {
            name: kind(**{field.name: arguments.pop(field.name) for field in fields(kind)})
            for name, kind in kinds.items()
        }
        command(**groups, **arguments)

    own = [parameter for parameter in _parameters(command) if parameter.name not in kinds]
    parameters = own + [parameter for kind in kinds.values() for parameter in _parameters(kind)]
    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return spread


def _parameters(of: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters as keyword-only ones, with evaluated annotations."""
    hints = get_type_hints(of, include_extras=True)
    return [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
        for parameter in inspect.signature(of).parameters.values()
    ]
