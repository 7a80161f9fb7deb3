"""Writes a profile as tables: the matrices, their summary, attribution accuracy, and the answers."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from typing import TYPE_CHECKING

from core.abilities.catalogue import JOINS
from core.analysis.statistics import NO_PROBABILITY
from core.masks.choices import CONTROLS
from core.models.spec import FORM
from tui import output
from tui.failure_words import share_text
from tui.measures import AIS, Measure
from tui.names import SHORT_NAMES, VARIANT_WORDS, short_name
from tui.numbers import number
from tui.output import plain_table, wrapped
from tui.result_words import (
    ATTRIBUTION_LEGEND,
    SILENT,
    SUMMARY_LEGEND,
    cell_text,
    collapse_line,
    detectable_line,
    matrix_title,
    mean_effect,
    mean_quality_cell,
    random_line,
    reasons,
    shown_line,
    until_line,
)
from tui.safe_text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl
    from rich.table import Table

    from core.analysis.diagnosis import TagName
    from core.analysis.failures import MaskSums
    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.profile import Profile
    from core.analysis.table import MatrixSummary
    from core.run.plan import Plan

WIDE = 150
"""Columns of a terminal from which each cell shows its interval."""

FEW_MATRICES = 4
"""Most matrices that are all written; of more, only the largest k of each variant and selection."""

NAMED = 4
"""Most benchmarks that a heading names."""

SUMMARY_HEADS = {
    "AIS": ("own", "others", "specific", "Holm", "top 3", "|AIS|", "collapsed"),
    "AIS_p": ("own", "others", "specific", "links", "first", "collapsed"),
}
"""Columns of the summary behind variant, selection and k, by measure."""

ATTRIBUTION_HEADS = (
    *("variant", "selection", "k", "rule", "named", "right", "needed", "precision", "recall", "F1"),
)


def write_profile(profile: Profile, measure: Measure) -> None:
    """Writes the matrices in one measure, their summary, and how the ablated model answers."""
    from core.analysis.table import summaries

    cells = profile.cells
    if not profile.plan.masks():
        output.write_table(_base_table(cells))
        output.write(reasons(cells, AIS))
        return
    if (cells["ais_p_reason"] == NO_PROBABILITY).all():
        measure = AIS
    effects = profile.plan.effects
    variants = [v for v in profile.plan.variants if v != "base"]
    ks = {variant: sorted(profile.plan.ks_of(variant)) for variant in variants}
    if sum(map(len, ks.values())) * len(effects) > FEW_MATRICES:
        ks = {variant: of_variant[-1:] for variant, of_variant in ks.items()}
    for variant in variants:
        for selection in effects:
            for k in ks[variant]:
                _write_matrix(profile, measure, variant, selection, k)
    more = random_line(cells) if measure is AIS else ""
    output.write("".join(f"{wrapped(line)}\n" for line in (measure.legend, more) if line) + "\n")
    output.write_table(_summary_table(summaries(profile.cells), measure))
    output.write(wrapped(SUMMARY_LEGEND[measure.name]) + "\n\n")
    _write_attributions(profile)
    if why := reasons(cells, measure):
        output.write(f"{why}\n")
    write_generation_quality(profile)
    write_failures(profile)


def _write_matrix(profile: Profile, measure: Measure, variant: str, selection: str, k: float) -> None:
    """One matrix and the lines below it; compound benchmarks in a table of their own."""
    import polars as pl

    from core.benchmarks.diagnostic import is_compound

    needs = {one.id: one.needs for one in profile.plan.benchmarks if is_compound(one)}
    at_k = profile.cells.filter((pl.col("variant") == variant) & (pl.col("k") == k))
    rows = at_k.filter(pl.col("selection") == selection)
    single = ~pl.col("benchmark").is_in(list(needs))
    if len(rows.filter(single)):
        output.write_table(_matrix(rows.filter(single), at_k, measure))
    if needs:
        output.write_table(_compound_matrix(rows.filter(~single), needs, measure))
    lines = [
        detectable_line(rows) if measure is AIS else "",
        until_line(rows, _most_items(profile.plan, rows)),
        collapse_line(rows),
        shown_line(profile.shown.values()),
    ]
    lines = [line for line in lines if line]
    output.write("".join(f"{wrapped(line)}\n" for line in lines) + "\n")


def _most_items(plan: Plan, rows: pl.DataFrame) -> int:
    """Items of all cells of a matrix at the limit."""
    items = {benchmark.id: plan.items_of(benchmark) for benchmark in plan.benchmarks}
    return sum(items[benchmark] for benchmark in rows["benchmark"])


def _matrix(rows: pl.DataFrame, at_k: pl.DataFrame, measure: Measure) -> Table:
    """Abilities by benchmarks, with the controls' means below.

    Args:
        rows: the cells of one variant, selection and k.
        at_k: all selections at this variant and k.
        measure: what the cells show.
    """
    import polars as pl

    benchmarks = rows["benchmark"].unique(maintain_order=True).to_list()
    heads = ("ablated", *map(_head, benchmarks))
    table = plain_table(heads, title=matrix_title(rows, measure), is_tight=True)
    with_interval = not sys.stdout.isatty() or shutil.get_terminal_size().columns >= WIDE
    for (ability,), row in rows.group_by("ability", maintain_order=True):
        cells = {
            cell["benchmark"]: cell_text(cell, measure, with_interval=with_interval)
            for cell in row.to_dicts()
        }
        name = SHORT_NAMES[str(ability)] + ("!" if row["collapsed"][0] else "")
        table.add_row(name, *(cells[benchmark] for benchmark in benchmarks))
    for control in CONTROLS:
        drawn = at_k.filter(pl.col("selection") == control)
        if len(drawn):
            means = (mean_effect(drawn.filter(benchmark=name), measure) for name in benchmarks)
            table.add_row(f"({control})", *map(number, means), style="dim")
    return table


def _head(benchmark: str) -> str:
    """A benchmark as a column head: short for an ability's, else its whole id."""
    return short_name(benchmark) if benchmark.partition(FORM)[0] in SHORT_NAMES else benchmark


