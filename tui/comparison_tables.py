"""Writes two compared models as tables: benchmarks, then masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.analysis.statistics import SIGNIFICANT
from tui import output
from tui.measures import MEASURES
from tui.names import short_name
from tui.numbers import interval, number, probability
from tui.output import plain_table, wrapped
from tui.safe_text import shown

if TYPE_CHECKING:
    import polars as pl

HEADS = ("", "n", "A", "B", "B - A", "p(right)", "lost", "won", "Holm")

LEGEND = (
    "B - A: difference of the scores with its 95 % paired bootstrap interval; p(right): that of the "
    "probability of the right option.  lost: items that A has right and B wrong; won: the other way.  Holm: "
    "exact McNemar p of these, all rows taken together; * below .05."
)


NO_MASKS = (
    "No mask is stored for both models: run `abilityscope profile` with the same variant, selection, k and "
    "--n-items on each, then this again."
)

MOST_CELLS = 20
"""Most cells that are printed; --json has all."""


def write_comparison(table: pl.DataFrame, a: str, b: str) -> None:
    """Writes the two models and the table, what B has lost most on first."""
    output.write(shown(f"A  {a}") + "\n" + shown(f"B  {b}") + "\n\n")
    lines = plain_table(HEADS, is_tight=True)
    for row in table.to_dicts():
        star = "*" if row["holm_p"] < SIGNIFICANT else ""
        lines.add_row(
            short_name(row["benchmark"]),
            f"{row['n']:,}",
            number(row["score_a"]),
            number(row["score_b"]),
            f"{number(row['difference'])} {interval(row['low'], row['high'])}",
            _p_text(row),
            str(row["lost"]),
            str(row["won"]),
            f"{probability(row['holm_p'])}{star}",
        )
    output.write_table(lines)
    output.write(f"\n{wrapped(LEGEND)}\n")
    if known := table["detectable"].drop_nulls().to_list():
        least = f"{number(min(known))} to {number(max(known))}" if len(set(known)) > 1 else number(known[0])
        output.write(f"Least drop that so many items show (80 % power): {least}.\n")


def write_masks(shared: pl.DataFrame, effects: pl.DataFrame) -> None:
    """Writes how far the masks are the same, and the effects that differ."""
    if not len(effects) and not len(shared):
        output.write(f"\n{wrapped(NO_MASKS)}\n")
        return
    if len(shared):
        output.write("\n")
        lines = plain_table(("ability", "weights", "shared", "by chance"), title="Masks of A and of B")
        for ability, weights, both, expected in shared.iter_rows():
            lines.add_row(
                short_name(ability), f"{weights:,}", f"{both / weights:.0%}", f"{expected / weights:.2%}"
            )
        output.write_table(lines)
    differing = effects.filter((effects["low"] > 0) | (effects["high"] < 0))
    output.write(f"\nEffects of masks that differ: {len(differing):,} of {len(effects):,} stored for both.\n")
    lines = plain_table(("without", "on", "", "A", "B", "B - A"), left=("without", "on", ""))
    for row in differing.head(MOST_CELLS).to_dicts():
        names = (short_name(row["ability"]), short_name(row["benchmark"]), MEASURES[row["measure"]].name)
        ends = interval(row["low"], row["high"])
        lines.add_row(
            *names, number(row["effect_a"]), number(row["effect_b"]), f"{number(row['difference'])} {ends}"
        )
    output.write_table(lines)


def _p_text(row: dict[str, Any]) -> str:
    if row["p_difference"] is None:
        return "·"
    return f"{number(row['p_difference'])} {interval(row['p_low'], row['p_high'])}"
