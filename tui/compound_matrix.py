"""Writes what a profile says of compound benchmarks: the matrix, and what a name in it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.abilities.compound import JOINS
from tui import output
from tui.matrix_words import mark, matrix_title
from tui.names import SHORT_NAMES
from tui.numbers import number
from tui.output import wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from rich.table import Table

    from core.analysis.attribution import AttributionAccuracy
    from core.analysis.profile import Profile

NAMING_LEGEND = (
    "A cell names its ability if its AIS is above 0 with q < .05 (significant), or if besides the whole "
    "interval of what it is above the other abilities' masks is above 0 (specific). In brackets: what the "
    "items of a compound benchmark need, by the way they are made.  precision: of the named, those that are "
    "needed.  recall: of the needed, those that are named.  F1: both in one; to name every ability "
    "everywhere gives {}"
)

SILENT = (
    "Where the AIS is not identifiable or the mask is collapsed, nothing is named: up to {:,} of {:,} cells "
    "of a matrix."
)

HEADS = ("variant", "selection", "k", "rule", "named", "right", "needed", "precision", "recall", "F1")


def compound_name(needs: Sequence[str]) -> str:
    """A compound benchmark in a narrow column: `quant+tempor`."""
    return JOINS.join(SHORT_NAMES[ability] for ability in needs)


def needs_of(profile: Profile) -> dict[str, tuple[str, ...]]:
    """For each compound benchmark of a profile the abilities that its items need."""
    from core.benchmarks.diagnostic import is_compound

    return {one.id: one.needs for one in profile.plan.benchmarks if is_compound(one)}


def compound_matrix(rows: pl.DataFrame, needs: Mapping[str, Sequence[str]]) -> Table:
    """Compound benchmarks by abilities at one variant, selection and k; what is needed is in brackets."""
    import polars as pl
    from rich.table import Table

    chosen = rows.filter(pl.col("benchmark").is_in(list(needs)))
    table = Table(title=matrix_title(chosen), title_justify="left", box=None, pad_edge=False)
    table.collapse_padding = True
    table.add_column("benchmark", no_wrap=True)
    collapsed = set(chosen.filter("collapsed")["ability"])
    abilities = chosen["ability"].unique(maintain_order=True).to_list()
    for ability in abilities:
        name = SHORT_NAMES[ability] + ("!" if ability in collapsed else "")
        table.add_column(name, justify="right", no_wrap=True)
    for (benchmark,), row in chosen.group_by("benchmark", maintain_order=True):
        of_ability = {cell["ability"]: cell for cell in row.to_dicts()}
        wanted = needs[str(benchmark)]
        cells = (_cell(of_ability[ability], is_needed=ability in wanted) for ability in abilities)
        table.add_row(compound_name(wanted), *cells)
    return table


def _cell(cell: Mapping[str, Any], *, is_needed: bool) -> str:
    text = f"{number(cell['ais'])}{mark(cell)}" if cell["defined"] else "·"
    return f"[{text}]" if is_needed else text


def write_attributions(profile: Profile) -> None:
    """Writes how well the matrices name what the compound benchmarks need; nothing without such."""
    from rich.table import Table

    from core.analysis.attribution import attributions

    found = attributions(profile)
    if not found:
        return
    table = Table(title="What a name is worth", title_justify="left", box=None, pad_edge=False)
    for head in HEADS:
        table.add_column(head, justify="left" if head in ("variant", "selection", "rule") else "right")
    for one in found:
        table.add_row(*_attribution_words(one))
    output.write_table(table)
    output.write(wrapped(NAMING_LEGEND.format(number(found[0].f1_of_all))) + "\n")
    if silent := max(one.silent for one in found):
        output.write(wrapped(SILENT.format(silent, found[0].cells)) + "\n")
    output.write("\n")


def _attribution_words(one: AttributionAccuracy) -> tuple[str, ...]:
    kind = (one.variant, one.selection, f"{one.k:g}", one.rule)
    counts = (f"{one.named:,}", f"{one.right:,}", f"{one.needed:,}")
    return (*kind, *counts, *(number(value) for value in (one.precision, one.recall, one.f1)))
