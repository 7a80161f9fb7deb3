"""All that the command line writes: results on stdout; progress, notes and errors on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tui.safe_text import shown

if TYPE_CHECKING:
    from rich.table import Table

PIPE_WIDTH = 10_000
"""Columns of a table that does not go to a terminal: so wide that no line is broken."""


LONGEST_LINE = 110
"""Columns of a sentence, however wide the screen."""


class OutputClosed(Exception):  # noqa: N818 (the reader has seen enough, which is no error)
    """Nobody reads stdout any more, as after `| head`."""


def write(text: str) -> None:
    """Writes text to stdout at once.

    Raises:
        OutputClosed: nobody reads it any more.
        OSError: it cannot be written, such as to a full disk.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_stdout()
        raise OutputClosed from None
    except OSError:
        _abandon_stdout()
        raise


def write_document(document: Mapping[str, Any]) -> None:
    """Writes one JSON document; in ASCII, so that nothing in it acts on a terminal."""
    write(json.dumps(document, indent=2, allow_nan=False) + "\n")


def finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """With null for what is infinite or no number: JSON knows neither."""
    return {
        name: None if isinstance(value, float) and not abs(value) < float("inf") else value
        for name, value in values.items()
    }


def write_json_line(document: Mapping[str, Any]) -> None:
    """Writes one JSON document as one line of ASCII."""
    write(json.dumps(document, allow_nan=False) + "\n")


def write_table(table: Table) -> None:
    """Writes a table as wide as the terminal, or with one line a row where there is none."""
    from rich.console import Console

    console = Console(
        file=sys.stdout,
        width=None if sys.stdout.isatty() else PIPE_WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
    )
    with console.capture() as capture:
        console.print(table)
    write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))


def wrapped(text: str) -> str:
    """The text in lines that fit, broken at spaces."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else LONGEST_LINE
    return textwrap.fill(text, min(columns, LONGEST_LINE))


def note(text: str) -> None:
    """Writes one line to stderr."""
    sys.stderr.write(f"{shown(text)}\n")
    sys.stderr.flush()


def _abandon_stdout() -> None:
    """Sends what is still buffered to nowhere: Python would else complain about it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
