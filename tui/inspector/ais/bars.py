"""All abilities on one benchmark, as bars with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.inspector.ais.forest_bars import Bar
from tui.inspector.ais.text import ais_with_interval, cell_mark, control_text
from tui.names import short_benchmark
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.matrix import Cell, Matrix
    from tui.inspector.look.marks import Marks


def bars_title(benchmark: str) -> str:
    """What the bars show."""
    return f"AIS of every ability on {safe_line(short_benchmark(benchmark))}"


def bars_of(matrix: Matrix, ability: str, benchmark: str, marks: Marks) -> list[Bar]:
    """One bar for each ability on a benchmark; the given one is marked."""
    cells = [matrix.cells[other, benchmark] for other in matrix.abilities]
    width = max(1, *(len(cell_mark(cell)) for cell in cells))
    return [_bar(cell, marks, width, cell.ability == ability) for cell in cells]


def _bar(cell: Cell, marks: Marks, mark_width: int, is_chosen: bool) -> Bar:
    found, label = cell.statistics, short_benchmark(cell.ability)
    if found is None:
        return Bar(label, f"{marks.lacking} not computed", is_chosen=is_chosen)
    if found.ais is None or found.ais_low is None or found.ais_high is None:
        return Bar(label, f"{marks.not_identifiable} not identifiable", is_chosen=is_chosen)
    numbers = ais_with_interval(found).replace(" ", f"{cell_mark(cell):<{mark_width}} ", 1)
    note = control_text(cell)
    return Bar(label, numbers, note, found.ais, found.ais_low, found.ais_high, is_chosen)
