"""The inspector's own themes (dark, light, high contrast), and shades made of a theme's colours.

Text has a contrast of at least 4.5 on every background, in the high contrast theme at least 7: tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style
from textual.color import Color, Lab, lab_to_rgb, rgb_to_lab
from textual.theme import BUILTIN_THEMES, Theme

from core.models.spec import one_of
from tui.inspector.look.few_colours import PALETTE, Depth, luminance, readable_on

DARK = Theme(
    name="abilityscope-dark",
    dark=True,
    background="#12151a",
    surface="#181c22",
    panel="#262c36",
    foreground="#e4e8ee",
    primary="#7cb7ff",
    secondary="#9fb4d0",
    accent="#ffb454",
    success="#6fd886",
    warning="#f2c94c",
    error="#ff8a8a",
    variables={
        "text-muted": "auto 72%",
        "block-cursor-foreground": "#12151a",
        "block-cursor-background": "#ffb454",
        "button-color-foreground": "#12151a",
        "border-blurred": "#3a424f",
        "footer-key-foreground": "#ffb454",
    },
)

LIGHT = Theme(
    name="abilityscope-light",
    dark=False,
    background="#fbfbfa",
    surface="#f3f4f5",
    panel="#e2e5ea",
    foreground="#1a1e24",
    primary="#0b57a4",
    secondary="#43556b",
    accent="#8a4600",
    success="#15632b",
    warning="#725000",
    error="#ae1f2a",
    variables={
        "text-muted": "auto 75%",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-background": "#8a4600",
        "button-color-foreground": "#ffffff",
        "border-blurred": "#b8bfc9",
        "footer-key-foreground": "#8a4600",
    },
)

CONTRAST = Theme(
    name="abilityscope-contrast",
    dark=True,
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    foreground="#ffffff",
    primary="#66ccff",
    secondary="#c8d8e8",
    accent="#ffcc33",
    success="#55ff77",
    warning="#ffee55",
    error="#ff9c9c",
    variables={
        "text": "#ffffff",
        "text-muted": "#d4d4d4",
        "block-cursor-foreground": "#000000",
        "block-cursor-background": "#ffcc33",
        "button-color-foreground": "#000000",
        "border-blurred": "#8a8a8a",
        "footer-key-foreground": "#ffcc33",
    },
)

THEMES: tuple[Theme, ...] = (DARK, LIGHT, CONTRAST)
"""The first is the default; `t` goes through them."""


def theme_names() -> list[str]:
    """All themes, ours first: the contrast of Textual's is not tested."""
    return [*(theme.name for theme in THEMES), *BUILTIN_THEMES]


def check_theme(name: str) -> str:
    """The name itself.

    Raises:
        ValueError: unknown theme; the message lists all themes.
    """
    return one_of(name, theme_names(), "theme")


STEPS = 20
"""Shades from none to full: more could not be distinguished, and each is computed once."""

FIRST, FULL = 0.2, 0.92
"""Share of the theme's colour in the faintest shade and in the strongest; the rest is background."""

MIDDLE = 0.18
"""Luminance of a middle grey: darker backgrounds are dark."""

FEW_SHADES: dict[tuple[Depth, bool], tuple[tuple[int, ...], tuple[int, ...]]] = {
    ("256", True): ((17, 18, 25, 32, 75, 117), (58, 94, 136, 178, 220)),
    ("256", False): ((189, 153, 111, 69, 32, 25), (223, 216, 179, 173, 130)),
    ("16", True): ((4, 12, 14), (3, 11)),
    ("16", False): ((14, 6, 4), (11, 3)),
}
"""Shades above and below 0 on terminals of 256 and 16 colours, on dark and on light; of one hue each."""


def shade(
    value: float,
    variables: Mapping[str, str],
    colour: str = "primary",
    negative: str = "accent",
    depth: Depth = "true",
) -> Style:
    """Background and text colour of a value: the theme's background at 0, its colour at 1.

    Between them lightness changes evenly. Themes made of the terminal's own colours cannot be blended: they
    show strong values reversed.

    Args:
        value: from 0 to 1, or down to -1; clipped.
        variables: `app.theme_variables`.
        colour: variable of values above 0.
        negative: variable of values below 0.
        depth: how many colours the terminal has.
    """
    step = round(max(-1.0, min(1.0, value)) * STEPS)
    return _shade(step, variables["background"], variables[negative if step < 0 else colour], depth)


def text_style(variables: Mapping[str, str], colour: str) -> Style:
    """Text in one of the theme's colours, such as `error`, on any background."""
    return Style(color=Color.parse(variables[colour]).rich_color)


@lru_cache(maxsize=1024)
def _shade(step: int, background: str, colour: str, depth: Depth) -> Style:
    ground, full = Color.parse(background), Color.parse(colour)
    if ground.ansi is not None or full.ansi is not None:
        return Style(reverse=True) if abs(step) * 2 > STEPS else Style()
    if not step:
        return Style(color=readable_on(ground).rich_color, bgcolor=ground.rich_color)
    if depth == "true":
        share = FIRST + (FULL - FIRST) * (abs(step) - 1) / (STEPS - 1)
        start, end = rgb_to_lab(ground), rgb_to_lab(full)
        mixed = (a + (b - a) * share for a, b in zip(start, end, strict=True))
        behind = lab_to_rgb(Lab(*mixed))
    else:
        shades = FEW_SHADES[depth, luminance(ground) < MIDDLE][step < 0]
        behind = PALETTE[shades[(abs(step) - 1) * len(shades) // STEPS]]
    return Style(color=readable_on(behind).rich_color, bgcolor=behind.rich_color)
