"""What has to be said below a matrix: what so few items cannot show, what a mask collapses, how it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.abilities.catalogue import ABILITIES
from core.analysis.statistics import SIGNIFICANT
from tui import output
from tui.names import SHORT_NAMES
from tui.numbers import number
from tui.output import wrapped
from tui.quality_words import mean_quality_cell
from tui.safe_text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from core.analysis.generation_quality import GenerationQuality
    from core.analysis.profile import Profile
    from core.experiment.plan import Plan

ROUNDING = 1e-9
"""Of a share of random masks."""

ENOUGH = 19
"""Random masks that can show an empirical p of .05."""

LEGEND = (
    "Cells: AIS, 1 = the benchmark needs the ability, 0 = it does not. * q < .05 (Benjamini-Hochberg); "
    "** it holds with all cells of the matrix taken together: p < .05 (Holm); ? but random masks go as far: "
    "empirical p above .05, or above what so few can show; · not identifiable, the reason is below; "
    "! the mask takes every benchmark down to chance"
)


def mark(cell: Mapping[str, Any]) -> str:
    """How far a defined cell holds: `*`, `**`, and `?` where random masks of the same size go as far."""
    if cell["q_value"] >= SIGNIFICANT:
        return ""
    stars = "**" if cell["holm_p"] < SIGNIFICANT else "*"
    empirical = cell["empirical_p"]
    least = 1 / (cell["random_masks"] + 1)
    is_doubtful = empirical is not None and empirical > max(SIGNIFICANT, least) + ROUNDING
    return stars + ("?" if is_doubtful else "")


def detectable_line(rows: pl.DataFrame) -> str:
    """What the items of a matrix cannot show; empty if no AIS is defined."""
    found = rows.filter("defined").select("n", "detectable_ais").drop_nulls()
    if not len(found):
        return ""
    ns = _span([f"{n:,}" for n in sorted(found["n"].unique())])
    least = _span([number(value) for value in sorted(found["detectable_ais"].unique())])
    return f"With n {ns}, an AIS below {least} cannot be told from 0 (power .8)."


def _span(texts: Sequence[str]) -> str:
    return texts[0] if texts[0] == texts[-1] else f"{texts[0]} to {texts[-1]}"


def collapse_line(rows: pl.DataFrame) -> str:
    """Which masks of a matrix say nothing about abilities; empty if none does."""
    collapsed = rows.filter("collapsed")["ability"].unique(maintain_order=True).to_list()
    if not collapsed:
        return ""
    names = ", ".join(SHORT_NAMES[ability] for ability in collapsed)
    return (
        f"! {names}: within two standard errors of chance on every benchmark, so nothing is said about "
        "abilities: choose a smaller k, contrast or top_minus_shared."
    )


def random_line(cells: pl.DataFrame) -> str:
    """From how many random masks the empirical p is; empty without any."""
    masks = cells["random_masks"].max()
    if not isinstance(masks, int) or not masks:
        return ""
    return f"Empirical p is from {random_masks(masks)} a cell{too_few(masks)}."


def random_masks(masks: int) -> str:
    """How many, in words."""
    return f"{masks} random {'mask' if masks == 1 else 'masks'}"


def too_few(masks: int) -> str:
    """What to do where so many random masks cannot show .05; empty where they can."""
    return "" if masks >= ENOUGH else f": --random-seeds {ENOUGH} can show .05"


def matrix_title(rows: pl.DataFrame) -> str:
    """Which matrix the rows are of, how large its masks are, and how many items each benchmark has."""
    first = rows.row(0, named=True)
    size = f"{first['weights']:,} weights, {first['share_of_candidates']:.1%} of candidates"
    words = [first["variant"], first["selection"], f"k {first['k']:g}"]
    words += [] if first["scope"] == "global" else [f"scope {first['scope']}"]
    return " · ".join(["AIS", *words, size, f"n {first['n']}"])


def reasons(cells: pl.DataFrame) -> str:
    """Why cells have no AIS, one line a benchmark."""
    import polars as pl

    undefined = cells.filter(~pl.col("defined")).unique("benchmark", maintain_order=True)
    order = [ability.id for ability in ABILITIES]
    rows = sorted(
        undefined.to_dicts(), key=lambda c: order.index(c["benchmark"]) if c["benchmark"] in order else 99
    )
    return "".join(f"{row['benchmark']}: {shown(row['reason'])}\n" for row in rows)


def largest_ks(plan: Plan) -> str:
    """The largest k of each variant: `k 0.01`, or `k 0.01 (mlp), 0.003 (all)` where they differ."""
    largest = {variant: max(plan.ks_of(variant)) for variant in plan.variants if variant != "base"}
    if len(set(largest.values())) == 1:
        return f"k {max(plan.ks):g}"
    return "k " + ", ".join(f"{k:g} ({variant})" for variant, k in largest.items())


def write_generation_quality(profile: Profile, effects: Sequence[str]) -> None:
    """Writes whether the model can still write under the masks of the largest k, as far as that is known.

    One row for each ability, and one for the random controls of all together.
    """
    from rich.table import Table

    plan = profile.plan
    found: dict[tuple[str, str], dict[str, GenerationQuality]] = {}
    for mask, generation_quality in profile.generation_qualities.items():
        if (
            mask.k == max(plan.ks_of(mask.variant)) and mask.seed == plan.seed
        ):  # of random masks the first draw
            found.setdefault((mask.variant, mask.selection), {})[mask.ability] = generation_quality
    pairs = [(v, s) for v in plan.variants for s in effects if (v, s) in found]
    if not pairs:
        return
    answers = next(iter(found[pairs[0]].values())).repeating.n
    output.write(
        wrapped(
            f"Generation quality at {largest_ks(plan)}: perplexity on neutral text, times the intact model's;"
            f" of {answers} answers those that repeat themselves, and those that cannot be read"
        )
        + "\n"
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("ablated", no_wrap=True)
    for variant, selection in pairs:
        table.add_column(f"{variant} {selection}", no_wrap=True)
    for ability in plan.abilities:
        cells = [found[kind].get(ability) for kind in pairs]
        table.add_row(SHORT_NAMES[ability], *(mean_quality_cell([one] if one else []) for one in cells))
    controls = [list(found.get((variant, "random"), {}).values()) for variant, _ in pairs]
    if "random" not in effects and any(controls):
        table.add_row("(random)", *map(mean_quality_cell, controls), style="dim")
    output.write_table(table)
    output.write("\n")
