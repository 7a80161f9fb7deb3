"""Writes a profile as tables: the matrices, their summary, attribution accuracy, and the answers."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from core.abilities.compound import JOINS
from core.masks.choices import CONTROLS
from tui import output
from tui.matrix_words import (
    ATTRIBUTION_LEGEND,
    LEGEND,
    SILENT,
    SUMMARY_LEGEND,
    cell_text,
    collapse_line,
    detectable_line,
    matrix_title,
    random_line,
    reasons,
)
from tui.names import SHORT_NAMES
from tui.numbers import number
from tui.output import plain_table, wrapped
from tui.profile_answers import write_failures, write_generation_quality

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from rich.table import Table

    from core.analysis.comparisons import MatrixSummary
    from core.analysis.profile import Profile

WIDE = 150
"""Columns of a terminal from which each cell shows its interval."""

FEW_MATRICES = 4
"""Most matrices that are all written; of more, only the largest k of each variant and selection."""

SUMMARY_HEADS = (
    *("variant", "selection", "k", "own", "others", "specific", "Holm", "top 3", "|AIS|", "collapsed"),
)
ATTRIBUTION_HEADS = (
    *("variant", "selection", "k", "rule", "named", "right", "needed", "precision", "recall", "F1"),
)


def write_profile(profile: Profile) -> None:
    """Writes the matrices, their summary, and how the ablated model answers."""
    from core.analysis.comparisons import summaries

    cells = profile.cells
    if not profile.plan.masks():
        output.write_table(_base_table(cells))
        output.write(reasons(cells))
        return
    effects = profile.plan.effects
    variants = [v for v in profile.plan.variants if v != "base"]
    ks = {variant: sorted(profile.plan.ks_of(variant)) for variant in variants}
    if sum(map(len, ks.values())) * len(effects) > FEW_MATRICES:
        ks = {variant: of_variant[-1:] for variant, of_variant in ks.items()}
    for variant in variants:
        for selection in effects:
            for k in ks[variant]:
                _write_matrix(profile, variant, selection, k)
    output.write("".join(f"{wrapped(line)}\n" for line in (LEGEND, random_line(cells)) if line) + "\n")
    output.write_table(_summary_table(summaries(profile.cells)))
    output.write(wrapped(SUMMARY_LEGEND) + "\n\n")
    _write_attributions(profile)
    if why := reasons(cells):
        output.write(f"{why}\n")
    write_generation_quality(profile)
    write_failures(profile)


def _write_matrix(profile: Profile, variant: str, selection: str, k: float) -> None:
    """One matrix and the lines below it; compound benchmarks in a table of their own."""
    import polars as pl

    from core.benchmarks.diagnostic import is_compound

    needs = {one.id: one.needs for one in profile.plan.benchmarks if is_compound(one)}
    at_k = profile.cells.filter((pl.col("variant") == variant) & (pl.col("k") == k))
    rows = at_k.filter(pl.col("selection") == selection)
    single = ~pl.col("benchmark").is_in(list(needs))
    if len(rows.filter(single)):
        output.write_table(_matrix(rows.filter(single), at_k))
    if needs:
        output.write_table(_compound_matrix(rows.filter(~single), needs))
    lines = [line for line in (detectable_line(rows), collapse_line(rows)) if line]
    output.write("".join(f"{wrapped(line)}\n" for line in lines) + "\n")


def _matrix(rows: pl.DataFrame, at_k: pl.DataFrame) -> Table:
    """Abilities by benchmarks, with the controls' means below.

    Args:
        rows: the cells of one variant, selection and k.
        at_k: all selections at this variant and k.
    """
    import polars as pl

    benchmarks = rows["benchmark"].unique(maintain_order=True).to_list()
    heads = ("ablated", *(SHORT_NAMES.get(benchmark, benchmark) for benchmark in benchmarks))
    table = plain_table(heads, title=matrix_title(rows), is_tight=True)
    with_interval = not sys.stdout.isatty() or shutil.get_terminal_size().columns >= WIDE
    for (ability,), row in rows.group_by("ability", maintain_order=True):
        cells = {cell["benchmark"]: cell_text(cell, with_interval=with_interval) for cell in row.to_dicts()}
        name = SHORT_NAMES[str(ability)] + ("!" if row["collapsed"][0] else "")
        table.add_row(name, *(cells[benchmark] for benchmark in benchmarks))
    for control in CONTROLS:
        means = at_k.filter(pl.col("selection") == control).group_by("benchmark").agg(pl.col("ais").mean())
        by_name = dict(means.iter_rows())
        if by_name:
            table.add_row(f"({control})", *(number(by_name[b]) for b in benchmarks), style="dim")
    return table


def _compound_matrix(rows: pl.DataFrame, needs: Mapping[str, Sequence[str]]) -> Table:
    """Compound benchmarks by abilities; cells of needed abilities are in brackets."""
    collapsed = set(rows.filter("collapsed")["ability"])
    abilities = rows["ability"].unique(maintain_order=True).to_list()
    heads = (SHORT_NAMES[ability] + ("!" if ability in collapsed else "") for ability in abilities)
    table = plain_table(("benchmark", *heads), title=matrix_title(rows), is_tight=True)
    for (benchmark,), row in rows.group_by("benchmark", maintain_order=True):
        needed = needs[str(benchmark)]
        cells = {cell["ability"]: cell_text(cell) for cell in row.to_dicts()}
        name = JOINS.join(SHORT_NAMES[ability] for ability in needed)
        texts = (f"[{cells[ability]}]" if ability in needed else cells[ability] for ability in abilities)
        table.add_row(name, *texts)
    return table


def _write_attributions(profile: Profile) -> None:
    """Attribution accuracy on the compound benchmarks, if there are any."""
    from core.analysis.attribution import attributions

    found = attributions(profile)
    if not found:
        return
    left = ("variant", "selection", "rule")
    table = plain_table(ATTRIBUTION_HEADS, left=left, title="Attribution accuracy", wraps=True)
    for one in found:
        table.add_row(
            *(one.variant, one.selection, f"{one.k:g}", one.rule),
            *(f"{count:,}" for count in (one.named, one.right, one.needed)),
            *(number(value) for value in (one.precision, one.recall, one.f1)),
        )
    output.write_table(table)
    output.write(wrapped(ATTRIBUTION_LEGEND.format(number(found[0].f1_of_all))) + "\n")
    if silent := max(one.silent for one in found):
        output.write(wrapped(SILENT.format(silent, found[0].cells)) + "\n")
    output.write("\n")


def _summary_table(rows: Sequence[MatrixSummary]) -> Table:
    """One row per matrix; `SUMMARY_LEGEND` explains the columns."""
    left = ("variant", "selection")
    table = plain_table(SUMMARY_HEADS, left=left, title="Summary of the matrices", wraps=True)
    for row in rows:
        table.add_row(
            row.variant,
            row.selection,
            f"{row.k:g}",
            number(row.mean_own),
            number(row.mean_others),
            number(row.mean_specificity),
            str(row.holm_significant),
            f"{row.own_in_top_three}/{row.rows}",
            "·" if row.mean_absolute is None else f"{row.mean_absolute:.3f}",
            str(row.collapsed),
        )
    return table


def _base_table(cells: pl.DataFrame) -> Table:
    table = plain_table(("benchmark", "score", "chance", "n"), title="The intact model", wraps=True)
    for cell in cells.to_dicts():
        chance = "none" if cell["chance"] is None else f"{cell['chance']:.2f}"
        table.add_row(cell["benchmark"], f"{cell['base_score']:.3f}", chance, str(cell["n"]))
    return table
