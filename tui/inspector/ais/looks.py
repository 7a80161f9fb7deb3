"""How a matrix is shown and taken away: one model's cells, or what the second model does otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from tui.inspector.ais.cell_text import cell_words, matrix_title, pair_name, status_text, summary_text
from tui.inspector.ais.table import copied_matrix, exported_matrix, heading_of, heat_table
from tui.inspector.pane import ROW_SUFFIXES, Copied, Exported, text_table, write_rows
from tui.inspector.widgets.heat_table import HeatCell, HeatRow, HeatTable
from tui.names import file_words, short_benchmark
from tui.numbers import cell_number, interval, number

if TYPE_CHECKING:
    from core.analysis.matrix import Matrix
    from tui.inspector.lens import Lens
    from tui.inspector.look.marks import Marks
    from tui.inspector.session import Session

Cell = tuple[str, str]
"""Ability and benchmark."""

Difference = Mapping[str, Any]
"""A row of `core.analysis.model_comparison.EFFECTS`."""


class MatrixLook:
    """The cells of one model."""

    def __init__(self, session: Session, matrix: Matrix) -> None:
        self.session, self.matrix = session, matrix

    def table(self, running: frozenset[Cell]) -> HeatTable:
        """What the map shows."""
        return heat_table(self.matrix, self.session.marks, running, self.session.measure)

    def summary(self) -> str:
        """A few figures."""
        return summary_text(self.matrix, self.session.measure)

    def status(self, *, room: int, is_outdated: bool) -> str:
        """What the marks mean, in a line of so many columns, and what is missing."""
        marks, measure = self.session.marks, self.session.measure
        return status_text(self.matrix, marks, room=room, is_outdated=is_outdated, measure=measure)

    def words(self, cell: Cell, lens: Lens | None) -> Text:
        """A cell in a heading and two lines."""
        is_lens = lens is not None and cell == (lens.ability, lens.benchmark)
        remedy = "r runs it" if is_lens else "o takes it into the lens, then r runs it"
        return cell_words(self.matrix, cell, remedy, self.session.marks, self.session.measure)

    def copied(self, lens: Lens) -> Copied:
        """The matrix as text."""
        return copied_matrix(self.session, lens, self.matrix)

    def exported(self, lens: Lens) -> Exported | None:
        """The matrix as a file; None if there is nothing."""
        return exported_matrix(self.session, lens, self.matrix)


class DifferenceLook(MatrixLook):
    """B minus A, cell by cell; the matrix is B's."""

    def __init__(self, session: Session, matrix: Matrix, differences: Mapping[Cell, Difference]) -> None:
        super().__init__(session, matrix)
        self.differences = differences

    def table(self, running: frozenset[Cell]) -> HeatTable:
        benchmarks, marks = self.matrix.benchmarks, self.session.marks
        rows = [
            HeatRow(heading_of(one), [_heat_cell(self.differences.get((one, b)), marks) for b in benchmarks])
            for one in self.matrix.abilities
        ]
        return HeatTable([heading_of(one) for one in benchmarks], rows, corner="B - A")

    def summary(self) -> str:
        known, n = self.differences.values(), len(self.matrix.cells)
        differ = sum(map(differs, known))
        return f"B - A of {self.session.measure.name}: {len(known)} of {n} cells of both, {differ} differ"

    def status(self, *, room: int, is_outdated: bool) -> str:
        marks, missing = self.session.marks, len(self.matrix.missing)
        legend = f"{marks.significant} 0 outside the 95 % interval  {marks.lacking} not of both"
        runs = f"\n{missing:,} runs of B are missing, controls included: x runs them"
        return f"{legend}{runs if missing else ''}"

    def words(self, cell: Cell, lens: Lens | None) -> Text:
        text, row = Text(pair_name(*cell), style="bold"), self.differences.get(cell)
        if row is None:
            lines = "not computed or not identifiable for one of them\nB turns to A or to B, which say more"
        else:
            is_clear = "0 is outside: they differ" if differs(row) else "0 is inside: they may be alike"
            lines = (
                f"{self.session.measure.name}  A {number(row['effect_a'])}  B {number(row['effect_b'])}  "
                f"B - A {number(row['difference'])} {interval(row['low'], row['high'])}\n{is_clear}"
            )
        return text.append(f"\n{lines}", style="not bold")

    def copied(self, lens: Lens) -> Copied:
        rows = [["without", *map(short_benchmark, self.matrix.benchmarks)]]
        for ability in self.matrix.abilities:
            found = [self.differences.get((ability, one)) for one in self.matrix.benchmarks]
            cells = ["" if row is None else number(row["difference"]) for row in found]
            rows.append([short_benchmark(ability), *cells])
        parts = (self.session.title, matrix_title(self.matrix), self.summary(), "", text_table(rows), "")
        return Copied("\n".join(parts), "the differences as text")

    def exported(self, lens: Lens) -> Exported | None:
        rows, matrix = [dict(row) for row in self.differences.values()], self.matrix
        if not rows:
            return None

        def write(path: Path) -> None:
            write_rows(path, rows, rows)

        words = file_words(matrix.mask.variant, matrix.mask.selection, matrix.mask.scope, matrix.mask.k)
        return Exported(f"b-minus-a-{words}", ROW_SUFFIXES, write)


def differs(row: Difference) -> bool:
    """Whether 0 is outside the interval."""
    return bool(row["low"] > 0 or row["high"] < 0)


def _heat_cell(row: Difference | None, marks: Marks) -> HeatCell:
    if row is None:
        return HeatCell(f"{marks.lacking} ", is_dim=True)
    text = f"{cell_number(row['difference'])}{marks.significant if differs(row) else ' '}"
    return HeatCell(text, row["difference"], interval(row["low"], row["high"]).replace(",", ""))


def read_differences(session: Session, lens: Lens, matrix: Matrix) -> Mapping[Cell, Difference]:
    """The differences of a matrix from the cache; called in a thread.

    Raises:
        ValueError: the two models have other items; k asks for more weights than there are candidates.
    """
    from core.analysis.model_comparison import compared_effects

    assert session.b is not None, "it is looked at"
    a, b = session.a.experiment, session.b.experiment
    columns = [session.benchmark(one) for one in matrix.benchmarks]
    measures = [session.measure.effect]
    table = compared_effects(a, b, lens.mask_or_fail, columns, lens.limit, measures)
    return {(row["ability"], row["benchmark"]): row for row in table.to_dicts()}
