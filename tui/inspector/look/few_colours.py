"""Colours on terminals that have only 256 or 16 of them, and text that can be read on all terminals.

Textual leaves the choice to rich, which takes the nearest red, green and blue: a dark grey becomes navy,
shades of one blue become grey and teal, and yellow text stands on white.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from rich.color import Color as RichColor
from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color, rgb_to_lab
from textual.filter import LineFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

Depth = Literal["true", "256", "16"]
"""How many colours a terminal has."""

LEAST_CONTRAST = 4.5
"""The least contrast of text that the Web Content Accessibility Guidelines 2 ask for."""

DIM = 0.62
"""Share of its colour in dim text, the rest is background: more where it could not be read."""

GREY = 9.0
"""Chroma (CIE Lab) below which a colour is a grey, which only greys stand for."""

HUE: dict[Depth, float] = {"256": 35.0, "16": 75.0}
"""Most degrees (CIE Lab) between the hue of a colour and that of what stands for it."""

TINT_WEIGHT = 0.5
"""What a difference in tint counts beside one in lightness, both squared."""

LIGHTNESS_WEIGHT = 0.3
"""Degrees of hue that a step of lightness counts for."""

NO_DIM = Style(dim=False)

BLACK, WHITE = Color(0, 0, 0), Color(255, 255, 255)

XTERM = (
    *((0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205)),
    *((229, 229, 229), (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255)),
    *((255, 0, 255), (0, 255, 255), (255, 255, 255)),
)
"""The first 16 colours, as xterm has them."""

LEVELS = (0, 95, 135, 175, 215, 255)
"""Red, green and blue of the colour cube of 256 colours."""

CUBE = [(red, green, blue) for red in LEVELS for green in LEVELS for blue in LEVELS]

PALETTE = [Color(*rgb) for rgb in (*XTERM, *CUBE, *((8 + 10 * step,) * 3 for step in range(24)))]
"""All 256 colours, by number."""

GREYS = (0, 8, 7, 15)
"""The greys among 16."""

SOLID = (0, 7, 15)
"""The greys among 16 that text can stand on."""


def depth_of(console: Console) -> Depth:
    """How many colours a console has; without any it does not matter."""
    depths: dict[str | None, Depth] = {"standard": "16", "windows": "16", "256": "256"}
    return depths.get(console.color_system, "true")


def luminance(colour: Color) -> float:
    """Relative luminance from 0 to 1, as the Web Content Accessibility Guidelines 2 define it."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Color, other: Color) -> float:
    """From 1 for the same to 21 for black on white."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(behind: Color) -> Color:
    """Black or white, whichever stands out more: by at least 4.5 to 1."""
    return max(BLACK, WHITE, key=lambda text: contrast(text, behind))


class ReadableDim(LineFilter):
    """Draws dim text so that it can be read."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments without dim ones, except in colours that are the terminal's own."""
        return [
            Segment(text, _undimmed(style, background) if style is not None and style.dim else style, control)
            for text, style, control in segments
        ]


@lru_cache(maxsize=1024)
def _undimmed(style: Style, background: Color) -> Style:
    text, behind = _exact(style.color), _exact(style.bgcolor) or background
    if text is None or behind.ansi is not None:
        return style
    return style + NO_DIM + Style(color=dimmed(text, behind).rich_color)


