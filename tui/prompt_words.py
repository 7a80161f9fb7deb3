"""Prompt forms, levels and the probe in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui import output
from tui.names import SHORT_NAMES
from tui.numbers import interval, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.analysis.probe import ProbeTable
    from core.analysis.profile import Profile
    from core.models.spec import ModelSpec
    from core.run.events import PromptsSettled

STYLE_WORDS = {"letters": "letters", "text": "option text", "cloze": "cloze"}
"""Prompt forms."""

NOT_SHOWN = "∅"
"""Marks what the intact model does not show."""


def settled_text(settled: PromptsSettled) -> str:
    """Such as `prompts: option text; letters .24, text .41 · items: plain`."""
    words = f"prompts: {STYLE_WORDS[settled.prompt]}"
    if settled.shares:
        words += f"; {', '.join(f'{style} {number(share)}' for style, share in settled.shares.items())}"
        words += "" if settled.probed_level == settled.level else f" on {settled.probed_level} items"
    return f"{words} · items: {settled.level}"


TRANSFER_LEGEND = (
    "Transfer of format: AIS on the ability's own items in the prompt form that its weights were scored in, "
    "and in the other one. A mask that only hurts the first is about the format."
)


def write_transfer(profile: Profile) -> None:
    """Writes the AIS of each ability's masks in both prompt forms at the largest k, if both were evaluated.

    One row for each mask, and one for the random controls together.
    """
    from core.analysis.profile import transfer_of_format

    plan = profile.plan
    found = transfer_of_format(profile.cells, profile.answers, plan.seed)
    rows = [row for row in found if row["k"] == max(plan.ks_of(row["variant"]))]
    if not rows:
        return
    own, other = (STYLE_WORDS[rows[0][name]] for name in ("prompt", "other_prompt"))
    heads = ("ability", "mask", own, other, "difference", "n")
    table = output.plain_table(heads, left=heads[:-1], wraps=True)
    for row in rows:
        if row["selection"] in plan.effects:
            table.add_row(*_transfer_cells(row))
    for (variant, selection), drawn in _controls(rows, plan.effects).items():
        means = (_mean([row[name] for row in drawn]) for name in ("ais", "other_ais", "difference"))
        table.add_row(f"({selection})", variant, *map(number, means), f"{drawn[0]['n']:,}", style="dim")
    output.write_table(table)
    output.write(f"{output.wrapped(TRANSFER_LEGEND)}\n\n")


def _transfer_cells(row: Mapping[str, Any]) -> list[str]:
    """A row of the table: each AIS with its interval, or why there is none."""
    ends = []
    for ais, low, high in (("ais", "ais_low", "ais_high"), ("other_ais", "other_ais_low", "other_ais_high")):
        has_ais = row[ais] is not None
        ends.append(f"{number(row[ais])} {interval(row[low], row[high])}" if has_ais else "at chance")
    mask = f"{row['variant']} {row['selection']}"
    gap = number(row["difference"])
    if row["difference"] is not None:
        gap += f" {interval(row['difference_low'], row['difference_high'])}"
    return [SHORT_NAMES[row["ability"]], mask, *ends, gap, f"{row['n']:,}"]


def _controls(
    rows: Sequence[Mapping[str, Any]], effects: Sequence[str]
) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """The rows of each variant's controls, by variant and selection."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["selection"] not in effects:
            found.setdefault((row["variant"], row["selection"]), []).append(row)
    return found


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def probe_lines(table: ProbeTable, asked: ModelSpec) -> list[str]:
    """The probe as a table of abilities by level and form, and what `auto` takes."""
    from core.analysis.probe import PROBED_LEVELS, STYLES, Question, settled_by
    from core.benchmarks.diagnostic import PROBE_ITEMS

    columns = [(level, style) for level in PROBED_LEVELS for style in STYLES]
    lines = [
        f"  share right of {PROBE_ITEMS} items, 95 % interval; {NOT_SHOWN} not above chance (p < .05)",
        _probe_line("", [f"{level} {style}" for level, style in columns]),
    ]
    for ability, word in SHORT_NAMES.items():
        cells = []
        for level, style in columns:
            question = Question(ability, style, level)
            _, share, low, high = table.accuracy(question)
            mark = " " if table.is_shown(question) else NOT_SHOWN
            cells.append(f"{number(share)} [{number(low)} {number(high)}]{mark}")
        lines.append(_probe_line(word, cells))
    lines.append(_probe_line("all", [number(table.share(style, level)) for level, style in columns]))
    shown = [f"{table.shown(style, level)} of {len(SHORT_NAMES)}" for level, style in columns]
    lines.append(_probe_line("shown", shown))
    style, level = settled_by(table, replace(asked, prompt="auto", level_asked="auto"))
    return [*lines, f"  auto takes {STYLE_WORDS[style]}, {level} items"]


def _probe_line(head: str, cells: Sequence[str]) -> str:
    return f"  {head:<8}" + "".join(f"{cell:<17}" for cell in cells).rstrip()
