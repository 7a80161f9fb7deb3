"""The concentration of a mask on neurons, as curves for the plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tui.inspector.masks.weight_words import curves
from tui.inspector.widgets.curve_plot import Curve

if TYPE_CHECKING:
    from tui.inspector.masks.weight_reading import Masks

PLACES = ("0 %", "50 %", "100 % of the neurons")
"""Along the x axis of the plot, which has its places at 0, 1 and 2."""

CURVE_LOOKS = (("primary", "braille", "⠶"), ("accent", "+", "+"), ("warning", "x", "x"))
"""Colour, marker and sign in the legend of each curve, in order."""


ASCII_SIGN = "*"
"""What the plot draws a curve with in ASCII, in place of dots."""


def plotted(masks: Masks) -> list[Curve]:
    """The curves as the plot takes them, the mask's own on top: the x axis has places for 0, 50 and 100 %."""
    drawn = [
        Curve("", colour, [(2 * x, y) for x, y in points], marker=marker)
        for (_, points), (colour, marker, _) in zip(curves(masks), CURVE_LOOKS, strict=False)
    ]
    even = Curve("", "foreground", [(0.0, 0.0), (2.0, 1.0)], marker=".")
    return [even, *reversed(drawn)] if drawn else []


def legend_of(masks: Masks, is_ascii: bool) -> Content:
    """What the curves are; beside the plot, since in it plotext would hide them behind their names."""
    parts: list[Content | str] = ["MLP weights: "]
    for (name, _), (colour, _, sign) in zip(curves(masks), CURVE_LOOKS, strict=False):
        shown = ASCII_SIGN if is_ascii and not sign.isascii() else sign
        parts += [Content.styled(shown, f"${colour}"), f" {name} "]
    return Content.assemble(*parts, ". even")
