"""Attribution accuracy: how well a matrix names what compound benchmarks need by construction. No torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from core.analysis.comparisons import SIZE, may_be_starred

Rule = Literal["link", "specific"]
"""When a cell names its ability. `link`: the whole interval of its AIS_p is above the least effect.
`specific`: its AIS_p, however small, is above that of the other abilities' masks by the whole interval of the
difference, and above random ones where these were run."""

RULES: tuple[Rule, ...] = ("link", "specific")


@dataclass(frozen=True)
class AttributionAccuracy:
    """How well one matrix names what is needed, by one rule, over its cells on compound benchmarks."""

    variant: str
    selection: str
    k: float
    rule: Rule
    cells: int
    """Pairs of a benchmark and an ability, for random controls in all draws."""
    needed: int
    """Cells whose benchmark needs the ability."""
    named: int
    """Cells that the rule names."""
    right: int
    """Cells that it names and that are needed."""
    silent: int
    """Cells that cannot be named: there is no AIS_p, the mask is collapsed, or the intact model does not show
    the ability."""

    @property
    def precision(self) -> float | None:
        """The share of the named that is needed; None if nothing is named."""
        return self.right / self.named if self.named else None

    @property
    def recall(self) -> float | None:
        """The share of the needed that is named; None if nothing is needed."""
        return self.right / self.needed if self.needed else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of the two; None if nothing is named and nothing needed."""
        both = self.named + self.needed
        return 2 * self.right / both if both else None

    @property
    def f1_of_all(self) -> float | None:
        """The F1 of naming every ability everywhere, which a rule has to exceed."""
        both = self.cells + self.needed
        return 2 * self.needed / both if both else None

    def figures(self) -> dict[str, str | float | int | None]:
        """Plain values."""
        return {**self.__dict__, "precision": self.precision, "recall": self.recall, "f1": self.f1}


def attributions_of(cells: pl.DataFrame, needs: Mapping[str, tuple[str, ...]]) -> list[AttributionAccuracy]:
    """The attribution accuracy by each rule of each variant, selection and k, in the order of the cells.

    Args:
        cells: `Profile.cells`; other benchmarks are ignored.
        needs: the ids of the abilities that each benchmark needs.
    """
    chosen = cells.filter(pl.col("benchmark").is_in(list(needs)))
    truth = [ability in needs[name] for name, ability in chosen.select("benchmark", "ability").iter_rows()]
    speaks = pl.col("ais_p").is_not_null() & ~pl.col("collapsed") & may_be_starred()
    beyond = (pl.col("specificity_p_low") > 0) & (pl.col("over_random_p_low").fill_null(math.inf) > 0)
    marked = chosen.with_columns(
        pl.Series("needed", truth, pl.Boolean),
        silent=~speaks,
        link=(speaks & pl.col("link")).fill_null(value=False),
        specific=(speaks & beyond & (pl.col("ais_p") > 0)).fill_null(value=False),
    )
    return [
        _attribution(matrix, rule)
        for matrix in marked.partition_by(SIZE, maintain_order=True)
        for rule in RULES
    ]


def _attribution(matrix: pl.DataFrame, rule: Rule) -> AttributionAccuracy:
    first = matrix.row(0, named=True)
    return AttributionAccuracy(
        variant=first["variant"],
        selection=first["selection"],
        k=first["k"],
        rule=rule,
        cells=len(matrix),
        needed=int(matrix["needed"].sum()),
        named=int(matrix[rule].sum()),
        right=int((matrix[rule] & matrix["needed"]).sum()),
        silent=int(matrix["silent"].sum()),
    )
