"""Groups of options as dataclasses, of which a command takes those it needs, and the headings of its help."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from typer.core import TyperCommand

HEADINGS: dict[str, str] = {
    "Model": "model gguf tokenizer quantization dtype device revision prompt level",
    "Abilities and masks": "abilities ability variants variant selections selection scope k random_seeds "
    "n_items items preset",
    "Benchmarks": "benchmarks benchmark limit until data_dir few_shot chat allow_code_execution",
    "Run": "plan_only shard batch_size seed cache_dir",
    "Output": "out measure as_json",
    "Ray": "ray workers cpus_per_worker",
}
"""Where options stand in the help, by their parameters; what is not here comes last."""


class GroupedCommand(TyperCommand):
    """A command whose help has its options under headings; in plain text, as rich takes long to import."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        own = {one.name: one for one in self.get_params(ctx)}
        arguments = [name for name, one in own.items() if one.param_type_name == "argument"]
        groups = {"Arguments": arguments} | {heading: names.split() for heading, names in HEADINGS.items()}
        placed = {name for names in groups.values() for name in names}
        groups["Options"] = [name for name in own if name not in placed]
        for heading, names in groups.items():
            records = [own[name].get_help_record(ctx) for name in names if name in own]
            if found := [one for one in records if one is not None]:
                with formatter.section(heading):
                    formatter.write_dl(found)


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
