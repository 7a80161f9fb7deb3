"""One line for each matrix: what masks do to their own ability's benchmark and to the others'. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from core.analysis.comparisons import SIZE, may_be_starred
from core.analysis.statistics import SIGNIFICANT


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


def summaries(cells: pl.DataFrame) -> list[MatrixSummary]:
    """One summary for each variant, selection and k, in the order of the cells."""
    return [_summary(matrix) for matrix in cells.partition_by(SIZE, maintain_order=True)]


def _summary(matrix: pl.DataFrame) -> MatrixSummary:
    defined = matrix.filter(pl.col("defined"))
    own = defined.filter(pl.col("ability") == pl.col("benchmark"))
    others = defined.filter(
        (pl.col("ability") != pl.col("benchmark")) & pl.col("benchmark").is_in(matrix["ability"].implode())
    )
    ranked = defined.with_columns(rank=pl.col("ais").rank("max", descending=True).over("ability", "seed"))
    top = ranked.filter((pl.col("ability") == pl.col("benchmark")) & (pl.col("rank") <= 3))
    masks = matrix.unique(["ability", "seed"])
    first = matrix.row(0, named=True)
    return MatrixSummary(
        variant=first["variant"],
        selection=first["selection"],
        k=first["k"],
        mean_own=_mean(own["ais"].to_list()),
        mean_others=_mean(others["ais"].to_list()),
        mean_specificity=_mean(own["specificity"].drop_nulls().to_list()),
        holm_significant=len(matrix.filter((pl.col("holm_p") < SIGNIFICANT) & may_be_starred())),
        own_in_top_three=len(top),
        rows=len(own),
        mean_absolute=_mean([abs(ais) for ais in defined["ais"].to_list()]),
        collapsed=int(masks["collapsed"].sum()),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
