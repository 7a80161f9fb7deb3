"""The AIS matrix: read from the cache, as a heat map, as text, and as files."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.abilities.catalogue import ABILITIES
from tui.inspector.activity import Activity
from tui.inspector.ais.cell_text import (
    MARK_WIDTH,
    cell_text,
    flag_of,
    is_significant,
    legend,
    long_cell_text,
    matrix_title,
    mean_effect,
    not_shown,
    summary_text,
)
from tui.inspector.ais.report import NOTE, SUFFIX, write_report
from tui.inspector.command_of import profile_line
from tui.inspector.lens import Lens
from tui.inspector.look.marks import Marks
from tui.inspector.pane import Copied, Exported, text_table, write_rows
from tui.inspector.session import Session
from tui.inspector.widgets.heat_table import Heading, HeatCell, HeatRow, HeatTable
from tui.measures import Measure
from tui.names import file_words, short_benchmark, short_name
from tui.numbers import interval, number

if TYPE_CHECKING:
    from core.analysis.matrix import Cell, Matrix

Place = tuple[str, str]
"""Ability and benchmark of a cell."""

EFFECTS = ("ais", "ais_low", "ais_high", "ais_p", "ais_p_low", "ais_p_high")
STATISTICS = (
    *("n", "score", "base_score", "chance", "p_right", "base_p_right"),
    *(*EFFECTS, "detectable_ais", "p_value"),
)
"""Figures of a cell that are written to files."""

Question = tuple[object, ...]
"""What identifies a matrix: the mask of its first ability, the limit, where runs stop, the columns, whose it
is; of a difference the measure, too."""


def question_of(session: Session, lens: Lens) -> Question:
    """The matrix of a lens that ablates something."""
    columns = tuple(benchmark.id for benchmark in session.columns(lens))
    measure = session.measure.effect if session.pair else ""
    whose = (session.spec.id, session.shown, measure)
    return replace(lens.mask_or_fail, ability=ABILITIES[0].id), lens.limit, lens.stops_at, columns, whose


def copied_matrix(session: Session, lens: Lens, matrix: Matrix) -> Copied:
    """The matrix as text, with the command line that repeats it."""
    marks, measure = session.marks, session.measure
    summary = f"{measure.name}: {summary_text(matrix, measure)}"
    draws = max((one.empirical.masks for one in matrix.cells.values() if one.empirical), default=1)
    line = profile_line(session, lens, draws)
    table = plain_table(matrix, marks, measure) + _legend(matrix, marks, measure)
    parts = (matrix_title(matrix), summary, "", table, "", line, "")
    return Copied("\n".join(parts), "the AIS matrix as text")


def read_matrix(session: Session, lens: Lens) -> Matrix:
    """The lens's matrix from the cache; called in a thread.

    Raises:
        ValueError: k asks for more weights than there are candidates.
    """
    from core.analysis.matrix import matrix

    columns = session.columns(lens)
    return matrix(session.experiment, lens.mask_or_fail, columns, lens.limit, lens.stops_at)


def running_cells(matrix: Matrix, activity: Activity) -> frozenset[Place]:
    """Ability and benchmark of the cells of a matrix that the engine is computing."""
    runs = (one.run for one in activity.live.values())
    return frozenset(
        (run.mask.ability, run.benchmark)
        for run in runs
        if run.mask is not None and replace(run.mask, ability=matrix.mask.ability) == matrix.mask
    )


def heat_table(matrix: Matrix, marks: Marks, running: frozenset[Place], measure: Measure) -> HeatTable:
    """The matrix for the screen, means of the random controls below; the running cells have their mark."""
    rows = [
        HeatRow(
            heading_of(ability),
            [
                _heat_cell(matrix.cells[ability, b], marks, (ability, b) in running, measure)
                for b in matrix.benchmarks
            ],
            flag=flag_of(matrix, ability, marks),
        )
        for ability in matrix.abilities
    ]
    texts = _control_texts(matrix, marks, measure)
    controls = [HeatCell(f"{text} ", roomy=_roomy(f"{text} ")) for text in texts]
    below = [HeatRow(Heading("(random)", "random"), controls)] if controls else []
    return HeatTable([heading_of(one) for one in matrix.benchmarks], rows, below, corner="ablated")


def heading_of(name: str) -> Heading:
    """The names of an ability or a benchmark, by its id."""
    return Heading(short_benchmark(name), short_name(name))


def _heat_cell(cell: Cell, marks: Marks, is_running: bool, measure: Measure) -> HeatCell:
    bounds, short = measure.bounds(cell.statistics), cell_text(cell, marks, measure)
    if bounds is None:
        text = f"{marks.running} " if is_running and cell.statistics is None else short
        return HeatCell(text, is_dim=not is_running, roomy=_roomy(text))
    low, effect, high = bounds
    below = interval(low, high).replace(",", "")
    return HeatCell(short, effect, below, roomy=long_cell_text(cell, marks, measure))


def _roomy(text: str) -> str:
    """A text with one column for a mark, aligned with cells that have room for a whole one."""
    return text + (MARK_WIDTH - 1) * " "


def _control_texts(matrix: Matrix, marks: Marks, measure: Measure) -> list[str]:
    """The mean effect of the random controls on each benchmark; empty for a matrix of random masks."""
    if matrix.mask.selection == "random":
        return []
    controls = ([matrix.cells[a, b].control for a in matrix.abilities] for b in matrix.benchmarks)
    means = (mean_effect(found, measure) for found in controls)
    return [marks.lacking if mean is None else number(mean) for mean in means]


def plain_table(matrix: Matrix, marks: Marks, measure: Measure) -> str:
    """The matrix as text in columns."""
    return text_table(_texts(matrix, marks, measure)) + "\n"


def _texts(matrix: Matrix, marks: Marks, measure: Measure) -> list[list[str]]:
    """Names and cells, the column names first."""
    rows = [["without", *map(short_benchmark, matrix.benchmarks)]]
    for ability in matrix.abilities:
        flag = flag_of(matrix, ability, marks)
        texts = (long_cell_text(matrix.cells[ability, b], marks, measure) for b in matrix.benchmarks)
        cells = [text.strip() for text in texts]
        rows.append([short_benchmark(ability) + flag, *cells])
    controls = _control_texts(matrix, marks, measure)
    return [*rows, ["(random)", *controls]] if controls else rows


def exported_matrix(session: Session, lens: Lens, matrix: Matrix) -> Exported:
    """The matrix as a file: its cells, or the report of it."""
    mask = matrix.mask
    stem = f"{session.measure.effect}-{file_words(mask.variant, mask.selection, mask.scope, mask.k)}"

    def write(path: Path) -> None:
        if path.suffix.lower() == SUFFIX:
            write_report(session, lens, path)
        else:
            write_matrix(matrix, session.marks, session.measure, path)

    return Exported(stem, (".csv", ".json", ".md", SUFFIX), write, NOTE)


def write_matrix(matrix: Matrix, marks: Marks, measure: Measure, path: Path) -> None:
    """Writes the matrix as CSV or JSON, one row for each cell, or as Markdown, as the suffix says.

    Raises:
        OSError: the file cannot be written.
    """
    if path.suffix == ".md":
        path.write_text(_markdown(matrix, marks, measure), encoding="utf-8")
    else:
        rows = [_record(matrix, cell) for cell in matrix.cells.values()]
        write_rows(path, rows, rows)


def _record(matrix: Matrix, cell: Cell) -> dict[str, Any]:
    """One cell with its names; null for what is missing or unbounded."""
    found, control = cell.statistics, cell.control
    return {
        "ability": cell.ability,
        "variant": matrix.mask.variant,
        "selection": matrix.mask.selection,
        "scope": matrix.mask.scope,
        "k": matrix.mask.k,
        "weights": matrix.weights,
        "benchmark": cell.benchmark,
        "state": cell.state,
        **{name: found and _finite(getattr(found, name)) for name in STATISTICS},
        "q_value": cell.q_value,
        "holm_p": cell.holm_p,
        "empirical_p": cell.empirical and cell.empirical.p_value,
        "random_masks": 0 if cell.empirical is None else cell.empirical.masks,
        "is_significant": is_significant(cell),
        "until": matrix.until,
        "link": cell.link,
        "reason": found and found.reason,
        "collapsed": cell.ability in matrix.collapsed,
        "shown": matrix.shown[cell.ability].is_shown if cell.ability in matrix.shown else None,
        **{f"control_{name}": control and _finite(getattr(control, name)) for name in EFFECTS},
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value


def _markdown(matrix: Matrix, marks: Marks, measure: Measure) -> str:
    head, *rows = [[_escaped(text) for text in row] for row in _texts(matrix, marks, measure)]
    rule = ["---", *("--:" for _ in head[1:])]
    lines = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
    return "\n".join([*lines, "", _escaped(_legend(matrix, marks, measure)), ""])


def _legend(matrix: Matrix, marks: Marks, measure: Measure) -> str:
    return legend(marks, measure=measure, until=matrix.until, has_not_shown=bool(not_shown(matrix)))


def _escaped(text: str) -> str:
    r"""Without effect in Markdown: `.65\*`."""
    return "".join(f"\\{c}" if c in r"\*_|<>[]`#" else c for c in text)
