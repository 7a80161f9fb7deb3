"""The AIS matrix as a heat map, as text, and as files."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

from cache.files import write_atomically
from tui.inspector.ais.text import MARK_WIDTH, cell_text, is_significant, legend, long_cell_text, mean_ais
from tui.inspector.widgets.heat_table import Heading, HeatCell, HeatRow, HeatTable
from tui.names import short_benchmark, short_name
from tui.numbers import interval, number
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from pathlib import Path

    from core.analysis.matrix import Cell, Matrix
    from tui.inspector.look.marks import Marks


def heat_table(matrix: Matrix, marks: Marks, running: tuple[str, str] | None) -> HeatTable:
    """The matrix for the screen, the mean of the random controls below it.

    Args:
        matrix: as far as it is computed.
        marks: the signs.
        running: the ability and benchmark of the cell that is being computed, if one is.
    """
    rows = [
        HeatRow(
            heading_of(ability),
            [_heat_cell(matrix.cells[ability, b], marks, (ability, b) == running) for b in matrix.benchmarks],
            flag=marks.collapsed if ability in matrix.collapsed else "",
        )
        for ability in matrix.abilities
    ]
    columns = [heading_of(benchmark) for benchmark in matrix.benchmarks]
    return HeatTable(columns, rows, _control_rows(matrix, marks), corner="ablated")


def heading_of(name: str) -> Heading:
    """The names of an ability or a benchmark, by its id."""
    return Heading(safe_line(short_benchmark(name)), short_name(name))


def _heat_cell(cell: Cell, marks: Marks, is_running: bool) -> HeatCell:
    found = cell.statistics
    if found is None or found.ais is None or found.ais_low is None or found.ais_high is None:
        text = f"{marks.running} " if is_running and found is None else cell_text(cell, marks)
        return HeatCell(text, is_dim=not is_running, roomy=_roomy(text))
    below = interval(found.ais_low, found.ais_high).replace(",", "")
    return HeatCell(cell_text(cell, marks), found.ais, below, roomy=long_cell_text(cell, marks))


def _roomy(text: str) -> str:
    """A text with one column for a mark, in line with cells that have room for a whole one."""
    return text + (MARK_WIDTH - 1) * " "


def control_means(matrix: Matrix) -> list[float | None]:
    """The mean AIS of the random controls of all abilities, by benchmark; None where none is computed."""
    return [mean_ais([matrix.cells[a, b].control for a in matrix.abilities]) for b in matrix.benchmarks]


def _control_rows(matrix: Matrix, marks: Marks) -> list[HeatRow]:
    means = control_means(matrix)
    if matrix.selection == "random":
        return []
    texts = [f"{marks.lacking if mean is None else number(mean)} " for mean in means]
    return [HeatRow(Heading("(random)", "random"), [HeatCell(text, roomy=_roomy(text)) for text in texts])]


def plain_table(matrix: Matrix, marks: Marks) -> str:
    """The matrix as text in columns."""
    rows = _texts(matrix, marks)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _texts(matrix: Matrix, marks: Marks) -> list[list[str]]:
    """Names and cells, the column names first."""
    rows = [["without", *(safe_line(short_benchmark(b)) for b in matrix.benchmarks)]]
    for ability in matrix.abilities:
        flag = marks.collapsed if ability in matrix.collapsed else ""
        cells = [long_cell_text(matrix.cells[ability, b], marks).strip() for b in matrix.benchmarks]
        rows.append([short_benchmark(ability) + flag, *cells])
    if matrix.selection != "random":
        means = control_means(matrix)
        rows.append(["(random)", *(marks.lacking if mean is None else number(mean) for mean in means)])
    return rows


def write_matrix(matrix: Matrix, marks: Marks, path: Path) -> None:
    """Writes the matrix as CSV or JSON (one row for each cell) or as a Markdown table.

    Args:
        matrix: as far as it is computed.
        marks: the signs of the Markdown table.
        path: its suffix says which format: `.csv`, `.json` or `.md`.

    Raises:
        OSError: the file cannot be written.
    """
    rows = [_record(matrix, cell) for cell in matrix.cells.values()]
    if path.suffix == ".json":
        text = json.dumps(rows, indent=2, allow_nan=False) + "\n"
    elif path.suffix == ".md":
        text = _markdown(matrix, marks)
    else:
        sheet = io.StringIO()
        writer = csv.DictWriter(sheet, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        text = sheet.getvalue()
    write_atomically(path, text.encode())


def _record(matrix: Matrix, cell: Cell) -> dict[str, Any]:
    """One cell with its names; null for what is missing or unbounded."""
    found, control = cell.statistics, cell.control
    return {
        "ability": cell.ability,
        "variant": matrix.variant,
        "selection": matrix.selection,
        "scope": matrix.scope,
        "k": matrix.k,
        "weights": matrix.weights,
        "benchmark": cell.benchmark,
        "state": cell.state,
        "n": found and found.n,
        "score": found and found.score,
        "base_score": found and found.base_score,
        "chance": found and found.chance,
        "ais": found and found.ais,
        "ais_low": found and _finite(found.ais_low),
        "ais_high": found and _finite(found.ais_high),
        "detectable_ais": found and found.detectable_ais,
        "p_value": found and found.p_value,
        "q_value": cell.q_value,
        "holm_p": cell.holm_p,
        "empirical_p": cell.empirical and cell.empirical.p_value,
        "random_masks": 0 if cell.empirical is None else cell.empirical.masks,
        "is_significant": is_significant(cell),
        "reason": found and found.reason,
        "collapsed": cell.ability in matrix.collapsed,
        "control_ais": control and control.ais,
        "control_ais_low": control and _finite(control.ais_low),
        "control_ais_high": control and _finite(control.ais_high),
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value


def _markdown(matrix: Matrix, marks: Marks) -> str:
    head, *rows = [[_escaped(text) for text in row] for row in _texts(matrix, marks)]
    rule = ["---", *("--:" for _ in head[1:])]
    lines = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
    return "\n".join([*lines, "", _escaped(legend(marks, has_whole_marks=True)), ""])


def _escaped(text: str) -> str:
    r"""Without effect in Markdown: `.65\*`."""
    return "".join(f"\\{c}" if c in r"\*_|<>[]`#" else c for c in text)
