"""Colours of a report: two hues that colour-blind people tell apart, in steps that text can be read on."""

from __future__ import annotations

from typing import NamedTuple

STEPS = 10
"""Shades of each sign; an effect of 1 or more has the last."""

PAPERS = {"light": "#ffffff", "dark": "#14171c"}
INKS = {"light": "#1b1f24", "dark": "#e6e9ee"}
POSITIVE, NEGATIVE = "#0072b2", "#d55e00"
"""Blue and vermilion of Okabe and Ito's palette."""

LINES = ("#0072b2", "#d55e00", "#009e73")
"""Colours of named curves in figures: blue, vermilion, bluish green of the same palette."""


class Shade(NamedTuple):
    """A background and the text on it."""

    name: str
    background: str
    text: str


def shade_name(effect: float | None) -> str:
    """The class of a cell: `p3`, `n1`, `z` around 0, `u` without an effect."""
    if effect is None:
        return "u"
    step = round(min(abs(effect), 1.0) * STEPS)
    return "z" if step == 0 else f"{'p' if effect > 0 else 'n'}{step}"


def shades(look: str) -> list[Shade]:
    """All shades of the light or dark look."""
    return [
        _shade(f"{sign}{step}", hue, step / STEPS, look)
        for sign, hue in (("p", POSITIVE), ("n", NEGATIVE))
        for step in range(1, STEPS + 1)
    ]


def _shade(name: str, hue: str, share: float, look: str) -> Shade:
    background = _mixed(PAPERS[look], hue, 0.06 + 0.84 * share)
    text = max(("#000000", "#ffffff"), key=lambda one: contrast(one, background))
    return Shade(name, background, text)


def _mixed(first: str, second: str, share: float) -> str:
    """A colour between two."""
    parts = (round(a + (b - a) * share) for a, b in zip(_parts(first), _parts(second), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _parts(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def contrast(first: str, second: str) -> float:
    """The contrast of two colours by WCAG, 1 to 21."""
    low, high = sorted(map(_luminance, (first, second)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in _parts(colour)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
