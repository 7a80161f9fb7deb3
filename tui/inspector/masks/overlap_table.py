"""The map of overlaps, abilities by abilities: one of three measures, on the screen and in files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isnan, log, sqrt
from typing import TYPE_CHECKING, Any, Literal

from core.masks.choices import Scope, Selection
from core.models.matrices import Variant
from tui.inspector.lens import Lens
from tui.inspector.look.marks import Marks
from tui.inspector.widgets.heat_table import Heading, HeatTable, heat_rows
from tui.names import short_benchmark, short_name
from tui.numbers import fraction_text, lift_text, percent, short_number

if TYPE_CHECKING:
    from core.analysis.mask_tables import Overlaps

OverlapMeasure = Literal["jaccard", "containment", "lift"]

OVERLAP_MEASURES: tuple[OverlapMeasure, ...] = ("jaccard", "containment", "lift")

OVERLAP_WORDS: dict[OverlapMeasure, str] = {
    "jaccard": "Jaccard: shared weights of all that either mask has",
    "containment": "containment: share of the row's mask that the column's has too",
    "lift": "lift: shared weights, times what chance would give",
}

CELL_WIDTH = 4
"""Columns of a number with the gap before it."""

BAR_WIDTH = 40
"""Columns of the longest bar below the map."""

Z_95 = 1.96
"""Standard deviations either way that hold 95 % of a normal distribution."""


def shared_by_chance(own: int, others: int, candidates: int) -> str:
    """How many weights two masks of random candidates share, in 95 % of cases: `1,631 to 1,787`."""
    expected = own * others / candidates
    left = (candidates - own) / candidates * (candidates - others) / max(1, candidates - 1)
    either_way = Z_95 * sqrt(expected * left)
    return f"{max(0, round(expected - either_way)):,} to {round(expected + either_way):,}"


@dataclass(frozen=True)
class OverlapTable:
    """The map of all abilities at one variant, selection and k."""

    overlaps: Overlaps
    variant: Variant
    selection: Selection
    k: float
    scope: Scope = "global"

    @property
    def labels(self) -> list[str]:
        """Short names of the abilities, the headings of rows and columns."""
        return [short_benchmark(ability) for ability in self.overlaps.abilities]

    @property
    def heads(self) -> list[str]:
        """Even shorter names, for narrow columns."""
        return [short_name(ability) for ability in self.overlaps.abilities]

    def is_of(self, lens: Lens) -> bool:
        """Whether it is what a lens looks at."""
        looked_at = (lens.variant, lens.selection, lens.k, lens.scope)
        return looked_at == (self.variant, self.selection, self.k, self.scope)

    def values(self, measure: OverlapMeasure) -> list[list[float | None]]:
        """The numbers; None where a mask is not stored."""
        return [[None if isnan(value) else value for value in row] for row in self._matrices[measure]]

    def texts(self, measure: OverlapMeasure, blank: str) -> list[list[str]]:
        """The numbers in three columns; `blank` where a mask is not stored."""
        write = lift_text if measure == "lift" else fraction_text
        return [[blank if value is None else write(value) for value in row] for row in self.values(measure)]

    def heat_table(self, measure: OverlapMeasure, marks: Marks) -> HeatTable:
        """The map for the screen; numbers of shared weights stand below where there is room."""
        rows = [Heading(label, label) for label in self.labels]
        columns = list(map(Heading, self.labels, self.heads))
        texts, shades = self.texts(measure, marks.lacking), self._shades(measure)
        return HeatTable(columns, heat_rows(rows, texts, shades, self._shared_texts()), cell_width=CELL_WIDTH)

    def summary(self) -> str:
        """How many masks there are and how much they share, in sentences."""
        overlaps = self.overlaps
        known = sum(overlaps.present)
        sizes = [int(size) for size, present in zip(overlaps.sizes, overlaps.present, strict=True) if present]
        size = f"{sizes[0]:,}" if min(sizes) == max(sizes) else f"{min(sizes):,} to {max(sizes):,}"
        text = f"Masks of {size} of {overlaps.candidates:,} weights"
        if known < len(overlaps.present):
            text += f", {known} of {len(overlaps.present)} stored: x scores the rest"
        if overlaps.damaged:
            text += f" ({len(overlaps.damaged)} damaged)"
        return f"{text}. {self._spread()}"

    def explained(self, row: int, column: int) -> list[str]:
        """A pair in words, up to three lines."""
        here, there = self.labels[row], self.labels[column]
        missing = [self.labels[i] for i in sorted({row, column}) if not self.overlaps.present[i]]
        if missing:
            return [f"{' and '.join(missing)}: the ranking of weights is not stored, x scores it."]
        own, others = int(self.overlaps.sizes[row]), int(self.overlaps.sizes[column])
        if row == column:
            return [f"{here}: the mask itself, {own:,} weights.", *self._split_half(row)]
        shared = int(self.overlaps.shared[row, column])
        if not own or not others:
            return [f"{here} has {own:,} weights and {there} {others:,}: there is nothing to share."]
        jaccard, lift = float(self.overlaps.jaccard[row, column]), float(self.overlaps.lift[row, column])
        chance = shared_by_chance(own, others, self.overlaps.candidates)
        parts = percent(shared / own)
        if own != others:
            parts += f" / {percent(shared / others)}"
        return [
            f"{here} / {there}: {shared:,} shared ({parts})",
            f"chance {chance}, lift {lift_text(lift)}, Jaccard {fraction_text(jaccard)}",
            *self._split_half(row),
        ]

    def bars(self, row: int, bar: str) -> list[tuple[str, str]]:
        """How much of a row's mask each other mask has, most first: a text and a bar each."""
        pairs = [
            (self.labels[column], value)
            for column, value in enumerate(self.values("containment")[row])
            if value is not None and column != row
        ]
        return [
            (f"Of {self.labels[row]}'s mask, the others have", ""),
            *(
                (f"{name:<12} {percent(share):>6} ", bar * round(share * BAR_WIDTH))
                for name, share in sorted(pairs, key=lambda pair: -pair[1])
            ),
        ]

    def records(self) -> list[dict[str, Any]]:
        """One row for each pair of abilities whose masks are both stored, each with itself too."""
        overlaps = self.overlaps
        known = [index for index, present in enumerate(overlaps.present) if present]
        return [
            {
                **self._choice,
                "ability": overlaps.abilities[row],
                "other": overlaps.abilities[column],
                "weights": int(overlaps.sizes[row]),
                "other_weights": int(overlaps.sizes[column]),
                "shared": int(overlaps.shared[row, column]),
                "jaccard": float(overlaps.jaccard[row, column]),
                "containment": float(overlaps.containment[row, column]),
                "lift": None if isnan(lift := float(overlaps.lift[row, column])) else lift,
            }
            for row in known
            for column in known
        ]

    def document(self) -> dict[str, Any]:
        """Everything that the tab shows."""
        return {
            **self._choice,
            "candidates": self.overlaps.candidates,
            "split_half_overlap": dict(self.overlaps.split_half_overlaps),
            "missing": [mask.ability for mask in self.overlaps.missing],
            "pairs": self.records(),
        }

    @property
    def _choice(self) -> dict[str, Any]:
        return {"variant": self.variant, "selection": self.selection, "scope": self.scope, "k": self.k}

    @cached_property
    def _matrices(self) -> dict[OverlapMeasure, list[list[float]]]:
        return {measure: getattr(self.overlaps, measure).tolist() for measure in OVERLAP_MEASURES}

    def _shades(self, measure: OverlapMeasure) -> list[list[float | None]]:
        """From -1 to 1: 0 is nothing shared, for the lift what chance gives. None for a mask itself too."""
        shade = self._lift_shade if measure == "lift" else sqrt
        return [
            [None if value is None or row == column else shade(value) for column, value in enumerate(values)]
            for row, values in enumerate(self.values(measure))
        ]

    def _shared_texts(self) -> list[list[str]]:
        """Numbers of shared weights in four columns; empty where a mask is not stored."""
        present, shared = self.overlaps.present, self.overlaps.shared.tolist()
        return [
            [
                short_number(count, whole=True) if present[row] and present[column] else ""
                for column, count in enumerate(counts)
            ]
            for row, counts in enumerate(shared)
        ]

    def _spread(self) -> str:
        """The least and the most that two abilities share, beside chance."""
        jaccard = self.values("jaccard")
        pairs = [
            value
            for row in range(len(jaccard))
            for column in range(row)
            if (value := jaccard[row][column]) is not None
        ]
        if not pairs:
            return "There are no two to compare yet."
        least, most = fraction_text(min(pairs)), fraction_text(max(pairs))
        found = f"{least} of every pair" if least == most else f"{least} to {most}"
        expected = sum(self.overlaps.sizes.tolist()) / sum(self.overlaps.present) / self.overlaps.candidates
        return (
            f"Jaccard {found}, mean {fraction_text(sum(pairs) / len(pairs))}; "
            f"of random masks {fraction_text(expected / (2 - expected))}."
        )

    def _lift_shade(self, lift: float) -> float:
        largest = max(self.overlaps.sizes.tolist(), default=0)
        most = log(self.overlaps.candidates / largest) if largest else 0.0
        if lift <= 0:
            return -1.0
        return max(-1.0, min(1.0, log(lift) / most)) if most > 0 else 0.0

    def _split_half(self, row: int) -> list[str]:
        """The control: how far two halves of the ability's own items agree."""
        overlap = self.overlaps.split_half_overlaps.get(self.overlaps.abilities[row])
        if overlap is None:
            return []
        return [f"control: two halves of {self.labels[row]}'s own items share {percent(overlap)}"]
