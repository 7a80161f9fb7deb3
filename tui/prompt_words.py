"""Prompt forms, levels and the probe in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.names import SHORT_NAMES
from tui.numbers import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.analysis.probe import ProbeTable
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
