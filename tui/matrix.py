"""Writes a profile as tables: what the matrices say, and the matrices of ability by benchmark."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

from core.masks.choices import CONTROLS
from tui import output
from tui.compound_matrix import compound_matrix, needs_of, write_attributions
from tui.matrix_words import (
    LEGEND,
    collapse_line,
    detectable_line,
    largest_ks,
    mark,
    matrix_title,
    random_line,
    reasons,
    write_generation_quality,
)
from tui.names import SHORT_NAMES
from tui.numbers import number
from tui.output import wrapped
from tui.safe_text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl
    from rich.table import Table

    from core.analysis.comparisons import MatrixSummary
    from core.analysis.profile import Profile
    from core.analysis.profile_failures import MaskSums
    from core.models.matrices import Variant

WIDE = 150
"""Columns from which every cell has room for its interval."""

FEW_MATRICES = 4
"""Up to so many matrices are all written; of more, the largest k of each variant and selection."""

SUMMARY_LEGEND = (
    "own, others: mean AIS on the ability's own benchmark, and on the other abilities'.  specific: own less "
    "what the other abilities' masks do to that benchmark.  hold: cells that hold (Holm).  top 3: abilities "
    "whose own benchmark is among the three most hurt.  |AIS|: mean of all cells.  collapsed: masks that "
    "take every benchmark down to chance"
)

NAMED = 4
"""Up to so many benchmarks are named in a heading."""


def write_matrices(profile: Profile) -> None:
    """Writes the summary of all matrices, then the matrices themselves."""
    from core.analysis.comparisons import summaries

    cells = profile.cells
    if not profile.plan.masks():
        output.write_table(_base_table(cells))
        output.write(reasons(cells))
        return
    effects = _effects(profile)
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
    write_attributions(profile)
    if why := reasons(cells):
        output.write(f"{why}\n")
    write_generation_quality(profile, effects)
    write_failures(profile)


def write_failures(profile: Profile) -> None:
    """Writes how the ablated answers fail at one selection and the largest k: written ones, then choices.

    One row for each ability, and one for the random controls of all together. The rest is in the files.
    """
    effects, found = _effects(profile), profile.failures
    selection = "contrast" if "contrast" in effects else effects[0]
    at_k = [one for one in found.sums if one.mask.k == max(profile.plan.ks_of(one.mask.variant))]
    rows_shown = [one for one in at_k if one.mask.selection == selection]
    control = [one for one in at_k if one.mask.selection == "random" != selection]
    of_mask = f"{selection} · {largest_ks(profile.plan)}"
    if found.written:
        size = f"{_listed(found.written)} · n {rows_shown[0].ways.total()}"
        output.write(shown(f"How written answers fail · {of_mask} · {size}") + "\n")
        output.write_table(_failure_table(rows_shown, control, _written_words))
    if found.written and found.choice:
        output.write("\n")
    if found.choice:
        size = f"{_listed(found.choice)} · n {rows_shown[0].n_choices}"
        output.write(shown(f"Margin of the right option in nats · {of_mask} · {size}") + "\n")
        output.write_table(_failure_table(rows_shown, control, _choice_words))


def _failure_table(
    rows_shown: Sequence[MaskSums], control: Sequence[MaskSums], words: Callable[[Sequence[MaskSums]], str]
) -> Table:
    """Abilities by variants; in the cells is what the words say of a mask, below of all controls together."""
    from rich.table import Table

    from tui.names import VARIANT_WORDS

    table = Table(box=None, pad_edge=False)
    table.add_column("ablated", no_wrap=True)
    variants = list(dict.fromkeys(one.mask.variant for one in rows_shown))
    for variant in variants:
        table.add_column(VARIANT_WORDS[variant])
    rows: dict[str, list[MaskSums]] = {}
    for one in rows_shown:
        rows.setdefault(SHORT_NAMES[one.mask.ability], []).append(one)
    for name, masks in rows.items():
        table.add_row(name, *_by_variant(masks, variants, words))
    if control:
        table.add_row("(random)", *_by_variant(control, variants, words), style="dim")
    return table


def _by_variant(
    masks: Sequence[MaskSums], variants: Sequence[Variant], words: Callable[[Sequence[MaskSums]], str]
) -> Iterator[str]:
    for variant in variants:
        yield shown(words([one for one in masks if one.mask.variant == variant]))


def _written_words(sums: Sequence[MaskSums]) -> str:
    """The frequent failures of the written answers under some masks together."""
    from core.analysis.diagnosis.failure_modes import LEAST_SHARE, frequent, shares

    found = shares(way for one in sums for way in one.ways.elements())
    failures = frequent(found)
    if failures:
        return ", ".join(share.brief() for share in failures)
    same = next((share.brief() for share in found if share.name == "same"), "none are the same")
    return f"{same}, no failure in {100 * LEAST_SHARE:.0f} % or more"


def _choice_words(sums: Sequence[MaskSums]) -> str:
    """The mean margin of the choices under some masks together, and what a single one prefers."""
    n = sum(one.n_choices for one in sums if one.margins)
    if not n:
        return "·"
    base, ablated = (
        sum(one.n_choices * one.margins[place] for one in sums if one.margins) / n for place in (0, 1)
    )
    preferences = sums[0].preferences if len(sums) == 1 else ()
    return " ".join((f"{base:+.1f} → {ablated:+.1f}", *preferences))


def _listed(benchmarks: Sequence[str]) -> str:
    """The benchmarks by name if they are few."""
    return ", ".join(benchmarks) if len(benchmarks) <= NAMED else f"{len(benchmarks)} benchmarks"


def _effects(profile: Profile) -> list[str]:
    """The selections that are no controls; without any, all."""
    return [s for s in profile.plan.selections if s not in CONTROLS] or list(profile.plan.selections)


def _write_matrix(profile: Profile, variant: str, selection: str, k: float) -> None:
    """One matrix, and below it what has to be known of it; compound benchmarks in a table of their own."""
    import polars as pl

    at = (pl.col("variant") == variant) & (pl.col("selection") == selection) & (pl.col("k") == k)
    rows = profile.cells.filter(at)
    needs = needs_of(profile)
    others = profile.cells.filter(~pl.col("benchmark").is_in(list(needs)))
    if len(others):
        output.write_table(_matrix(others, variant, selection, k))
    if needs:
        output.write_table(compound_matrix(rows, needs))
    lines = [line for line in (detectable_line(rows), collapse_line(rows)) if line]
    output.write("".join(f"{wrapped(line)}\n" for line in lines) + "\n")


def _matrix(cells: pl.DataFrame, variant: str, selection: str, k: float) -> Table:
    """Abilities by benchmarks at one variant, selection and k, the controls' means below."""
    import polars as pl
    from rich.table import Table

    at = cells.filter((pl.col("variant") == variant) & (pl.col("k") == k))
    rows = at.filter(pl.col("selection") == selection)
    benchmarks = rows["benchmark"].unique(maintain_order=True).to_list()
    title = matrix_title(rows)
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
            table.add_row(f"({control})", *(number(by_name[b]) for b in benchmarks), style="dim")
    return table