class FewColours(LineFilter):
    """Draws colours as a terminal of few colours has them; colours that are the terminal's own stay."""

    def __init__(self, depth: Depth) -> None:
        super().__init__(enabled=depth != "true")
        self._depth = depth

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments in colours that the terminal has."""
        return [
            Segment(text, None if style is None else _reduced(style, background, self._depth), control)
            for text, style, control in segments
        ]


@lru_cache(maxsize=4096)
def _reduced(style: Style, background: Color, depth: Depth) -> Style:
    text, behind = _exact(style.color), _exact(style.bgcolor)
    below = behind or background
    if below.ansi is not None:
        return style
    if behind is not None:
        style += Style(bgcolor=_rich(number_of(behind, depth)))
    return style if text is None else style + Style(color=_rich(number_of_text(text, below, depth)))


def dimmed(text: Color, behind: Color) -> Color:
    """A colour of text nearer to its background, as far as it can be read there."""
    needed = min(LEAST_CONTRAST, contrast(text, behind))
    steps = (DIM, *(step / 20 for step in range(int(DIM * 20) + 1, 21)))
    found = (behind.blend(text, share, alpha=1.0) for share in steps)
    return next((one for one in found if contrast(one, behind) >= needed), text)


@lru_cache(maxsize=1024)
def number_of(colour: Color, depth: Depth) -> int:
    """The number of the colour that stands for a background."""
    if depth == "16" and _polar(colour)[1] < GREY:
        return _nearest(colour, SOLID, depth)
    return _nearest(colour, _alike(colour, depth) or _numbers(depth), depth)


@lru_cache(maxsize=4096)
def number_of_text(colour: Color, behind: Color, depth: Depth) -> int:
    """The number of the colour that stands for a colour of text on a background, and can be read there."""
    below = PALETTE[number_of(behind, depth)]
    needed = min(LEAST_CONTRAST, contrast(colour, behind))

    def readable(numbers: Sequence[int]) -> list[int]:
        return [one for one in numbers if contrast(PALETTE[one], below) >= needed]

    found = readable(_alike(colour, depth)) or readable(GREYS)
    return _nearest(colour, found, depth) if found else PALETTE.index(readable_on(below))


def _numbers(depth: Depth) -> Sequence[int]:
    """The first 16 look different in every terminal: of 256 colours they are left out."""
    return range(16) if depth == "16" else range(16, 256)


@lru_cache(maxsize=1024)
def _alike(colour: Color, depth: Depth) -> list[int]:
    """The colours of about the same hue; the greys for a grey."""
    _, chroma, hue = _polar(colour)

    def is_alike(number: int) -> bool:
        _, other_chroma, other_hue = _polar(PALETTE[number])
        if chroma < GREY or other_chroma < GREY:
            return chroma < GREY and other_chroma < GREY
        return _between(other_hue, hue) <= HUE[depth]

    return [one for one in _numbers(depth) if is_alike(one)]


def _nearest(colour: Color, numbers: Sequence[int], depth: Depth) -> int:
    """The nearest of some colours; among 16, which are far apart, that of the nearest hue."""
    lab, is_tinted = rgb_to_lab(colour), _polar(colour)[1] >= GREY

    def difference(number: int) -> float:
        other = rgb_to_lab(PALETTE[number])
        if depth == "16" and is_tinted:
            # Here CIE Lab's hues are too far apart: sky blue would be magenta.
            turn = _between(360 * PALETTE[number].hsl.h, 360 * colour.hsl.h)
            return turn + LIGHTNESS_WEIGHT * abs(other.L - lab.L)
        tint = (other.a - lab.a) ** 2 + (other.b - lab.b) ** 2
        return (other.L - lab.L) ** 2 + TINT_WEIGHT * tint

    return min(numbers, key=difference)


def _between(one: float, other: float) -> float:
    """Degrees between two hues."""
    return abs((one - other + 180) % 360 - 180)


@lru_cache(maxsize=4096)
def _polar(colour: Color) -> tuple[float, float, float]:
    """Lightness, chroma and hue in degrees (CIE Lab)."""
    lab = rgb_to_lab(colour)
    return lab.L, math.hypot(lab.a, lab.b), math.degrees(math.atan2(lab.b, lab.a)) % 360


def _exact(colour: RichColor | None) -> Color | None:
    """A colour of red, green and blue; None for one that the terminal chooses."""
    return None if colour is None or colour.triplet is None else Color(*colour.triplet)


def _rich(number: int) -> RichColor:
    return RichColor(str(number), ColorType.STANDARD if number < 16 else ColorType.EIGHT_BIT, number=number)
