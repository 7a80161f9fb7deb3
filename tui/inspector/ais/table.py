"""The AIS matrix: read from the cache, as a heat map, as text, and as files."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.abilities.catalogue import ABILITIES
from core.experiment.specs import MaskSpec
from tui.inspector.activity import Activity
from tui.inspector.ais.cell_text import (
    MARK_WIDTH,
    NOT_SHOWN,
    cell_text,
    flag_of,
    is_significant,
    legend,
    long_cell_text,
    mean_ais,
    not_shown,
)
from tui.inspector.lens import Lens
from tui.inspector.look.marks import Marks
from tui.inspector.pane import text_table, write_rows
from tui.inspector.session import Session
from tui.inspector.widgets.heat_table import Heading, HeatCell, HeatRow, HeatTable
from tui.names import short_benchmark, short_name
from tui.numbers import interval, number

if TYPE_CHECKING:
    from core.analysis.matrix import Cell, Matrix

AIS = ("ais", "ais_low", "ais_high")
STATISTICS = ("n", "score", "base_score", "chance", *AIS, "detectable_ais", "p_value")
"""Figures of a cell that are written to files."""

Question = tuple[MaskSpec, int | None, tuple[str, ...]]
"""What identifies a matrix: the mask of its first ability, the limit, and the columns."""


def question_of(session: Session, lens: Lens) -> Question:
    """The matrix of a lens that ablates something."""
    columns = tuple(benchmark.id for benchmark in session.columns(lens))
    return replace(lens.mask_or_fail, ability=ABILITIES[0].id), lens.limit, columns


def read_matrix(session: Session, lens: Lens) -> Matrix:
    """The lens's matrix from the cache; called in a thread.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    from core.analysis.matrix import matrix

    return matrix(session.experiment, lens.mask_or_fail, session.columns(lens), lens.limit)


def running_cell(matrix: Matrix, activity: Activity) -> tuple[str, str] | None:
    """Ability and benchmark of the cell of a matrix that the engine is computing; None without one."""
    run = None if activity.current is None else activity.current.run
    if run is None or run.mask is None:
        return None
    is_here = replace(run.mask, ability=matrix.mask.ability) == matrix.mask
    return (run.mask.ability, run.benchmark) if is_here else None


def heat_table(matrix: Matrix, marks: Marks, running: tuple[str, str] | None) -> HeatTable:
    """The matrix for the screen, means of the random controls below; the running cell has its mark."""
    rows = [
        HeatRow(
            heading_of(ability),
            [_heat_cell(matrix.cells[ability, b], marks, (ability, b) == running) for b in matrix.benchmarks],
            flag=flag_of(matrix, ability, marks),
        )
        for ability in matrix.abilities
    ]
    controls = [HeatCell(f"{text} ", roomy=_roomy(f"{text} ")) for text in _control_texts(matrix, marks)]
    below = [HeatRow(Heading("(random)", "random"), controls)] if controls else []
    return HeatTable([heading_of(one) for one in matrix.benchmarks], rows, below, corner="ablated")


def heading_of(name: str) -> Heading:
    """The names of an ability or a benchmark, by its id."""
    return Heading(short_benchmark(name), short_name(name))


def _heat_cell(cell: Cell, marks: Marks, is_running: bool) -> HeatCell:
    found = cell.statistics
    if found is None or found.ais is None or found.ais_low is None or found.ais_high is None:
        text = f"{marks.running} " if is_running and found is None else cell_text(cell, marks)
        return HeatCell(text, is_dim=not is_running, roomy=_roomy(text))
    below = interval(found.ais_low, found.ais_high).replace(",", "")
    return HeatCell(cell_text(cell, marks), found.ais, below, roomy=long_cell_text(cell, marks))


def _roomy(text: str) -> str:
    """A text with one column for a mark, aligned with cells that have room for a whole one."""
    return text + (MARK_WIDTH - 1) * " "


def _control_texts(matrix: Matrix, marks: Marks) -> list[str]:
    """The mean AIS of the random controls on each benchmark; empty for a matrix of random masks."""
    if matrix.selection == "random":
        return []
    controls = ([matrix.cells[a, b].control for a in matrix.abilities] for b in matrix.benchmarks)
    means = map(mean_ais, controls)
    return [marks.lacking if mean is None else number(mean) for mean in means]


def plain_table(matrix: Matrix, marks: Marks) -> str:
    """The matrix as text in columns."""
    return text_table(_texts(matrix, marks)) + "\n"


def _texts(matrix: Matrix, marks: Marks) -> list[list[str]]:
    """Names and cells, the column names first."""
    rows = [["without", *map(short_benchmark, matrix.benchmarks)]]
    for ability in matrix.abilities:
        flag = flag_of(matrix, ability, marks)
        cells = [long_cell_text(matrix.cells[ability, b], marks).strip() for b in matrix.benchmarks]
        rows.append([short_benchmark(ability) + flag, *cells])
    controls = _control_texts(matrix, marks)
    return [*rows, ["(random)", *controls]] if controls else rows


def write_matrix(matrix: Matrix, marks: Marks, path: Path) -> None:
    """Writes the matrix as CSV or JSON, one row for each cell, or as Markdown, as the suffix says.

    Raises:
        OSError: the file cannot be written.
    """
    if path.suffix == ".md":
        path.write_text(_markdown(matrix, marks), encoding="utf-8")
    else:
        rows = [_record(matrix, cell) for cell in matrix.cells.values()]
        write_rows(path, rows, rows)


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
        **{name: found and _finite(getattr(found, name)) for name in STATISTICS},
        "q_value": cell.q_value,
        "holm_p": cell.holm_p,
        "empirical_p": cell.empirical and cell.empirical.p_value,
        "random_masks": 0 if cell.empirical is None else cell.empirical.masks,
        "is_significant": is_significant(cell),
        "reason": found and found.reason,
        "collapsed": cell.ability in matrix.collapsed,
        "shown": matrix.shown[cell.ability].is_shown if cell.ability in matrix.shown else None,
        **{f"control_{name}": control and _finite(getattr(control, name)) for name in AIS},
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value


def _markdown(matrix: Matrix, marks: Marks) -> str:
    head, *rows = [[_escaped(text) for text in row] for row in _texts(matrix, marks)]
    rule = ["---", *("--:" for _ in head[1:])]
    lines = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
    return "\n".join([*lines, "", _escaped(_legend(matrix, marks)), ""])


def _legend(matrix: Matrix, marks: Marks) -> str:
    whole = legend(marks, has_whole_marks=True)
    return f"{whole}  {marks.not_shown} {NOT_SHOWN}" if not_shown(matrix) else whole


def _escaped(text: str) -> str:
    r"""Without effect in Markdown: `.65\*`."""
    return "".join(f"\\{c}" if c in r"\*_|<>[]`#" else c for c in text)
