"""The signs that carry meaning beside colour, and what replaces signs that a terminal lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.scrollbar import ScrollBar, ScrollBarRender


@dataclass(frozen=True)
class Marks:
    """One set of signs, each one column wide unless said otherwise."""

    right: str
    wrong: str
    unknown: str
    """Not answered yet."""
    becomes: str
    """Between what base and what the ablated model did."""
    stored: str
    """The cache has it: it appears at once."""
    lacking: str
    """It has to be computed."""
    chosen: str
    up: str
    down: str
    flat: str
    not_identifiable: str
    significant: str
    """q < 0.05."""
    collapsed: str
    """The mask takes every benchmark down to chance."""
    running: str
    paused: str
    cut: str
    """Text goes on beyond what is shown."""
    bar: str
    """A full cell of a bar."""
    bar_eighths: str
    """The partial cells of a bar, from the thinnest up; empty where there are none."""
    rule: str
    """A thin vertical line."""
    dash: str
    """A thin horizontal line."""


UNICODE = Marks(
    right="✓", wrong="✗", unknown="?", becomes="→", stored="●", lacking="○", chosen="▸", up="▲", down="▼",
    flat="–", not_identifiable="·", significant="*", collapsed="!", running="▶", paused="‖", cut="…",
    bar="█", bar_eighths="▏▎▍▌▋▊▉", rule="│", dash="─",
)  # fmt: skip

ASCII = Marks(
    right="+", wrong="x", unknown="?", becomes=">", stored="@", lacking="o", chosen=">", up="^", down="v",
    flat="-", not_identifiable=".", significant="*", collapsed="!", running=">", paused="=", cut="~",
    bar="#", bar_eighths="", rule="|", dash="-",
)  # fmt: skip
"""All of it can be typed."""


KEY_NAMES = {"↑": "up", "↓": "down", "←": "left", "→": "right", "⌫": "bksp", "⏎": "enter"}
"""Of the keys that Textual writes as a sign."""

TYPED = str.maketrans(
    {"·": "-", "–": "-", "─": "-", "│": "|", "…": "~", "→": ">", "⏎": "|", "▸": ">", "“": '"', "”": '"'}
    | {"°": " "}
)
"""For the signs in sentences and frames, which are not among the marks; each as wide as it was."""


class Typed(LineFilter):
    """Draws what is between marks and texts with signs that can be typed."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with other signs."""
        return [Segment(text.translate(TYPED), style, control) for text, style, control in segments]


class WholeCells(ScrollBarRender):
    """Scroll bars whose ends are not drawn finer than a cell, and so need no signs."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


def draw_scroll_bars(*, is_ascii: bool) -> None:
    """Chooses how all scroll bars of the process are drawn."""
    ScrollBar.renderer = WholeCells if is_ascii else ScrollBarRender


def key_name(shown: str) -> str:
    """A key as it is called, in place of the sign or signs that Textual shows."""
    return "".join(KEY_NAMES.get(sign, sign) for sign in shown)
