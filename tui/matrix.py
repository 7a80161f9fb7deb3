"""Writes a profile as tables: what the matrices say, and the matrices of ability by benchmark."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

from core.abilities.catalogue import ABILITIES
from core.choices import CONTROLS
from tui import output

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

    from core.profile import Profile
    from core.profile.summary import MatrixSummary

WIDE = 150
"""Columns from which every cell has room for its interval."""

FEW_MATRICES = 4
"""Up to so many matrices are all written; of more, the largest k of each variant and selection."""

SIGNIFICANT = 0.05
"""A q-value below it has a mark."""

LEGEND = (
    "Cells: AIS, 1 = the benchmark needs the ability, 0 = it does not.  * q < 0.05   · not identifiable   "
    "! the mask takes every benchmark down to chance: too large a k to say anything about abilities"
)

SHORT_NAMES = {
    "analogical_reasoning": "analog",
    "commonsense_causal": "causal",
    "contextual_recall": "recall",
    "deductive_reasoning": "deduct",
    "inductive_reasoning": "induct",
    "long_term_knowledge": "knowl",
    "quantitative_reasoning": "quant",
    "semantic_relationship": "semant",
    "spatial_reasoning": "spatial",
    "temporal_reasoning": "tempor",
}
"""Heads of narrow columns."""


def write_matrices(profile: Profile) -> None:
    """Writes the summary of all matrices, then the matrices themselves."""
    from core.profile.summary import summaries

    cells = profile.cells
    if not profile.plan.masks():
        output.write_table(_base_table(cells))
        return
    effects = [s for s in profile.plan.selections if s not in CONTROLS] or list(profile.plan.selections)
    variants = [v for v in profile.plan.variants if v != "base"]
    ks = sorted(profile.plan.ks)
    if len(ks) * len(effects) * len(variants) > FEW_MATRICES:
        ks = ks[-1:]
    for variant in variants:
        for selection in effects:
            for k in ks:
                output.write_table(_matrix(cells, variant, selection, k))
    output.write(LEGEND + "\n\n")
    output.write_table(_summary_table(summaries(profile)))
    output.write(_reasons(cells))


def _matrix(cells: pl.DataFrame, variant: str, selection: str, k: float) -> Table:
    """Abilities by benchmarks at one variant, selection and k, the controls' means below."""
    import polars as pl
    from rich.table import Table

    at = cells.filter((pl.col("variant") == variant) & (pl.col("k") == k))
    rows = at.filter(pl.col("selection") == selection)
    benchmarks = rows["benchmark"].unique(maintain_order=True).to_list()
    first = rows.row(0, named=True)
    size = f"{first['weights']:,} weights, {first['share_of_candidates']:.1%} of candidates"
    title = f"AIS · {variant} · {selection} · k {k:g} · {size} · n {first['n']}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, collapse_padding=True)
    table.add_column("ablated")
    for benchmark in benchmarks:
        table.add_column(SHORT_NAMES.get(benchmark, benchmark), justify="right", no_wrap=True)
    with_interval = not sys.stdout.isatty() or shutil.get_terminal_size().columns >= WIDE
    for (ability,), row in rows.group_by("ability", maintain_order=True):
        by_benchmark = {cell["benchmark"]: cell for cell in row.to_dicts()}
        mark = "!" if row["collapsed"][0] else ""
        texts = [_cell(by_benchmark[benchmark], with_interval) for benchmark in benchmarks]
        table.add_row(SHORT_NAMES[str(ability)] + mark, *texts)
    for control in CONTROLS:
        means = at.filter(pl.col("selection") == control).group_by("benchmark").agg(pl.col("ais").mean())
        by_name = dict(means.iter_rows())
        if by_name:
            table.add_row(f"({control})", *(_number(by_name[b]) for b in benchmarks), style="dim")
    return table


def _cell(cell: dict[str, Any], with_interval: bool) -> str:
    """One cell: `.65*`, with room `.65* [.52 .77]`."""
    if not cell["defined"]:
        return "·"
    star = "*" if cell["q_value"] < SIGNIFICANT else " "
    text = f"{_number(cell['ais'])}{star}"
    return f"{text}[{_number(cell['ais_low'])} {_number(cell['ais_high'])}]" if with_interval else text


def _number(value: float | None) -> str:
    """Two decimals without the leading zero."""
    if value is None:
        return "·"
    text = f"{value:.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def _summary_table(rows: list[MatrixSummary]) -> Table:
    from rich.table import Table

    table = Table(title="What the matrices say", title_justify="left", box=None, pad_edge=False)
    heads = ("variant", "selection", "k", "own", "others", "own in top 3", "mean |AIS|", "collapsed")
    for head in heads:
        table.add_column(head, justify="left" if head in heads[:2] else "right")
    for row in rows:
        table.add_row(
            row.variant,
            row.selection,
            f"{row.k:g}",
            _number(row.mean_own),
            _number(row.mean_others),
            f"{row.own_in_top_three} of {row.rows}",
            "·" if row.mean_absolute is None else f"{row.mean_absolute:.3f}",
            str(row.collapsed),
        )
    return table


def _base_table(cells: pl.DataFrame) -> Table:
    from rich.table import Table

    table = Table(title="The intact model", title_justify="left", box=None, pad_edge=False)
    for head in ("benchmark", "score", "chance", "n"):
        table.add_column(head, justify="left" if head == "benchmark" else "right")
    for cell in cells.to_dicts():
        chance = "none" if cell["chance"] is None else f"{cell['chance']:.2f}"
        table.add_row(cell["benchmark"], f"{cell['base_score']:.3f}", chance, str(cell["n"]))
    return table


def _reasons(cells: pl.DataFrame) -> str:
    """Why cells are not identifiable, one line a benchmark."""
    import polars as pl

    undefined = cells.filter(~pl.col("defined")).unique("benchmark", maintain_order=True)
    order = [ability.id for ability in ABILITIES]
    rows = sorted(
        undefined.to_dicts(), key=lambda c: order.index(c["benchmark"]) if c["benchmark"] in order else 99
    )
    return "".join(f"{row['benchmark']}: {row['reason']}\n" for row in rows)
