from __future__ import annotations

import math
from itertools import pairwise

import pytest
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color, rgb_to_lab
from textual.theme import Theme

from tui.inspector.look.few_colours import (
    PALETTE,
    Depth,
    FewColours,
    ReadableDim,
    dimmed,
    number_of,
    number_of_text,
)
from tui.inspector.look.themes import CONTRAST, STEPS, THEMES, check_theme, shade

EACH_THEME = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
FEW = pytest.mark.parametrize("depth", ["256", "16"])

BACKGROUNDS = ("background", "surface", "panel")
TEXTS = ("foreground", "text", "text-muted", "primary", "accent", "success", "warning", "error")
TINTED = ("text-primary", "text-accent", "text-success", "text-warning", "text-error")


def luminance(color: Color) -> float:
    """Relative luminance after WCAG 2."""
    parts = [value / 255 for value in color.rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Color, other: Color) -> float:
    """From 1 for the same to 21 for black on white."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def drawn(name: str, background: Color, variables: dict[str, str]) -> Color:
    """A text colour as it is drawn on a background."""
    value = variables[name]
    if value.startswith("auto"):
        return background + background.get_contrast_text(float(value.removeprefix("auto ").rstrip("%")) / 100)
    return background + Color.parse(value)


def pairs(theme: Theme) -> list[tuple[str, Color, Color]]:
    """All texts on all that they stand on."""
    variables = theme.to_color_system().generate()
    found = []
    for below in BACKGROUNDS:
        background = Color.parse(variables[below])
        for name in (*TEXTS, *TINTED, "footer-key-foreground"):
            found.append((f"{name} on {below}", drawn(name, background, variables), background))
    for below in ("block-cursor-background", "error"):
        # The cursor of lists, and the panel of problems.
        name = "block-cursor-foreground" if below == "block-cursor-background" else "background"
        background = Color.parse(variables[below])
        found.append((f"{name} on {below}", drawn(name, background, variables), background))
    return found


@EACH_THEME
def test_all_text_can_be_read(theme: Theme) -> None:
    least = 7.0 if theme is CONTRAST else 4.5
    poor = {name: round(contrast(one, other), 2) for name, one, other in pairs(theme)}
    assert {name: value for name, value in poor.items() if value < least} == {}


@EACH_THEME
def test_dim_text_can_be_read(theme: Theme) -> None:
    poor = {name: contrast(dimmed(one, below), below) for name, one, below in pairs(theme)}
    assert {name: value for name, value in poor.items() if value < 4.5} == {}


@EACH_THEME
@FEW
def test_text_in_few_colours_can_be_read(theme: Theme, depth: Depth) -> None:
    poor = {}
    for name, one, below in pairs(theme):
        drawn_on = PALETTE[number_of(below, depth)]
        poor[name] = contrast(PALETTE[number_of_text(one, below, depth)], drawn_on)
    assert {name: value for name, value in poor.items() if value < 4.5} == {}


@EACH_THEME
@FEW
def test_right_and_wrong_differ_in_few_colours(theme: Theme, depth: Depth) -> None:
    variables = theme.to_color_system().generate()
    ground = Color.parse(variables["background"])
    right, wrong = (
        number_of_text(Color.parse(variables[one]), ground, depth) for one in ("success", "error")
    )
    assert right != wrong


def test_what_is_drawn_on_a_terminal_of_few_colours() -> None:
    brown, white = RichColor.parse("#8a4600"), Color.parse("#fbfbfa")
    drawn = FewColours("16").apply([Segment("r", Style(color=brown, bold=True))], white)
    assert drawn[0].style is not None
    assert drawn[0].style.color is not None
    assert drawn[0].style.bold
    assert contrast(PALETTE[drawn[0].style.color.number or 0], PALETTE[15]) >= 4.5
    own = [Segment("r", Style(color="blue", bgcolor="default"))]
    assert FewColours("16").apply(own, white) == own
    dim = ReadableDim().apply([Segment("k", Style(color="#1a1e24", dim=True))], white)[0].style
    assert dim is not None
    assert dim.color is not None
    assert not dim.dim
    assert contrast(Color.from_rich_color(dim.color), white) >= 4.5


def shades(theme: Theme, sign: int, depth: Depth) -> list[Color]:
    """From the faintest to the strongest, each once."""
    variables = theme.to_color_system().generate()
    styles = (shade(sign * step / STEPS, variables, depth=depth) for step in range(1, STEPS + 1))
    return list(dict.fromkeys(Color.from_rich_color(style.bgcolor) for style in styles if style.bgcolor))


@EACH_THEME
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("depth", ["true", "256"])
def test_shades_change_evenly_from_the_first_on(theme: Theme, sign: int, depth: Depth) -> None:
    labs = [rgb_to_lab(one) for one in shades(theme, sign, depth)]
    ground = rgb_to_lab(Color.parse(theme.to_color_system().generate()["background"]))
    assert math.dist(labs[0], ground) > 9  # an AIS of .05 can be seen
    rising = [(b.L - a.L) * (1 if theme.dark else -1) for a, b in pairwise(labs)]
    assert min(rising) > 0
    if depth == "true":
        assert max(rising) < 1.5 * min(rising)
    hues = [math.degrees(math.atan2(lab.b, lab.a)) for lab in labs]
    assert max(abs((hue - hues[-1] + 180) % 360 - 180) for hue in hues) < 65  # CIE Lab spreads blue over 60


@EACH_THEME
@pytest.mark.parametrize("depth", ["true", "256", "16"])
def test_numbers_on_every_shade_can_be_read(theme: Theme, depth: Depth) -> None:
    variables = theme.to_color_system().generate()
    for step in range(-STEPS, STEPS + 1):
        style = shade(step / STEPS, variables, depth=depth)
        assert style.color is not None
        assert style.bgcolor is not None
        assert contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)) >= 4.5


def test_an_unknown_theme_is_answered_with_those_that_there_are() -> None:
    assert check_theme("nord") == "nord"
    with pytest.raises(ValueError, match=r"Did you mean abilityscope-dark\?.*abilityscope-light"):
        check_theme("abilityscope-drak")