def _compound_matrix(rows: pl.DataFrame, needs: Mapping[str, Sequence[str]], measure: Measure) -> Table:
    """Compound benchmarks by abilities; cells of needed abilities are in brackets."""
    collapsed = set(rows.filter("collapsed")["ability"])
    abilities = rows["ability"].unique(maintain_order=True).to_list()
    heads = (SHORT_NAMES[ability] + ("!" if ability in collapsed else "") for ability in abilities)
    table = plain_table(("benchmark", *heads), title=matrix_title(rows, measure), is_tight=True)
    for (benchmark,), row in rows.group_by("benchmark", maintain_order=True):
        needed = needs[str(benchmark)]
        cells = {cell["ability"]: cell_text(cell, measure) for cell in row.to_dicts()}
        name = JOINS.join(SHORT_NAMES[ability] for ability in needed)
        texts = (f"[{cells[ability]}]" if ability in needed else cells[ability] for ability in abilities)
        table.add_row(name, *texts)
    return table


def _write_attributions(profile: Profile) -> None:
    """Attribution accuracy on the compound benchmarks, if there are any."""
    from core.analysis.profile import attributions

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


def _summary_table(rows: Sequence[MatrixSummary], measure: Measure) -> Table:
    """One row per matrix; `SUMMARY_LEGEND` explains the columns."""
    left = ("variant", "selection")
    heads = (*left, "k", *SUMMARY_HEADS[measure.name])
    table = plain_table(heads, left=left, title="Summary of the matrices", wraps=True)
    figures = _ais_figures if measure is AIS else _ais_p_figures
    for row in rows:
        table.add_row(row.variant, row.selection, f"{row.k:g}", *figures(row), str(row.collapsed))
    return table


def _ais_figures(row: MatrixSummary) -> tuple[str, ...]:
    return (
        *(number(mean) for mean in (row.mean_own, row.mean_others, row.mean_specificity)),
        str(row.holm_significant),
        f"{row.own_in_top_three}/{row.rows}",
        "·" if row.mean_absolute is None else f"{row.mean_absolute:.3f}",
    )


def _ais_p_figures(row: MatrixSummary) -> tuple[str, ...]:
    means = (row.mean_own_p, row.mean_others_p, row.mean_specificity_p)
    return (*map(number, means), str(row.links), f"{row.own_first}/{row.rows}")


def _base_table(cells: pl.DataFrame) -> Table:
    table = plain_table(("benchmark", "score", "chance", "n"), title="The intact model", wraps=True)
    for cell in cells.to_dicts():
        chance = "none" if cell["chance"] is None else f"{cell['chance']:.2f}"
        table.add_row(cell["benchmark"], f"{cell['base_score']:.3f}", chance, str(cell["n"]))
    return table


