"""Which cells of the AIS matrix count as links between an ability and a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.inspector.ais.links_view import MOST_LINES, THICKNESSES, Link
from tui.inspector.ais.text import is_significant
from tui.names import short_benchmark
from tui.numbers import number
from tui.safe_text import safe_line

if TYPE_CHECKING:
    from core.analysis.matrix import Cell, Matrix
    from tui.inspector.ais.links_view import Side

LEAST_EFFECT = 0.05
"""An AIS above it makes a link."""

LINK_MEANING = (
    f"Lines: AIS > {number(LEAST_EFFECT)} and q < .05, not collapsed; thicker from "
    f"{' and '.join(map(number, THICKNESSES))}; beside the cursor's the {MOST_LINES} strongest."
)


def links_of(matrix: Matrix) -> list[Link]:
    """The links of a matrix, as far as it is computed."""
    return [
        Link(row, column, _effect(cell))
        for row, ability in enumerate(matrix.abilities)
        for column, benchmark in enumerate(matrix.benchmarks)
        if is_link(matrix, cell := matrix.cells[ability, benchmark])
    ]


def is_link(matrix: Matrix, cell: Cell) -> bool:
    """Whether the ability carries a part of the benchmark: AIS > 0.05 and q < 0.05.

    A mask that takes every benchmark down to chance says nothing about abilities, and so makes no link.
    """
    return _effect(cell) > LEAST_EFFECT and is_significant(cell) and cell.ability not in matrix.collapsed


def link_text(matrix: Matrix, side: Side, place: int) -> str:
    """The links of one ability or benchmark in words, strongest first."""
    total = len(links_of(matrix))
    if side == "left":
        ability = matrix.abilities[place]
        cells = [matrix.cells[ability, benchmark] for benchmark in matrix.benchmarks]
        head = f"without {short_benchmark(ability)}"
    else:
        benchmark = matrix.benchmarks[place]
        cells = [matrix.cells[ability, benchmark] for ability in matrix.abilities]
        head = f"on {safe_line(short_benchmark(benchmark))}"
    linked = sorted((cell for cell in cells if is_link(matrix, cell)), key=_effect, reverse=True)
    names = [short_benchmark(cell.benchmark if side == "left" else cell.ability) for cell in linked]
    effects = ", ".join(f"{safe_line(n)} {number(_effect(c))}" for n, c in zip(names, linked, strict=True))
    return f"{head}: {effects or 'no link'} ({len(linked)} of {total} links)"


def _effect(cell: Cell) -> float:
    """The AIS; 0 where there is none."""
    return 0.0 if cell.statistics is None else cell.statistics.ais or 0.0
