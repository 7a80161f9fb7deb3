"""Prompt forms, levels and the probe in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.numbers import number

if TYPE_CHECKING:
    from core.experiment.events import PromptsSettled

STYLE_WORDS = {"letters": "letters", "text": "option text", "cloze": "cloze"}
"""Prompt forms."""


def settled_text(settled: PromptsSettled) -> str:
    """Such as `prompts: option text; letters .24, text .41 · items: plain`."""
    words = f"prompts: {STYLE_WORDS[settled.prompt]}"
    if settled.shares:
        words += f"; {', '.join(f'{style} {number(share)}' for style, share in settled.shares.items())}"
        words += "" if settled.probed_level == settled.level else f" on {settled.probed_level} items"
    return f"{words} · items: {settled.level}"
