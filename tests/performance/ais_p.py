"""AIS_p beside AIS, from the results of profiles: `python -m tests.performance.ais_p DIR...`.

A DIR is the `--out` of a profile of several abilities. For each kind of mask: how many items AIS_p needs for
the certainty that AIS has with one (the squared ratio of the paired z of the drops, median over the cells
with a drop of 1 to 50 points); own and others; in how many columns the own mask hurts most, and in how many
rows its own benchmark is hurt most; links; and how often a random mask differs from 0.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import polars as pl

from core.analysis.statistics import LEAST_EFFECT
from core.analysis.statistics.scores import right_probabilities
from core.analysis.table import IS_OWN, SIZE, own_firsts

DROPS = (0.01, 0.5)
"""Drops in accuracy of the cells whose z is compared."""

Z_OFF = 2.0


def main(folders: list[str]) -> None:
    """Prints one table for each profile."""
    for folder in folders:
        lines = [f"{folder}", "", *table(Path(folder)), ""]
        sys.stdout.write("\n".join(lines) + "\n")


def table(folder: Path) -> list[str]:
    """One row per kind of mask."""
    cells, drops = pl.read_parquet(folder / "cells.parquet"), paired_drops(folder)
    lines = [
        "| mask | k | items for the same z | AIS: own, others | AIS_p: own, others "
        "| first in column: AIS, AIS_p | first in row | links: own, others | |z| > 2 (p) |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind, part in sorted(cells.group_by(SIZE), key=lambda pair: pair[0]):
        square = part.filter(pl.col("benchmark").is_in(part["ability"].unique().to_list()))
        own, others = (square.filter(test) for test in (IS_OWN, ~IS_OWN))
        z = drops.filter(*(pl.col(name) == value for name, value in zip(SIZE, kind, strict=True)))
        lines.append(
            f"| {kind[0]}, {kind[1]} | {kind[2]:g} | {_share_of_items(z)} "
            f"| {_means(own, others, 'ais')} | {_means(own, others, 'ais_p')} "
            f"| {_firsts(square, 'benchmark')} of {own.height} | {_firsts(square, 'ability')} "
            f"| {_links(own)}, {_links(others)} | {(z['z_p'].abs() > Z_OFF).mean():.2f} |"
        )
    return lines


def paired_drops(folder: Path) -> pl.DataFrame:
    """One row per mask and benchmark: the mean drop in accuracy, and z of the drops in both measures."""
    outcomes = pl.read_parquet(folder / "outcomes.parquet").filter(pl.col("loglikelihoods").list.len() > 1)
    outcomes = outcomes.with_columns(
        pl.Series("p", right_probabilities(outcomes)), right=pl.col("score").cast(float)
    )
    base = outcomes.filter(pl.col("variant") == "base").select("benchmark", "item_id", right0="right", p0="p")
    pairs = outcomes.filter(pl.col("variant") != "base").join(base, on=["benchmark", "item_id"])
    pairs = pairs.with_columns(right=pl.col("right0") - pl.col("right"), p=pl.col("p0") - pl.col("p"))
    return pairs.group_by("ability", *SIZE, "seed", "benchmark").agg(
        drop=pl.col("right").mean(), z=_z("right"), z_p=_z("p")
    )


def _z(column: str) -> pl.Expr:
    return pl.col(column).mean() / pl.col(column).std() * pl.len().sqrt()


def _share_of_items(z: pl.DataFrame) -> str:
    """Median over the cells of 1 / (z_p / z)²."""
    cells = z.filter(pl.col("drop").is_between(*DROPS), pl.col("z") > 0)
    ratio = (cells["z_p"] / cells["z"]).median()
    return "·" if ratio is None else f"1 / {ratio**2:.1f} ({cells.height} cells)"


def _means(own: pl.DataFrame, others: pl.DataFrame, column: str) -> str:
    return ", ".join("·" if (m := part[column].mean()) is None else f"{m:.3f}" for part in (own, others))


def _firsts(square: pl.DataFrame, by: Literal["ability", "benchmark"]) -> str:
    """In how many columns or rows the own cell is the largest, by AIS and by AIS_p."""
    return ", ".join(str(own_firsts(square, effect, by)) for effect in ("ais", "ais_p"))


def _links(part: pl.DataFrame) -> int:
    return part.filter(pl.col("ais_p_low") > LEAST_EFFECT).height


if __name__ == "__main__":
    main(sys.argv[1:])
