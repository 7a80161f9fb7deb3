"""The signs that carry meaning beside colour, and the ASCII that replaces signs for `--ascii`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.scrollbar import ScrollBar, ScrollBarRender


@dataclass(frozen=True)
class Marks:
    """One set of signs, each one column wide."""

    right: str
    wrong: str
    unknown: str
    """Not answered yet."""
    becomes: str
    """Between the outcomes of base and of the ablated model."""
    stored: str
    """In the cache."""
    lacking: str
    """Not computed yet."""
    chosen: str
    up: str
    down: str
    flat: str
    not_identifiable: str
    significant: str
    """q < 0.05."""
    open: str
    """The items do not settle whether there is a link."""
    collapsed: str
    """The mask takes every benchmark down to chance."""
    not_shown: str
    """The intact model does not show the ability."""
    running: str
    paused: str
    cut: str
    """Text goes on beyond what is shown."""
    bar: str
    """A full cell of a bar."""
    bar_eighths: str
    """Partial cells of a bar, from the thinnest up; may be empty."""
    rule: str
    """A thin vertical line."""
    dash: str
    """A thin horizontal line."""


UNICODE = Marks(
    right="✓", wrong="✗", unknown="?", becomes="→", stored="●", lacking="○", chosen="▸", up="▲", down="▼",
    flat="–", not_identifiable="·", significant="*", open="~", collapsed="!", not_shown="∅", running="▶",
    paused="‖", cut="…", bar="█", bar_eighths="▏▎▍▌▋▊▉", rule="│", dash="─",
)  # fmt: skip

ASCII = Marks(
    right="+", wrong="x", unknown="?", becomes=">", stored="@", lacking="o", chosen=">", up="^", down="v",
    flat="-", not_identifiable=".", significant="*", open="~", collapsed="!", not_shown="0", running=">",
    paused="=", cut="~", bar="#", bar_eighths="", rule="|", dash="-",
)  # fmt: skip

KEY_NAMES = {"↑": "up", "↓": "down", "←": "left", "→": "right", "⌫": "bksp", "⏎": "enter"}
"""ASCII names of the keys that Textual shows as a sign."""

TYPED = str.maketrans(
    {"·": "-", "–": "-", "─": "-", "│": "|", "…": "~", "→": ">", "⏎": "|", "▸": ">", "“": '"', "”": '"'}
    | {"°": " "}
)
"""ASCII for the signs in sentences and frames, which are not among the marks; widths stay."""


class Typed(LineFilter):
    """Replaces signs by ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments in ASCII."""
        return [Segment(text.translate(TYPED), style, control) for text, style, control in segments]


class WholeCells(ScrollBarRender):
    """Scroll bars that end at whole cells, and so need no signs."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


def draw_scroll_bars(*, is_ascii: bool) -> None:
    """Sets the style of all scroll bars of the process."""
    ScrollBar.renderer = WholeCells if is_ascii else ScrollBarRender


def key_name(shown: str) -> str:
    """The ASCII name of a key that Textual shows with signs."""
    return "".join(KEY_NAMES.get(sign, sign) for sign in shown)
