"""What profiles of a real model show, as Markdown tables: `python -m tests.performance.real_llama DIR...`.

A DIR is the `--out` of a profile of several abilities on the diagnostic benchmarks. For each kind of mask:
points lost in accuracy and in p(right), the softmax over the options' log-likelihoods, by an ability's own
mask and by the others'; and in how many abilities the own mask is the one that hurts it most (column), or
its own ability is what a mask hurts most (row).
"""

import sys
from pathlib import Path

import polars as pl

from core.analysis.statistics.scores import right_probabilities
from core.analysis.table import IS_OWN, own_firsts

KIND = ("variant", "selection", "k")


def main(folders: list[str]) -> None:
    """Prints the table of all profiles, then the matrix of each kind of mask."""
    lost = pl.concat([losses(Path(folder)) for folder in folders])
    lines = summary(lost)
    for kind, part in sorted(lost.group_by(KIND), key=lambda pair: pair[0]):
        lines += ["", f"### {kind[0]}, {kind[1]}, k {kind[2]:g}: points of p(right) lost", "", *matrix(part)]
    sys.stdout.write("\n".join(lines) + "\n")


def losses(folder: Path) -> pl.DataFrame:
    """One row per mask and multiple-choice benchmark: points lost in accuracy (`acc`) and p(right) (`p`)."""
    outcomes = pl.read_parquet(folder / "outcomes.parquet")
    choices = outcomes.filter(pl.col("loglikelihoods").list.len() > 0)
    choices = choices.with_columns(pl.Series("p", right_probabilities(choices)))
    points = [(100 * pl.col(column).mean()).alias(name) for column, name in (("correct", "acc"), ("p", "p"))]
    means = choices.group_by("ability", *KIND, "seed", "benchmark").agg(points)
    base = means.filter(pl.col("variant") == "base").select("benchmark", base_acc="acc", base_p="p")
    ablated = means.filter(pl.col("variant") != "base").join(base, on="benchmark")
    cells = pl.read_parquet(folder / "cells.parquet").select(
        "ability",
        *KIND,
        "seed",
        "benchmark",
        "specificity",
        "specificity_low",
        "perplexity",
        "base_perplexity",
    )
    return ablated.select(
        "ability",
        *KIND,
        "seed",
        "benchmark",
        acc=pl.col("base_acc") - pl.col("acc"),
        p=pl.col("base_p") - pl.col("p"),
    ).join(cells, on=["ability", *KIND, "seed", "benchmark"], nulls_equal=True)


def summary(lost: pl.DataFrame) -> list[str]:
    """One row per kind of mask."""
    lines = [
        "| mask | k | acc: own, others | p: own, others | first in column, row | specific | perplexity |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (variant, selection, k), part in sorted(lost.group_by(KIND), key=lambda pair: pair[0]):
        square = part.filter(pl.col("benchmark").is_in(part["ability"].unique().to_list()))
        own, others = square.filter(IS_OWN), square.filter(~IS_OWN)
        specific = own.filter(pl.col("specificity_low") > 0).height
        ratio = (part["perplexity"] / part["base_perplexity"]).median()
        lines.append(
            f"| {variant}, {selection} | {k:g} | {mean(own['acc'])}, {mean(others['acc'])} "
            f"| {mean(own['p'])}, {mean(others['p'])} "
            f"| {own_firsts(square, 'p', 'benchmark')}, {own_firsts(square, 'p', 'ability')} of {own.height} "
            f"| {specific} | x {ratio:.2f} |"
        )
    return lines


def mean(values: pl.Series) -> str:
    """The mean as text; a point of nothing."""
    return f"{values.mean():.1f}" if len(values) else "·"


def matrix(part: pl.DataFrame) -> list[str]:
    """Masks by benchmarks."""
    benchmarks = sorted(part["benchmark"].unique().to_list())
    lines = ["| mask | " + " | ".join(benchmarks) + " |", "| --- " * (len(benchmarks) + 1) + "|"]
    for (ability,), row in sorted(part.group_by("ability"), key=lambda pair: pair[0]):
        lost = dict(row.select("benchmark", "p").iter_rows())
        lines.append(f"| {ability} | " + " | ".join(f"{lost[name]:.1f}" for name in benchmarks) + " |")
    return lines


if __name__ == "__main__":
    main(sys.argv[1:])
