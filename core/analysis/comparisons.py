"""What the cells of a table say beside each other: corrections, collapse, random masks, summaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from core.analysis.statistics.accuracy import collapsed
from core.analysis.statistics.bootstrap import Specificity
from core.analysis.statistics.cells import CellStatistics, frame_specificities
from core.analysis.statistics.significance import SIGNIFICANT, benjamini_hochberg, empirical_p, holm
from core.experiment.plan import Plan
from core.experiment.specs import MaskSpec
from core.masks.choices import DRAWN

SIZE = ["variant", "selection", "k"]
"""What the masks of one kind and size have in common."""

MATRIX = [*SIZE, "seed"]
"""What one matrix of abilities by benchmarks has in common; each draw of the random controls is one."""

CELL = ["ability", "variant", "k", "benchmark"]
"""What a cell and its random controls have in common."""


def with_corrections(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with `q_value` and `holm_p`, both over the defined cells of one matrix."""
    parts = []
    for matrix in cells.partition_by(MATRIX, maintain_order=True):
        defined = matrix["defined"].to_numpy()
        p_values = matrix["p_value"].to_numpy()[defined]
        for name, adjusted in (("q_value", benjamini_hochberg(p_values)), ("holm_p", holm(p_values))):
            values = np.full(len(matrix), np.nan)
            values[defined] = adjusted
            matrix = matrix.with_columns(pl.Series(name, values).fill_nan(None))
        parts.append(matrix)
    return pl.concat(parts)


def with_collapse(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with `collapsed`: whether their mask takes every benchmark down to chance."""
    flags = {names: _is_collapsed(group) for names, group in cells.group_by("ability", *MATRIX)}
    rows = cells.select("ability", *MATRIX).rows()
    is_base = cells["variant"] == "base"
    return cells.with_columns(collapsed=pl.Series([flags[row] for row in rows], dtype=pl.Boolean) & ~is_base)


def _is_collapsed(cells: pl.DataFrame) -> bool:
    """Whether a mask took every benchmark that the intact model can do down to chance."""
    able = cells.filter("defined")
    return bool(len(able)) and collapsed(
        able["score"].to_list(), able["chance"].to_list(), able["n"].to_list()
    )


def with_random_masks(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with `empirical_p` and `random_masks`, how many it is from; null without a random mask.

    A cell is compared with the `random` masks of its own ability, variant and k. Drawn ones have none.
    """
    random = cells.filter(pl.col("defined") & (pl.col("selection") == "random"))
    by_cell: dict[tuple[object, ...], list[float]] = {}
    for *cell, ais in random.select(*CELL, "ais").iter_rows():
        by_cell.setdefault(tuple(cell), []).append(ais)
    p_values: list[float | None] = []
    counts: list[int] = []
    for *cell, ais, selection in cells.select(*CELL, "ais", "selection").iter_rows():
        drawn = [] if ais is None or selection in DRAWN else by_cell.get(tuple(cell), [])
        p_values.append(empirical_p(ais, drawn).p_value if drawn else None)
        counts.append(len(drawn))
    return cells.with_columns(
        pl.Series("empirical_p", p_values, pl.Float64()), pl.Series("random_masks", counts, pl.Int64())
    )


def specificity_of(
    plan: Plan, frames: Sequence[pl.DataFrame], place: int, statistics: Sequence[CellStatistics]
) -> list[Specificity | None]:
    """For each mask, what it does to a benchmark beyond the other abilities' masks of its kind and size.

    None for the random controls, where the AIS is not defined, and where there is no other ability.

    Args:
        plan: which masks there are.
        frames: the intact model's outcomes on the benchmark, then each mask's.
        place: of the benchmark in the plan.
        statistics: of each mask on it.
    """
    masks = plan.masks()
    found: list[Specificity | None] = [None] * len(masks)
    if len(plan.abilities) < 2:
        return found
    chosen = [n for n, mask in enumerate(masks) if mask.selection not in DRAWN and statistics[n].defined]
    if chosen:
        base, *ablated = frames
        sizes = [_size(masks[number]) for number in chosen]
        groups = [sizes.index(size) for size in sizes]
        columns = [ablated[number] for number in chosen]
        values = frame_specificities(base, columns, groups, plan.benchmarks[place], plan.seed)
        for number, value in zip(chosen, values, strict=True):
            found[number] = value
    return found


def _size(mask: MaskSpec) -> tuple[str, str, float]:
    return mask.variant, mask.selection, mask.k


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
    ranked = defined.with_columns(place=pl.col("ais").rank("max", descending=True).over("ability", "seed"))
    top = ranked.filter((pl.col("ability") == pl.col("benchmark")) & (pl.col("place") <= 3))
    masks = matrix.unique(["ability", "seed"])
    first = matrix.row(0, named=True)
    return MatrixSummary(
        variant=first["variant"],
        selection=first["selection"],
        k=first["k"],
        mean_own=_mean(own["ais"].to_list()),
        mean_others=_mean(others["ais"].to_list()),
        mean_specificity=_mean(own["specificity"].drop_nulls().to_list()),
        holm_significant=int((matrix["holm_p"] < SIGNIFICANT).sum()),
        own_in_top_three=len(top),
        rows=len(own),
        mean_absolute=_mean([abs(ais) for ais in defined["ais"].to_list()]),
        collapsed=int(masks["collapsed"].sum()),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
