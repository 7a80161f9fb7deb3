"""What the map of overlaps shows: abilities by abilities, as one of three measures. Pure: no screen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isnan, log, sqrt
from typing import TYPE_CHECKING, Literal

from core.masks.choices import Scope, Selection
from core.models.matrices import Variant
from tui.inspector.masks.numbers import shared_by_chance
from tui.names import ABILITY_WORDS
from tui.numbers import fraction_text, lift_text, percent, short_number

if TYPE_CHECKING:
    from core.analysis.overlaps import Overlaps
    from tui.inspector.lens import Lens

OverlapMeasure = Literal["jaccard", "containment", "lift"]

OVERLAP_MEASURES: tuple[OverlapMeasure, ...] = ("jaccard", "containment", "lift")

OVERLAP_WORDS: dict[OverlapMeasure, str] = {
    "jaccard": "Jaccard: shared weights of all that either mask has",
    "containment": "containment: share of the row's mask that the column's has too",
    "lift": "lift: shared weights, times what chance would give",
}


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
        """Heads of rows and columns, in few columns."""
        return [ABILITY_WORDS.get(ability, ability) for ability in self.overlaps.abilities]

    def is_of(self, lens: Lens) -> bool:
        """Whether it is what a lens looks at."""
        looked_at = (lens.variant, lens.selection, lens.k, lens.scope)
        return looked_at == (self.variant, self.selection, self.k, self.scope)

    def values(self, measure: OverlapMeasure) -> list[list[float | None]]:
        """The numbers; None where a mask is not known."""
        return [[None if isnan(value) else value for value in row] for row in self._matrices[measure]]

    def texts(self, measure: OverlapMeasure, blank: str) -> list[list[str]]:
        """The numbers in three columns; `blank` where a mask is not known."""
        write = lift_text if measure == "lift" else fraction_text
        return [[blank if value is None else write(value) for value in row] for row in self.values(measure)]

    def shades(self, measure: OverlapMeasure) -> list[list[float | None]]:
        """From -1 to 1: 0 is nothing shared, for the lift what chance gives. None also for a mask itself."""
        shade = self._lift_shade if measure == "lift" else sqrt
        return [
            [None if value is None or row == column else shade(value) for column, value in enumerate(values)]
            for row, values in enumerate(self.values(measure))
        ]

    def shared_texts(self) -> list[list[str]]:
        """Numbers of shared weights in four columns; empty where a mask is not known."""
        present, shared = self.overlaps.present, self.overlaps.shared.tolist()
        return [
            [
                short_number(count, whole=True) if present[row] and present[column] else ""
                for column, count in enumerate(counts)
            ]
            for row, counts in enumerate(shared)
        ]

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
        lacking = [self.labels[i] for i in sorted({row, column}) if not self.overlaps.present[i]]
        if lacking:
            return [f"{' and '.join(lacking)}: the ranking of weights is not stored, x scores it."]
        own, others = int(self.overlaps.sizes[row]), int(self.overlaps.sizes[column])
        if row == column:
            return [f"{here}: the mask itself, {own:,} weights.", *self._halves(row)]
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
            *self._halves(row),
        ]

    def nearest(self, row: int) -> list[tuple[str, float]]:
        """The other abilities with a known mask and how much of the row's mask is in theirs, most first."""
        pairs = [
            (self.labels[column], value)
            for column, value in enumerate(self.values("containment")[row])
            if value is not None and column != row
        ]
        return sorted(pairs, key=lambda pair: -pair[1])

    @cached_property
    def _matrices(self) -> dict[OverlapMeasure, list[list[float]]]:
        overlaps = self.overlaps
        return {
            "jaccard": overlaps.jaccard.tolist(),
            "containment": overlaps.containment.tolist(),
            "lift": overlaps.lift.tolist(),
        }

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
        expected = sum(self.overlaps.sizes.tolist()) / sum(self.overlaps.present) / self.overlaps.candidates
        return (
            f"Jaccard {fraction_text(min(pairs))} to {fraction_text(max(pairs))}, "
            f"mean {fraction_text(sum(pairs) / len(pairs))}; "
            f"of random masks {fraction_text(expected / (2 - expected))}."
        )

    def _lift_shade(self, lift: float) -> float:
        largest = max(self.overlaps.sizes.tolist(), default=0)
        most = log(self.overlaps.candidates / largest) if largest else 0.0
        if lift <= 0:
            return -1.0
        return max(-1.0, min(1.0, log(lift) / most)) if most > 0 else 0.0

    def _halves(self, row: int) -> list[str]:
        """The control: how far one ability's own items agree with each other."""
        agreement = self.overlaps.split_half_overlaps.get(self.overlaps.abilities[row])
        if agreement is None:
            return []
        return [f"control: two halves of {self.labels[row]}'s own items share {percent(agreement)}"]
