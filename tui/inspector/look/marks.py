"""The signs that carry meaning by shape, beside their colour; in ASCII where a terminal has no more."""

from __future__ import annotations

from dataclasses import dataclass


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
