"""The two measures that a cell can show, AIS and AIS_p: their names, columns, marks and legends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.analysis.statistics import NO_PROBABILITY

if TYPE_CHECKING:
    from core.analysis.statistics.cells import CellStatistics

Bounds = tuple[float, float, float]
"""The low end of an interval, the effect, and the high end."""

ROUNDING = 1e-9
"""Rounding error of a share of random masks."""


@dataclass(frozen=True)
class Measure:
    """An effect of a mask on a benchmark, as tables show it.

    The names of columns are those of `cells.parquet` and of the fields of `CellStatistics`.
    """

    name: str
    effect: str
    """Column of the effect; `_low` and `_high` behind it are the ends of its interval."""
    reason: str
    """Column that says why there is no effect."""
    mark: Callable[[Mapping[str, Any]], str]
    """Makes the mark of a cell, at most three characters, from its columns."""
    legend: str
    """What cells and marks mean, for tables."""
    short_legend: str
    """What `*` means, for the screen."""
    whole_legend: str
    """What the rest of a mark means, for the screen where it has room."""

    def of(self, ais_p_reason: str) -> Measure:
        """The measure that a cell shows: AIS where there is no p(right), whatever is asked for.

        Args:
            ais_p_reason: why the cell has no AIS_p; empty if it has one.
        """
        return AIS if ais_p_reason == NO_PROBABILITY else self

    def bounds(self, statistics: CellStatistics | None) -> Bounds | None:
        """The effect between the ends of its interval; None without an effect."""
        if statistics is None:
            return None
        measure = self.of(statistics.ais_p_reason)
        low, effect, high = (
            getattr(statistics, n) for n in (measure.ends[0], measure.effect, measure.ends[1])
        )
        return None if low is None or effect is None or high is None else (low, effect, high)

    @property
    def ends(self) -> tuple[str, str]:
        """Columns of its 95 % interval."""
        return f"{self.effect}_low", f"{self.effect}_high"


def _significance(cell: Mapping[str, Any]) -> str:
    """`*`, `**`, and `?` where random masks of the same size do as much.

    Empty where the intact model does not show the ability.
    """
    from core.analysis.statistics import SIGNIFICANT

    if cell["q_value"] >= SIGNIFICANT or cell["shown"] is False:
        return ""
    stars = "**" if cell["holm_p"] < SIGNIFICANT else "*"
    empirical = cell["empirical_p"]
    least = 1 / (cell["random_masks"] + 1)
    is_doubtful = empirical is not None and empirical > max(SIGNIFICANT, least) + ROUNDING
    return stars + ("?" if is_doubtful else "")


def _link(cell: Mapping[str, Any]) -> str:
    """`*` for a link, `**` for one beyond the other abilities' masks, `?` where random masks go as far."""
    if not cell["link"]:
        return ""
    is_specific = (cell["specificity_p_low"] or 0.0) > 0
    over_random = cell["over_random_p_low"]
    return ("**" if is_specific else "*") + ("?" if over_random is not None and over_random <= 0 else "")


AIS = Measure(
    name="AIS",
    effect="ais",
    reason="reason",
    mark=_significance,
    legend="Cells: AIS, 1 = the benchmark needs the ability, 0 = it does not. * q < .05 "
    "(Benjamini-Hochberg); ** p < .05 over all cells of the matrix (Holm); ? random masks do as much: "
    "empirical p above .05, or above the least that so few masks can show; · not identifiable, the reason is "
    "below; ! the mask takes every benchmark down to chance",
    short_legend="q < .05",
    whole_legend="** p < .05 (Holm)  ? random too",
)

AIS_P = Measure(
    name="AIS_p",
    effect="ais_p",
    reason="ais_p_reason",
    mark=_link,
    legend="Cells: AIS_p, the AIS of the probability of the right answer (AIS where that is not known): "
    "1 = the benchmark needs the ability, 0 = it does not. * a link: the whole interval is above .05; ** and "
    "above the other abilities' masks; ? but random masks go as far; · not identifiable, the reason is "
    "below; ! the mask takes every benchmark down to chance",
    short_legend="> .05",
    whole_legend="** beyond others  ? random too",
)

MEASURES = {"ais": AIS, "ais_p": AIS_P}
"""By the name on the command line."""
