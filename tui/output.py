"""Output of the command line: results on stdout; progress, notes and errors on stderr."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui.safe_text import shown

if TYPE_CHECKING:
    from rich.table import Table

PIPE_WIDTH = 10_000
"""Columns of a table that does not go to a terminal: no line is broken."""


BESIDE = 120
"""Columns of the terminal from which a list has its texts in a column."""

INDENT = re.compile(r" *(\S+ {2,})?")
"""The beginning of a line up to what it is about: spaces, or a name in a column of its own."""

LONGEST_LINE = 110
"""Most columns of a sentence."""


class OutputClosed(Exception):  # noqa: N818 (the reader has seen enough, which is no error)
    """The reader of stdout has closed it, as `| head` does."""


def write(text: str) -> None:
    """Writes text to stdout at once; on a terminal, longer lines are broken at spaces.

    Raises:
        OutputClosed: the reader has closed it.
        OSError: it cannot be written, as to a full disk.
    """
    write_as_is("\n".join(_fitted(line, columns()) for line in text.split("\n")))


def write_as_is(text: str) -> None:
    """Writes text that a program may read to stdout at once.

    Raises:
        OutputClosed: the reader has closed it.
        OSError: it cannot be written, as to a full disk.
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
    """Writes one JSON document, in ASCII: nothing in it acts on a terminal."""
    write_as_is(json.dumps(document, indent=2, allow_nan=False) + "\n")


def finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, None for infinite and NaN, which JSON lacks."""
    return {
        name: None if isinstance(value, float) and not abs(value) < float("inf") else value
        for name, value in values.items()
    }


def write_json_line(document: Mapping[str, Any]) -> None:
    """Writes one JSON document as one line of ASCII."""
    write_as_is(json.dumps(document, allow_nan=False) + "\n")


def columns() -> int:
    """Columns of the terminal; without one, so many that no line is broken."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH


def write_table(table: Table) -> None:
    """Writes a table as wide as the terminal, or with one line per row without one."""
    title, table.title = table.title, None
    if title is not None:  # the table's own would be no wider than the table
        write(f"{title}\n")
    write_as_is("".join(f"{line}\n" for line in table_lines(table)))


def table_lines(table: Table) -> list[str]:
    """The lines of a table as wide as the terminal."""
    from rich.console import Console

    console = Console(file=sys.stdout, width=columns(), markup=False, emoji=False, highlight=False)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]


def write_list(
    left: Sequence[str], right: Sequence[str], last: str, rows: Sequence[tuple[Sequence[str], str]]
) -> None:
    """Writes a list of things, each with a text: in a last column, or below it on a narrow terminal.

    Args:
        left: heads of the first columns.
        right: heads of the right-aligned columns after them.
        last: head of the texts.
        rows: the cells of each thing, and its text.
    """
    from rich.text import Text

    is_wide = columns() >= BESIDE
    table = plain_table((*left, *right), left=left)
    if is_wide:
        table.add_column(last, overflow="fold")
    for cells, text in rows:
        table.add_row(*(Text(shown(cell)) for cell in (*cells, *([text] if is_wide else []))))
    head, *lines = table_lines(table)
    if not is_wide:
        below = (wrapped(shown(text), "  ") for _, text in rows)
        lines = [line for both in zip(lines, below, strict=True) for line in both if line]
    write_as_is("".join(f"{line}\n" for line in (head, *lines)))


def wrapped(text: str, indent: str = "") -> str:
    """The text in lines that fit, broken at spaces."""
    return _filled(text, min(columns(), LONGEST_LINE), indent)


def _fitted(line: str, width: int) -> str:
    """The line, broken at spaces where it is longer; what follows its first column stays below that."""
    if len(line) <= width:
        return line
    indent = len(INDENT.match(line)[0])  # type: ignore[index]
    return _filled(line, width, following=" " * indent)


def _filled(text: str, width: int, indent: str = "", following: str | None = None) -> str:
    """The text in lines broken at spaces; a longer word, such as a path, stays whole."""
    return textwrap.fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent if following is None else following,
        break_long_words=False,
        break_on_hyphens=False,
    )


def plain_table(
    heads: Sequence[str],
    *,
    left: Collection[str] | None = None,
    title: str | None = None,
    is_tight: bool = False,
    wraps: bool = False,
) -> Table:
    """An empty table without lines.

    Args:
        heads: of its columns.
        left: heads of the left-aligned columns; None for the first one.
        title: above the table.
        is_tight: one space between columns instead of two.
        wraps: whether cells may take several lines.
    """
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, collapse_padding=is_tight)
    for head in heads:
        is_left = head in (heads[:1] if left is None else left)
        table.add_column(head, justify="left" if is_left else "right", no_wrap=not wraps)
    return table


def note(text: str) -> None:
    """Writes one line to stderr; on a terminal, in lines broken at spaces."""
    line = shown(text)
    if sys.stderr.isatty():
        line = _fitted(line, shutil.get_terminal_size().columns)
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _abandon_stdout() -> None:
    """Discards what is still buffered, which Python would complain about when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