def write_generation_quality(profile: Profile) -> None:
    """Writes the generation quality under the masks of the largest k, where it is measured.

    One row per ability, and one for all random controls together.
    """
    plan = profile.plan
    found: dict[tuple[str, str], dict[str, GenerationQuality]] = {}
    for mask, quality in profile.generation_qualities.items():
        is_first_draw = mask.seed == plan.seed
        if mask.k == max(plan.ks_of(mask.variant)) and is_first_draw:
            found.setdefault((mask.variant, mask.selection), {})[mask.ability] = quality
    kinds = [(v, s) for v in plan.variants for s in plan.effects if (v, s) in found]
    if not kinds:
        return
    answers = next(iter(found[kinds[0]].values())).repeating.n
    heading = (
        f"Generation quality at {_largest_ks(plan)}: perplexity on neutral text as a multiple of the intact "
        f"model's; share of {answers} answers that repeat themselves; share that is unreadable"
    )
    output.write(f"{wrapped(heading)}\n")
    heads = ("ablated", *(f"{variant} {selection}" for variant, selection in kinds))
    table = plain_table(heads, left=heads)
    for ability in plan.abilities:
        cells = [found[kind].get(ability) for kind in kinds]
        table.add_row(SHORT_NAMES[ability], *(mean_quality_cell([one] if one else []) for one in cells))
    controls = [list(found.get((variant, "random"), {}).values()) for variant, _ in kinds]
    if "random" not in plan.effects and any(controls):
        table.add_row("(random)", *map(mean_quality_cell, controls), style="dim")
    output.write_table(table)
    output.write("\n")


def write_failures(profile: Profile) -> None:
    """Writes how answers fail at one selection and the largest k: written answers, then choices.

    One row per ability, and one for all random controls together. The files have the rest.
    """
    effects, found = profile.plan.effects, profile.failures
    selection = effects[0]
    at_k = [one for one in found.sums if one.mask.k == max(profile.plan.ks_of(one.mask.variant))]
    masks = [one for one in at_k if one.mask.selection == selection]
    controls = [one for one in at_k if one.mask.selection == "random" != selection]
    of_mask = f"{selection} · {_largest_ks(profile.plan)}"
    if found.written:
        size = f"{_listed(found.written)} · n {masks[0].names.total()}"
        output.write(shown(f"How written answers fail · {of_mask} · {size}") + "\n")
        output.write_table(_failure_table(masks, controls, _written_text))
    if found.written and found.choice:
        output.write("\n")
    if found.choice:
        size = f"{_listed(found.choice)} · n {masks[0].n_choices}"
        output.write(shown(f"Margin of the right option in nats · {of_mask} · {size}") + "\n")
        output.write_table(_failure_table(masks, controls, _choice_text))


def _failure_table(
    masks: Sequence[MaskSums], controls: Sequence[MaskSums], text: Callable[[Sequence[MaskSums]], str]
) -> Table:
    """Abilities by variants, and below them all controls together; `text` makes a cell."""
    variants = list(dict.fromkeys(one.mask.variant for one in masks))
    heads = ("ablated", *(VARIANT_WORDS[variant] for variant in variants))
    table = plain_table(heads, left=heads, wraps=True)

    def cells(sums: Sequence[MaskSums]) -> list[str]:
        return [shown(text([one for one in sums if one.mask.variant == variant])) for variant in variants]

    for ability in dict.fromkeys(one.mask.ability for one in masks):
        table.add_row(SHORT_NAMES[ability], *cells([one for one in masks if one.mask.ability == ability]))
    if controls:
        table.add_row("(random)", *cells(controls), style="dim")
    return table


def _written_text(sums: Sequence[MaskSums]) -> str:
    """The frequent failures of the written answers under some masks together."""
    from core.analysis.diagnosis import LEAST_SHARE, MENTIONED, frequent_failures, shares

    of_base: Counter[TagName | None] = Counter()
    for one in sums:
        of_base += one.base_names
    found = frequent_failures(shares((name for one in sums for name in one.names.elements()), of_base))
    named = ", ".join(share_text(share) for share in found[:MENTIONED])
    return named or f"no failure in {100 * LEAST_SHARE:.0f} % or more"


def _choice_text(sums: Sequence[MaskSums]) -> str:
    """The mean margin of the choices under some masks together; for one mask, with its preferences."""
    n = sum(one.n_choices for one in sums if one.margins)
    if not n:
        return "·"
    base, ablated = (
        sum(one.n_choices * one.margins[side] for one in sums if one.margins) / n for side in (0, 1)
    )
    preferences = sums[0].preferences if len(sums) == 1 else ()
    return " ".join((f"{base:+.1f} → {ablated:+.1f}", *preferences))


def _largest_ks(plan: Plan) -> str:
    """The largest k of each variant: `k 0.01`, or `k 0.01 (mlp), 0.003 (all)` if they differ."""
    largest = {variant: max(plan.ks_of(variant)) for variant in plan.variants if variant != "base"}
    if len(set(largest.values())) == 1:
        return f"k {max(plan.ks):g}"
    return "k " + ", ".join(f"{k:g} ({variant})" for variant, k in largest.items())


def _listed(benchmarks: Sequence[str]) -> str:
    return ", ".join(benchmarks) if len(benchmarks) <= NAMED else f"{len(benchmarks)} benchmarks"
