"""Rules for naming what a benchmark needs: `python -m tests.performance.attribution DIR...`.

A DIR is the `--out` of a profile of all abilities on compound benchmarks. Every second compound (of pairs and
triples alike) is for choosing a rule, by the mean F1 over the profiles, and the others for reporting it. Then
what the chosen rule does not name, though it is needed, by the first reason that holds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from core.analysis.statistics import LEAST_EFFECT, SIGNIFICANT
from core.analysis.table import SIZE, may_be_starred

SPEAKS = ~pl.col("collapsed") & may_be_starred()
LINK = SPEAKS & (pl.col("ais_p_low") > LEAST_EFFECT)
BEYOND_OTHERS = pl.col("specificity_p_low") > 0
BEYOND_RANDOM = (pl.col("over_random_p_low") > 0).fill_null(value=True)
AIS_ABOVE = SPEAKS & pl.col("defined") & (pl.col("ais") > 0) & (pl.col("q_value") < SIGNIFICANT)

RULES: Mapping[str, pl.Expr] = {
    "AIS > 0, q < .05": AIS_ABOVE,
    "the same, beyond others": AIS_ABOVE & (pl.col("specificity_low") > 0),
    "AIS_p > .05 (interval)": LINK,
    "AIS_p > .05, beyond random": LINK & BEYOND_RANDOM,
    "AIS_p > .05, beyond others": LINK & BEYOND_OTHERS,
    "AIS_p > .05, beyond both": LINK & BEYOND_OTHERS & BEYOND_RANDOM,
    "AIS_p > .05 (estimate), beyond others": SPEAKS & (pl.col("ais_p") > LEAST_EFFECT) & BEYOND_OTHERS,
    "beyond others by .05": SPEAKS & (pl.col("specificity_p_low") > LEAST_EFFECT),
    "beyond others": SPEAKS & BEYOND_OTHERS,
    "beyond others, and its row's median": SPEAKS & BEYOND_OTHERS & (pl.col("ais_p_low") > pl.col("of_row")),
    "AIS_p > .05, beyond its row's median": LINK & (pl.col("ais_p_low") > pl.col("of_row") + LEAST_EFFECT),
    "beyond others, twice its row's median": SPEAKS
    & BEYOND_OTHERS
    & (pl.col("ais_p") > 2 * pl.col("of_row")),
}
"""Rules by name; they are columns of cells.parquet, and `of_row`, the mask's median AIS_p."""

REASONS: Mapping[str, pl.Expr] = {
    "not shown, or collapsed": ~SPEAKS,
    "no AIS_p": pl.col("ais_p").is_null(),
    "AIS_p below .05": pl.col("ais_p_high") < LEAST_EFFECT,
    "AIS_p open": pl.col("ais_p_low") <= LEAST_EFFECT,
    "not beyond others": ~BEYOND_OTHERS,
    "not beyond random": ~BEYOND_RANDOM,
}


def main(folders: list[str]) -> None:
    """Prints a table of rules, and one of what the best leaves out."""
    found = {folder: _cells(Path(folder)) for folder in folders}
    sys.stdout.write("\n".join([*_rule_table(found), "", *_lost_table(found)]) + "\n")


def _cells(folder: Path) -> dict[str, pl.DataFrame]:
    """The cells on compounds of each kind of mask, with `needed`, `chooses` and `of_row`."""
    benchmarks = json.loads((folder / "profile.json").read_text("utf-8"))["benchmarks"]
    needs = {one["id"]: one["needs"] for one in benchmarks if len(one["needs"]) > 1}
    cells = pl.read_parquet(folder / "cells.parquet").filter(
        pl.col("benchmark").is_in(list(needs)), pl.col("selection") != "random"
    )
    chosen = {name for number, name in enumerate(needs) if number % 2}
    named = [ability in needs[name] for name, ability in cells.select("benchmark", "ability").iter_rows()]
    cells = cells.with_columns(
        pl.Series("needed", named),
        chooses=pl.col("benchmark").is_in(list(chosen)),
        of_row=pl.col("ais_p").median().over("ability", *SIZE),
    )
    return {
        " ".join(map(str, kind)): part for kind, part in sorted(cells.group_by(SIZE), key=lambda one: one[0])
    }


def _rule_table(found: Mapping[str, Mapping[str, pl.DataFrame]]) -> list[str]:
    heads = [f"{Path(folder).name} {kind}" for folder, kinds in found.items() for kind in kinds]
    lines = [f"| rule | chosen by: mean F1 | {' | '.join(heads)} |", f"| --- | --- |{' --- |' * len(heads)}"]
    parts = [part for kinds in found.values() for part in kinds.values()]
    for name, rule in RULES.items():
        mean = sum(_f1(part.filter("chooses"), rule)[-1] for part in parts) / len(parts)
        cells = [
            "{} named, {} right of {}: F1 {:.2f}".format(*_f1(part.filter(~pl.col("chooses")), rule))
            for part in parts
        ]
        lines.append(f"| {name} | {mean:.3f} | {' | '.join(cells)} |")
    return lines


def _f1(cells: pl.DataFrame, rule: pl.Expr) -> tuple[int, int, int, float]:
    """Named, right and needed cells, and F1."""
    marked = cells.select("needed", named=rule.fill_null(value=False))
    named, needed = int(marked["named"].sum()), int(marked["needed"].sum())
    right = marked.filter(pl.col("named") & pl.col("needed")).height
    return named, right, needed, 2 * right / (named + needed)


def _lost_table(found: Mapping[str, Mapping[str, pl.DataFrame]]) -> list[str]:
    """The needed cells by the first reason not to name them."""
    lines = [f"| masks | needed | {' | '.join(REASONS)} |", f"| --- | --- |{' --- |' * len(REASONS)}"]
    for folder, kinds in found.items():
        for kind, part in kinds.items():
            left, counts = part.filter("needed"), []
            needed = left.height
            for reason in REASONS.values():
                holds = left.select(reason.fill_null(value=False)).to_series()
                counts.append(str(int(holds.sum())))
                left = left.filter(~holds)
            lines.append(f"| {Path(folder).name} {kind} | {needed} | {' | '.join(counts)} |")
    return lines


if __name__ == "__main__":
    main(sys.argv[1:])
