"""One line for each matrix: what masks do to their own ability's benchmark and to the others'. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from core.analysis.comparisons import SIZE, may_be_starred
from core.analysis.statistics import SIGNIFICANT

IS_OWN = pl.col("ability") == pl.col("benchmark")
"""Whether a cell is of an ability's mask on its own benchmark."""


@dataclass(frozen=True)
class MatrixSummary:
    """One matrix of abilities by benchmarks; of random controls, all their draws together."""

    variant: str
    selection: str
    k: float
    mean_own: float | None
    """Mean AIS of each ability on its own benchmark; None without such cells."""
    mean_others: float | None
    """Mean AIS of each ability on the other abilities' benchmarks."""
    mean_specificity: float | None
    """Mean over the own cells of the AIS less that of the other abilities' masks on the same benchmark."""
    holm_significant: int
    """How many cells hold when all of a matrix are taken together (Holm)."""
    own_in_top_three: int
    """How many abilities hurt their own benchmark among the three most; a tie counts against."""
    rows: int
    """How many abilities have an own benchmark in the profile."""
    mean_absolute: float | None
    """Mean absolute AIS of all cells: of a random control, how far chance alone gets."""
    collapsed: int
    """How many masks took every benchmark down to chance."""
    mean_own_p: float | None = None
    """Mean AIS_p of each ability on its own benchmark; None without such cells."""
    mean_others_p: float | None = None
    """Mean AIS_p of each ability on the other abilities' benchmarks."""
    mean_specificity_p: float | None = None
    """Mean over the own cells of the AIS_p less that of the other abilities' masks on the same benchmark."""
    links: int = 0
    """How many cells are links: the whole interval of their AIS_p is above the least effect."""
    own_first: int = 0
    """How many abilities' own benchmark is hurt most by their own mask, by AIS_p; a tie counts against."""


def summaries(cells: pl.DataFrame) -> list[MatrixSummary]:
    """One summary for each variant, selection and k, in the order of the cells."""
    return [_summary(matrix) for matrix in cells.partition_by(SIZE, maintain_order=True)]


def _summary(matrix: pl.DataFrame) -> MatrixSummary:
    defined = matrix.filter(pl.col("defined"))
    ranked = defined.with_columns(rank=pl.col("ais").rank("max", descending=True).over("ability", "seed"))
    masks = matrix.unique(["ability", "seed"])
    first = matrix.row(0, named=True)
    own, others, specificity = _means(matrix, "ais", "specificity")
    own_p, others_p, specificity_p = _means(matrix, "ais_p", "specificity_p")
    return MatrixSummary(
        variant=first["variant"],
        selection=first["selection"],
        k=first["k"],
        mean_own=own,
        mean_others=others,
        mean_specificity=specificity,
        holm_significant=len(matrix.filter((pl.col("holm_p") < SIGNIFICANT) & may_be_starred())),
        own_in_top_three=len(ranked.filter(IS_OWN & (pl.col("rank") <= 3))),
        rows=len(defined.filter(IS_OWN)),
        mean_absolute=_mean([abs(ais) for ais in defined["ais"].to_list()]),
        collapsed=int(masks["collapsed"].sum()),
        mean_own_p=own_p,
        mean_others_p=others_p,
        mean_specificity_p=specificity_p,
        links=int(matrix["link"].sum()),
        own_first=own_firsts(matrix, "ais_p", "benchmark"),
    )


def own_firsts(cells: pl.DataFrame, effect: str, by: Literal["ability", "benchmark"]) -> int:
    """How many abilities' own cell has the largest effect of its row or column; a tie counts against.

    Args:
        cells: `IS_OWN` and `seed` say which are own, and which are of one draw.
        effect: the column of the effect.
        by: `benchmark` for columns, `ability` for rows.
    """
    rank = pl.col(effect).rank("max", descending=True).over(by, "seed")
    return len(cells.drop_nulls(effect).filter((rank == 1) & IS_OWN))


def _means(matrix: pl.DataFrame, effect: str, specificity: str) -> tuple[float | None, ...]:
    """The mean effect on own benchmarks and on the other abilities', and the mean own specificity."""
    known = matrix.drop_nulls(effect)
    own = known.filter(IS_OWN)
    others = known.filter(~IS_OWN & pl.col("benchmark").is_in(matrix["ability"].implode()))
    columns = (own[effect], others[effect], own[specificity].drop_nulls())
    return tuple(_mean(column.to_list()) for column in columns)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
