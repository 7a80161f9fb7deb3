"""Reads the tables of words, facts and sentences under `data/`, and checks them.

A table file is plain text. `[name] column | column` begins a table and names its columns; each line below it
is a row with `|` between its cells. An indented line goes on with the row above it, and `#` begins a comment.
A column whose name ends in `, ...` holds lists, with commas between their entries.

The rows of a table may come in blocks. In a table with the header `[name] title > column | column`, a line
that begins with `>` is the title of a new block; in any other table an empty line begins a new block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple
from unicodedata import is_normalized

DATA = Path(__file__).parent / "data"
"""The folder of the table files."""

MISSING = "-"
"""A cell that has no good word."""

Row = tuple[str, ...]


class Block(NamedTuple):
    """Rows that belong together."""

    title: Row
    """The cells of the block's title; none in a table without titles."""
    rows: list[Row]


@dataclass
class Table:
    """One table of a file."""

    title_columns: Row
    """Names of the columns of a block's title; none in a table without titles."""
    columns: Row
    blocks: list[Block]
    lines: dict[str, int] = field(default_factory=dict)
    """Line of every row and title, or of every entry in a table that is one list."""

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All rows."""
        return tuple(row for block in self.blocks for row in block.rows)

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """All rows of a table with two columns."""
        return tuple((first, second) for first, second in self.rows)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """All cells of a table with one column, or all entries if the column holds lists."""
        return tuple(text for row in self.rows for text in self._texts_of(row))

    @cached_property
    def lists(self) -> dict[str, tuple[str, ...]]:
        """The cells below each title, or else the list in each row's second cell, by its first cell."""
        if self.title_columns:
            return {title[0]: tuple(cell for (cell,) in rows) for title, rows in self.blocks}
        return {key: entries(cell) for key, cell in self.pairs}

    def add(self, line: str, number: int) -> None:
        """Adds a line of the file: a row, a block's title or an empty line.

        Raises:
            ValueError: the line does not fit the table or repeats another.
        """
        if not line:
            if not self.title_columns and self.blocks[-1].rows:
                self.blocks.append(Block((), []))
        elif line.startswith(">"):
            title = _cells(line[1:], self.title_columns)
            self._note(("> " + " | ".join(title),), number)
            self.blocks.append(Block(title, []))
        elif self.blocks:
            row = _cells(line, self.columns)
            self._note(self._texts_of(row), number)
            self.blocks[-1].rows.append(row)
        else:
            raise ValueError("a row before the first title")

    def _texts_of(self, row: Row) -> tuple[str, ...]:
        is_list = len(row) == 1 and _is_list(self.columns[0])
        return entries(row[0]) if is_list else (" | ".join(row),)

    def _note(self, texts: tuple[str, ...], number: int) -> None:
        for text in texts:
            if text in self.lines:
                raise ValueError(f"'{text}' is on line {self.lines[text]} already")
            self.lines[text] = number


@cache
def read_tables(name: str) -> dict[str, Table]:
    """The tables of `data/<name>.txt` by name, read and checked once."""
    return parse_tables(DATA / f"{name}.txt")


def parse_tables(path: Path) -> dict[str, Table]:
    """The tables of a file by name.

    Raises:
        ValueError: a line is malformed, repeats another or has a forbidden character; the message names
            file and line.
    """
    tables: dict[str, Table] = {}
    table, number = None, 0
    try:
        for number, line in _joined_lines(path.read_text(encoding="utf-8")):
            if not line.isprintable() or not is_normalized("NFC", line):
                raise ValueError(f"a control, invisible or combining character in {line!a}")
            if line.startswith("["):
                name, table = _opened(line)
                if name in tables:
                    raise ValueError(f"a second table [{name}]")
                tables[name] = table
            elif table:
                table.add(line, number)
            elif line:
                raise ValueError("a row before the first header")
    except ValueError as error:
        raise ValueError(f"{path}, line {number}: {error}.") from error
    for name, table in tables.items():
        if table.blocks and not table.blocks[-1].rows and not table.title_columns:
            table.blocks.pop()  # the empty line before the next header
        if not table.blocks or not all(block.rows for block in table.blocks):
            raise ValueError(f"{path}: the table [{name}] or one of its titles has no rows.")
    return tables


def entries(cell: str) -> tuple[str, ...]:
    """The entries of a cell that holds a list."""
    return tuple(cell.split(", "))


def _joined_lines(text: str) -> Iterator[tuple[int, str]]:
    """Every line that is no comment, with its number, joined with the indented lines below it."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("#"):
            continue
        if parts and line.startswith(" ") and line.strip():
            parts.append(line.strip(" "))
            continue
        if parts:
            yield first, " ".join(parts)
        parts, first = [line.strip(" ")], number
    yield first, " ".join(parts)


def _opened(header: str) -> tuple[str, Table]:
    """The name of the table that a header begins, and the empty table."""
    name, bracket, columns = header[1:].partition("]")
    before, arrow, after = columns.partition(">")
    if not bracket or not columns.strip():
        raise ValueError("a header has the form [name] column | column")
    if arrow:
        return name, Table(_cells(before), _cells(after), [])
    return name, Table((), _cells(before), [Block((), [])])


def _cells(line: str, columns: Row | None = None) -> Row:
    """The cells of a line."""
    cells = tuple(cell.strip() for cell in line.split("|"))
    for cell in cells:
        if not cell or "  " in cell:
            raise ValueError(f"an empty cell ({MISSING} means none) or two spaces in a row: '{cell}'")
    if columns is None:
        return cells
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells, not {len(columns)} ({' | '.join(columns) or 'no title'})")
    for cell, column in zip(cells, columns, strict=True):
        listed = entries(cell) if _is_list(column) else ()
        if (listed and cell.endswith(",")) or "" in listed or len(set(listed)) < len(listed):
            raise ValueError(f"an empty or repeated entry in the list '{cell}'")
    return cells


def _is_list(column: str) -> bool:
    return column.endswith(", ...")