def _cell(cell: dict[str, Any], with_interval: bool) -> str:
    """One cell: `.65**`, with room `.65** [.52 .77]`."""
    if not cell["defined"]:
        return "·"
    text = f"{number(cell['ais'])}{mark(cell)}"
    return f"{text} [{number(cell['ais_low'])} {number(cell['ais_high'])}]" if with_interval else text


def _summary_table(rows: list[MatrixSummary]) -> Table:
    """One row for each matrix; `SUMMARY_LEGEND` says what its columns are."""
    from rich.table import Table

    table = Table(title="What the matrices say", title_justify="left", box=None, pad_edge=False)
    heads = ("variant", "selection", "k", "own", "others", "specific", "hold", "top 3", "|AIS|", "collapsed")
    for head in heads:
        table.add_column(head, justify="left" if head in heads[:2] else "right")
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
    from rich.table import Table

    table = Table(title="The intact model", title_justify="left", box=None, pad_edge=False)
    for head in ("benchmark", "score", "chance", "n"):
        table.add_column(head, justify="left" if head == "benchmark" else "right")
    for cell in cells.to_dicts():
        chance = "none" if cell["chance"] is None else f"{cell['chance']:.2f}"
        table.add_row(cell["benchmark"], f"{cell['base_score']:.3f}", chance, str(cell["n"]))
    return table
