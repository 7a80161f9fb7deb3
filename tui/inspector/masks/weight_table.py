"""What the map of a mask shows: layers by matrices, as shares, enrichment or counts. Pure: no screen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log2
from typing import TYPE_CHECKING, Literal

from core.models.matrices import Variant
from tui.names import VARIANT_WORDS
from tui.numbers import count_text, percent, short_number, signed_number

if TYPE_CHECKING:
    from core.analysis.mask_distribution import MaskDistribution

Measure = Literal["share", "enrichment", "count"]

MEASURES: tuple[Measure, ...] = ("share", "enrichment", "count")

MEASURE_WORDS: dict[Measure, str] = {
    "share": "share of each matrix",
    "enrichment": "times an even spread",
    "count": "weights",
}

ALL = "all"
"""Head of the totals."""

PERCENT, PER_MILLION = (100.0, "%"), (1e6, "per million")
"""What shares are multiplied by, and the unit's name."""

LOWEST_PERCENT = 0.002
"""Where an even spread would take less of each matrix, percent would show little but zeros."""

LONG_COUNT = 10_000_000
"""From here on a count is shortened in sentences."""

FULL_ENRICHMENT = 3.0
"""Doublings of an even spread at which the shade is strongest."""

NEURON_KINDS = ("gate", "up", "down")


@dataclass(frozen=True)
class MaskView:
    """A mask of one ability, and where its weights lie."""

    ability: str
    """In few words."""
    mask_distribution: MaskDistribution

    @cached_property
    def counts(self) -> list[list[int]]:
        """Selected weights, layers by matrices; totals in the first row and the last column."""
        return _with_totals(self.mask_distribution.counts.tolist())

    @cached_property
    def sizes(self) -> list[list[int]]:
        """All candidates, in the same places; 0 for matrices that the variant leaves out."""
        return _with_totals(self.mask_distribution.sizes.tolist())

    @property
    def even(self) -> float:
        """The share of every matrix that an even spread would take."""
        return self.mask_distribution.n / self.mask_distribution.candidates

    def share(self, row: int, column: int) -> float:
        """Selected weights as a fraction of the place's candidates."""
        return self.counts[row][column] / self.sizes[row][column]

    def value(self, row: int, column: int, measure: Measure) -> float:
        """The number of a place that has candidates."""
        if measure == "count":
            return float(self.counts[row][column])
        share = self.share(row, column)
        return share if measure == "share" else share / self.even if self.even else 0.0


@dataclass(frozen=True)
class WeightTable:
    """The map: one mask, or the difference of two."""

    view: MaskView
    variant: Variant
    measure: Measure
    control: MaskView | None = None
    """As many weights at random."""
    other: MaskView | None = None
    """What is subtracted."""

    @property
    def rows(self) -> list[str]:
        """Heads of the rows: the totals, then the layers."""
        return [ALL] + [f"layer {layer}" for layer in range(len(self.view.counts) - 1)]

    @property
    def columns(self) -> list[str]:
        """Heads of the columns: matrices, then the totals."""
        return [*self.view.mask_distribution.kinds, ALL]

    @cached_property
    def values(self) -> list[list[float | None]]:
        """The numbers; None where the variant takes nothing from."""
        return [
            [self._value(row, column) for column in range(len(self.columns))] for row in range(len(self.rows))
        ]

    @property
    def scale(self) -> tuple[float, str]:
        """What shares are multiplied by, and the unit's name."""
        return PERCENT if self.view.even >= LOWEST_PERCENT else PER_MILLION

    @property
    def unit(self) -> str:
        """What the numbers are, in words."""
        words = MEASURE_WORDS[self.measure]
        if self.measure == "share":
            words += f", {self.scale[1]}"
        if self.other is not None:
            words += f": {self.view.ability} minus {self.other.ability}"
        return words

    def texts(self, blank: str) -> list[list[str]]:
        """The numbers in five columns or fewer.

        Args:
            blank: stands where the variant takes nothing from.
        """
        return [[blank if value is None else self._text(value) for value in row] for row in self.values]

    @cached_property
    def shades(self) -> list[list[float | None]]:
        """From -1 to 1, 0 for what an even spread, or no difference, would give."""
        inner = [value for row in self.values[1:] for value in row[:-1] if value is not None]
        largest = max((abs(value) for value in inner), default=0.0) or 1.0
        return [
            [None if value is None else self._shade(value, largest) for value in row] for row in self.values
        ]

    def counts_below(self) -> list[list[str]]:
        """Numbers of weights, for a second line of each cell; empty where the cell has them already."""
        if self.measure == "count" or self.other is not None:
            return [["" for _ in row] for row in self.view.counts]
        return [
            [
                short_number(count, whole=True) if size else ""
                for count, size in zip(counts, sizes, strict=True)
            ]
            for counts, sizes in zip(self.view.counts, self.view.sizes, strict=True)
        ]

    def explained(self, row: int, column: int) -> list[str]:
        """A place in words, one or two lines."""
        where = self._place(row, column)
        if not self.view.sizes[row][column]:
            return [f"{where}: {VARIANT_WORDS[self.variant]} takes no weights from it"]
        lines = [f"{where}: {self._words(self.view, row, column)}"]
        if self.other is not None:
            lines.append(f"{self.other.ability}: {self._words(self.other, row, column)}")
        elif self.control is not None:
            lines.append(f"random: {self._words(self.control, row, column)}")
        return lines

    def by_layer(self) -> list[float]:
        """Each layer's share of its own candidates."""
        return [self.view.share(row, -1) for row in range(1, len(self.rows))]

    def _value(self, row: int, column: int) -> float | None:
        if not self.view.sizes[row][column]:
            return None
        value = self.view.value(row, column, self.measure)
        return value if self.other is None else value - self.other.value(row, column, self.measure)

    def _text(self, value: float) -> str:
        scaled = value * self.scale[0] if self.measure == "share" else value
        if self.other is not None:
            return signed_number(scaled, whole=self.measure == "count")
        return short_number(scaled, whole=self.measure == "count")

    def _shade(self, value: float, largest: float) -> float:
        if self.other is None and self.measure == "enrichment":
            return max(-1.0, log2(value) / FULL_ENRICHMENT) if value > 0 else -1.0
        return max(-1.0, min(1.0, value / largest))

    def _place(self, row: int, column: int) -> str:
        layer = "all layers" if self.rows[row] == ALL else self.rows[row]
        return layer if self.columns[column] == ALL else f"{layer}, {self.columns[column]}"

    def _words(self, view: MaskView, row: int, column: int) -> str:
        count, size = view.counts[row][column], view.sizes[row][column]
        times = short_number(view.value(row, column, "enrichment"))
        whole = f"{size:,}" if size < LONG_COUNT else count_text(size)
        return f"{count:,} of {whole} ({percent(count / size)}, {times} x even)"


def _with_totals(counts: list[list[int]]) -> list[list[int]]:
    rows = [[*row, sum(row)] for row in counts]
    return [[sum(column) for column in zip(*rows, strict=True)], *rows]
