"""What is drawn with other signs than those that can be typed, for `--ascii`."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.scrollbar import ScrollBar, ScrollBarRender

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
