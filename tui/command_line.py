"""The `abilityscope` command. Starts fast: a command imports what it needs when it runs."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import takewhile
from typing import Annotated

import typer

from core.models.spec import shortened
from tui import output
from tui.opening import ScreenOptions, engine_spec, has_terminal, open_inspector
from tui.option_groups import GroupedCommand
from tui.options import ModelFlags

PROGRAM = "abilityscope"

OK, FAILED, INTERRUPTED = 0, 1, 130
"""Exit codes; a usage error has 2."""

OVERVIEW = """\
abilityscope: which abilities does a benchmark really need?

It scores every weight of a Llama for ten cognitive abilities, sets the most important weights of one
ability to zero, and measures what the model can no longer do.

Try:
  abilityscope tui                                         the inspector, on a tiny Llama or your --model
  abilityscope profile --limit 100                         ten abilities by ten benchmarks, in tables
  abilityscope bench --benchmark spatial_reasoning         one benchmark; ablated with --ability
  abilityscope benchmarks                                  all benchmarks, and whether their data is here
  abilityscope doctor                                      this computer, and whether a model fits

Help on a command: abilityscope COMMAND --help
"""

COMMANDS = (
    *("tui", "profile", "importance", "overlap", "calibrate", "bench", "benchmarks", "generate", "data"),
    *("report", "compare", "export", "export-model", "attach", "jobs", "stop", "doctor", "settings", "cache"),
)
"""In the order of the help: each a function of its name, or the group `app`, in a module of tui.commands."""

MODULES = {"attach": "tui", "settings": "tui", "stop": "jobs"}
"""The module of a command that is not called like it."""


def command_app(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The program with some commands, whose modules alone are imported: all of them take a tenth of a second.

    Help is plain text: rich would add a third of a second to every start.
    """
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.callback(invoke_without_command=True)(overview)
    for name in names:
        function = name.replace("-", "_")
        module = import_module(f"tui.commands.{MODULES.get(name, function)}")
        if isinstance(group := getattr(module, "app", None), typer.Typer):
            app.add_typer(group, name=name)
        else:
            app.command(name, cls=GroupedCommand)(getattr(module, function))
    return app


def _named(arguments: Sequence[str]) -> list[str]:
    """The command that the arguments begin with; none for the inspector alone; else all, to list them."""
    rest = [argument for argument in arguments if argument != "--debug"]
    if rest and rest[0] in COMMANDS:
        return [rest[0]]
    return list(COMMANDS) if rest else []


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        output.write(f"{PROGRAM} {version(PROGRAM)}\n")
        raise typer.Exit


def overview(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Which abilities does a benchmark really need? Ablate the weights of one ability and watch."""
    if context.invoked_subcommand is not None:
        return
    if has_terminal():
        open_inspector(engine_spec(ModelFlags()), ScreenOptions())
    else:
        output.write(OVERVIEW)


def main() -> None:
    """Runs the command of `sys.argv`, and exits with its code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code: 0, 1 (failed), 2 (usage error) or 130 (Ctrl-C)."""
    try:
        return _invoke(list(arguments))
    except typer.Exit as end:
        return end.exit_code
    except output.OutputClosed:
        return OK
    except typer.TyperException as error:
        output.note(f"{PROGRAM}: {_usage_line(error)}")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        output.note(f"{PROGRAM}: interrupted.")
        return INTERRUPTED


def _invoke(arguments: list[str]) -> int:
    arguments = _with_command(arguments)
    # Not `app()`, which prints errors over several lines, in colours, and exits itself.
    program = typer.main.get_command(command_app(_named(arguments)))
    # A default for --help: to turn None into a bool, typer would load pydantic, which takes 60 ms.
    with program.make_context(PROGRAM, arguments, default_map={"help": False}) as context:
        try:
            program.invoke(context)
        except (typer.Exit, typer.Abort, typer.TyperException, output.OutputClosed):
            raise
        except Exception as error:
            if context.params["debug"]:
                traceback.print_exc()
            output.note(f"{PROGRAM}: {_failure_line(error)}")
            return FAILED
    return OK


def _with_command(arguments: list[str]) -> list[str]:
    """The arguments with the command `tui` if they begin with its options: `abilityscope --model smollm2`."""
    n = len(list(takewhile("--debug".__eq__, arguments)))
    is_option = arguments[n:] and arguments[n].startswith("-") and arguments[n] not in ("--help", "--version")
    return [*arguments[:n], "tui", *arguments[n:]] if is_option else arguments


def _usage_line(error: typer.TyperException) -> str:
    """What is wrong with the arguments, on one line; for errors of typer, with the command's --help."""
    message = " ".join(error.format_message().split())
    end = "" if message.endswith((".", "?")) else "."
    context = getattr(error, "ctx", None)
    return f"{message}{end} See {context.command_path} --help." if context else message


def _failure_line(error: Exception) -> str:
    """What went wrong, on one line; for an unforeseen error, how to see the traceback."""
    from cache.files import CorruptEntry

    message = " ".join(_words(error).split())
    if message and isinstance(error, (ValueError, OSError, CorruptEntry)):
        return message if message.endswith((".", "?", "!")) else f"{message}."
    return f"{type(error).__name__}: {message} ({PROGRAM} --debug COMMAND shows where.)"


def _words(error: Exception) -> str:
    """The message of an error; for one of the system, the file and the reason without its number."""
    if isinstance(error, OSError) and error.strerror and str(error).startswith("[Errno "):
        named = error.filename if isinstance(error.filename, str) else None
        where = "" if named is None else f"'{shortened(named)}' cannot be used: "
        return f"{where}{error.strerror}"
    return str(error)
