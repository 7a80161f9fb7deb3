"""The map of a mask, layers by matrices: shares, enrichment or counts, on the screen and in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import log2
from typing import TYPE_CHECKING, Any, Literal

from core.models.matrices import Variant
from tui.inspector.look.bars import levels_of, sparkline
from tui.inspector.look.marks import Marks
from tui.inspector.widgets.heat_table import Heading, HeatTable, heat_rows
from tui.names import VARIANT_WORDS
from tui.numbers import count_text, percent, short_number, signed_number

if TYPE_CHECKING:
    from core.analysis.mask_tables import MaskDistribution
    from core.run.specs import MaskSpec

Measure = Literal["share", "enrichment", "count"]

MEASURES: tuple[Measure, ...] = ("share", "enrichment", "count")

MEASURE_WORDS: dict[Measure, str] = {
    "share": "share of each matrix",
    "enrichment": "times an even spread",
    "count": "weights",
}

ALL = "all"
"""Heading of the totals."""

CELL_WIDTH = 6
"""Columns of a number with its sign and the gap before it."""

PERCENT, PER_MILLION = (100.0, "%"), (1e6, "per million")
"""Factor and unit in which shares are shown."""

LOWEST_PERCENT = 0.002
"""Share of an even spread below which percentages would show little but zeros."""

LONG_COUNT = 10_000_000
"""Counts are shortened in sentences from here on."""

FULL_ENRICHMENT = 3.0
"""Doublings of an even spread at which the shade is strongest."""

MANY_LAYERS = 8
"""With more layers the map has to be scrolled, and a profile of all of them helps."""


@dataclass(frozen=True)
class MaskView:
    """A mask of one ability, and where its weights lie."""

    ability: str
    """Its short name."""
    mask_distribution: MaskDistribution

    @cached_property
    def counts(self) -> list[list[int]]:
        """Selected weights, layers by matrices; totals in the first row and the last column."""
        return _with_totals(self.mask_distribution.counts.tolist())

    @cached_property
    def sizes(self) -> list[list[int]]:
        """Candidates in the same layout; 0 for matrices that the variant leaves out."""
        return _with_totals(self.mask_distribution.sizes.tolist())

    @property
    def even(self) -> float:
        """The share of every matrix that an even spread would take."""
        return self.mask_distribution.n / self.mask_distribution.candidates

    def share(self, row: int, column: int) -> float:
        """Selected weights as a fraction of the candidates."""
        return self.counts[row][column] / self.sizes[row][column]

    def value(self, row: int, column: int, measure: Measure) -> float:
        """The number in a cell that has candidates."""
        if measure == "count":
            return float(self.counts[row][column])
        share = self.share(row, column)
        return share if measure == "share" else share / self.even if self.even else 0.0

    def records(self, mask: MaskSpec) -> list[dict[str, Any]]:
        """One row for each matrix that the mask takes weights from."""
        return [
            {
                **asdict(mask),
                "layer": row - 1,
                "matrix": kind,
                "weights": self.counts[row][column],
                "candidates": self.sizes[row][column],
                "share": self.share(row, column),
                "enrichment": self.value(row, column, "enrichment"),
            }
            for row in range(1, len(self.counts))
            for column, kind in enumerate(self.mask_distribution.kinds)
            if self.sizes[row][column]
        ]


@dataclass(frozen=True)
class WeightTable:
    """The map of one mask, or of the difference of two."""

    view: MaskView
    variant: Variant
    measure: Measure
    control: MaskView | None = None
    """As many weights at random."""
    other: MaskView | None = None
    """What is subtracted."""

    @property
    def rows(self) -> list[str]:
        """Headings of the rows: the totals, then the layers."""
        return [ALL] + [f"layer {layer}" for layer in range(len(self.view.counts) - 1)]

    @property
    def columns(self) -> list[str]:
        """Headings of the columns: matrices, then the totals."""
        return [*self.view.mask_distribution.kinds, ALL]

    @cached_property
    def values(self) -> list[list[float | None]]:
        """The numbers; None where the variant takes nothing."""
        return [
            [self._value(row, column) for column in range(len(self.columns))] for row in range(len(self.rows))
        ]

    @property
    def _scale(self) -> tuple[float, str]:
        return PERCENT if self.view.even >= LOWEST_PERCENT else PER_MILLION

    @property
    def unit(self) -> str:
        """What the numbers are, in words."""
        words = MEASURE_WORDS[self.measure]
        if self.measure == "share":
            words += f", {self._scale[1]}"
        if self.other is not None:
            words += f": {self.view.ability} minus {self.other.ability}"
        return words

    @property
    def heading(self) -> str:
        """The unit, with the share that an even spread would take."""
        if self.measure != "share" or self.other is not None:
            return self.unit
        return f"{self.unit} (an even spread: {short_number(self.view.even * self._scale[0])})"

    def texts(self, blank: str) -> list[list[str]]:
        """The numbers in five columns or fewer; `blank` where the variant takes nothing."""
        return [[blank if value is None else self._text(value) for value in row] for row in self.values]

    @cached_property
    def shades(self) -> list[list[float | None]]:
        """From -1 to 1; 0 for an even spread, or no difference."""
        inner = [value for row in self.values[1:] for value in row[:-1] if value is not None]
        largest = max((abs(value) for value in inner), default=0.0) or 1.0
        return [
            [None if value is None else self._shade(value, largest) for value in row] for row in self.values
        ]

    def counts_below(self) -> list[list[str]]:
        """Numbers of weights, for a second line of each cell; empty where the first line has them."""
        if self.measure == "count" or self.other is not None:
            return [["" for _ in row] for row in self.view.counts]
        return [
            [
                short_number(count, whole=True) if size else ""
                for count, size in zip(counts, sizes, strict=True)
            ]
            for counts, sizes in zip(self.view.counts, self.view.sizes, strict=True)
        ]

    def heat_table(self, blank: str) -> HeatTable:
        """The map for the screen; counts stand below the other measures where there is room."""
        headings = [Heading(name, name.removeprefix("layer ")) for name in self.rows]
        rows = heat_rows(headings, self.texts(blank), self.shades, self.counts_below())
        return HeatTable([Heading(name, name) for name in self.columns], rows, cell_width=CELL_WIDTH)

    def explained(self, row: int, column: int) -> list[str]:
        """A cell in words, one or two lines."""
        layer = "all layers" if self.rows[row] == ALL else self.rows[row]
        where = layer if self.columns[column] == ALL else f"{layer}, {self.columns[column]}"
        if not self.view.sizes[row][column]:
            return [f"{where}: {VARIANT_WORDS[self.variant]} takes no weights from it"]
        lines = [f"{where}: {_cell_words(self.view, row, column)}"]
        if self.other is not None:
            lines.append(f"{self.other.ability}: {_cell_words(self.other, row, column)}")
        elif self.control is not None:
            lines.append(f"random: {_cell_words(self.control, row, column)}")
        return lines

    def profile(self, marks: Marks) -> str:
        """Each layer's share of its own candidates, as one line of bars; empty if there are few layers."""
        shares = [self.view.share(row, -1) for row in range(1, len(self.rows))]
        if len(shares) <= MANY_LAYERS:
            return ""
        return (
            f"layers 0 {sparkline(shares, levels_of(marks))} {len(shares) - 1}  most {percent(max(shares))}"
        )

    def _value(self, row: int, column: int) -> float | None:
        if not self.view.sizes[row][column]:
            return None
        value = self.view.value(row, column, self.measure)
        return value if self.other is None else value - self.other.value(row, column, self.measure)

    def _text(self, value: float) -> str:
        scaled = value * self._scale[0] if self.measure == "share" else value
        write = short_number if self.other is None else signed_number
        return write(scaled, whole=self.measure == "count")

    def _shade(self, value: float, largest: float) -> float:
        if self.other is None and self.measure == "enrichment":
            return max(-1.0, log2(value) / FULL_ENRICHMENT) if value > 0 else -1.0
        return max(-1.0, min(1.0, value / largest))


def _cell_words(view: MaskView, row: int, column: int) -> str:
    count, size = view.counts[row][column], view.sizes[row][column]
    times = short_number(view.value(row, column, "enrichment"))
    whole = f"{size:,}" if size < LONG_COUNT else count_text(size)
    return f"{count:,} of {whole} ({percent(count / size)}, {times} x even)"


def _with_totals(counts: Sequence[Sequence[int]]) -> list[list[int]]:
    rows = [[*row, sum(row)] for row in counts]
    return [[sum(column) for column in zip(*rows, strict=True)], *rows]
