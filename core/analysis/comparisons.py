"""Tables of cells: corrections, collapse, random masks, links. No torch.

A table has one row for each mask and benchmark: the columns of `RUN` and of `STATISTICS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from core.analysis.statistics import LEAST_EFFECT
from core.analysis.statistics.cells import CellStatistics
from core.analysis.statistics.scores import benjamini_hochberg, collapsed, empirical_p, holm
from core.run.specs import MaskSpec

RUN: dict[str, pl.DataType] = {
    "ability": pl.String(),
    "variant": pl.String(),
    "selection": pl.String(),
    "k": pl.Float64(),
    "seed": pl.Int64(),
    "benchmark": pl.String(),
}
"""Which mask a row is about, and which benchmark; the seed is null where nothing is drawn."""

PROBABILITY = ("p_right", "base_p_right", "ais_p", "ais_p_low", "ais_p_high")
"""The columns of p(right), empty where there is none."""

STATISTICS: dict[str, pl.DataType] = {
    "n": pl.Int64(),
    **{name: pl.Float64() for name in ("score", "base_score", "chance", "ais", "ais_low", "ais_high")},
    "p_value": pl.Float64(),
    "defined": pl.Boolean(),
    "reason": pl.String(),
    "detectable_ais": pl.Float64(),
    "truncated": pl.Int64(),
    **{name: pl.Float64() for name in PROBABILITY},
    "ais_p_reason": pl.String(),
    "until": pl.Float64(),
    "specificity": pl.Float64(),
    "specificity_p": pl.Float64(),
}
"""The fields of `CellStatistics`, and the specificities where they are known."""

SIZE = ["variant", "selection", "k"]
"""The columns that masks of one kind and size share."""

MATRIX = [*SIZE, "seed"]
"""The columns that one matrix of abilities by benchmarks shares; each random draw is a matrix."""

CELL = ["ability", "variant", "k", "benchmark"]
"""The columns that a cell and its random controls share."""


def run_names(mask: MaskSpec) -> tuple[str, str, str, float, int | None]:
    """The values of `RUN` but the benchmark: only a mask that is drawn depends on its seed."""
    seed = mask.seed if mask.selection == "random" else None
    return mask.ability, mask.variant, mask.selection, mask.k, seed


def run_fields(mask: MaskSpec) -> dict[str, Any]:
    """The values of `RUN` but the benchmark, by name."""
    return dict(zip(RUN, run_names(mask), strict=False))


def cell_table(
    masks: Sequence[MaskSpec],
    benchmarks: Sequence[str],
    found: Mapping[tuple[MaskSpec, str], CellStatistics],
) -> pl.DataFrame:
    """The table of all masks on all benchmarks, mask by mask; cells that are not found are not defined.

    Args:
        masks: the rows' masks.
        benchmarks: ids.
        found: by mask and benchmark.
    """
    rows = [
        {
            **run_fields(mask),
            "benchmark": benchmark,
            "defined": False,
            **(asdict(found[mask, benchmark]) if (mask, benchmark) in found else {}),
        }
        for mask in masks
        for benchmark in benchmarks
    ]
    return pl.DataFrame(rows, schema={**RUN, **STATISTICS})


def compared(
    cells: pl.DataFrame, random: pl.DataFrame, shown: Mapping[str, bool] | None = None
) -> pl.DataFrame:
    """The cells with corrections, collapse, random masks and links, see `with_...`, and `shown`.

    Args:
        cells: the cells.
        random: a table with the random masks, which may be the same.
        shown: whether the intact model shows an ability, as far as it is known; null where it is not.
    """
    flags = [(shown or {}).get(ability) for ability in cells["ability"]]
    complete = with_random_masks(with_collapse(with_corrections(cells)), random)
    return with_links(complete.with_columns(pl.Series("shown", flags, pl.Boolean())))


def with_links(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with `link`: whether the whole interval of the AIS_p is above the least effect, or below.

    That is LEAST_EFFECT, or the least AIS of interest at which the runs stopped: they settle the AIS where
    there is no p(right).

    Null: the items do not settle it, there is no AIS_p, or the intact model does not show the ability.
    """
    by_score = pl.col("until").is_not_null() & pl.col("p_right").is_null()
    low, high = (pl.when(by_score).then(f"ais_{end}").otherwise(f"ais_p_{end}") for end in ("low", "high"))
    least = pl.col("until").fill_null(LEAST_EFFECT)
    settled = may_be_starred() & ((low > least) | (high < least))
    return cells.with_columns(link=pl.when(settled).then(low > least))


def may_be_starred() -> pl.Expr:
    """Whether a cell's significance says something: not where the intact model does not show the ability."""
    return pl.col("shown").fill_null(value=True)


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
    """The cells with `collapsed`: whether their mask takes every benchmark down to chance.

    Stated only of masks that are measured on all benchmarks of the table.
    """
    flags = {names: _is_collapsed(group) for names, group in cells.group_by("ability", *MATRIX)}
    rows = cells.select("ability", *MATRIX).rows()
    is_base = cells["variant"] == "base"
    return cells.with_columns(collapsed=pl.Series([flags[row] for row in rows], dtype=pl.Boolean) & ~is_base)


def _is_collapsed(cells: pl.DataFrame) -> bool:
    """Whether a mask took every benchmark that the intact model can do down to chance."""
    able = cells.filter("defined")
    is_whole = cells["n"].null_count() == 0
    return (
        is_whole
        and bool(len(able))
        and collapsed(able["score"].to_list(), able["chance"].to_list(), able["n"].to_list())
    )


def with_random_masks(cells: pl.DataFrame, random: pl.DataFrame) -> pl.DataFrame:
    """The cells with `empirical_p` and `random_masks`, how many it is from; null without a random mask.

    A cell is compared with the `random` masks of its own ability, variant and k. Masks that are drawn
    themselves are not compared.

    Args:
        cells: the cells.
        random: a table with the random masks, which may be the same.
    """
    random = random.filter(pl.col("defined") & (pl.col("selection") == "random"))
    by_cell: dict[tuple[object, ...], list[float]] = {}
    for *cell, ais in random.select(*CELL, "ais").iter_rows():
        by_cell.setdefault(tuple(cell), []).append(ais)
    p_values: list[float | None] = []
    counts: list[int] = []
    for *cell, ais, selection in cells.select(*CELL, "ais", "selection").iter_rows():
        drawn = [] if ais is None or selection == "random" else by_cell.get(tuple(cell), [])
        p_values.append(empirical_p(ais, drawn).p_value if drawn else None)
        counts.append(len(drawn))
    return cells.with_columns(
        pl.Series("empirical_p", p_values, pl.Float64()), pl.Series("random_masks", counts, pl.Int64())
    )
