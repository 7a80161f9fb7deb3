from __future__ import annotations

import pytest
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import Theme

from tui.inspector.look.themes import CONTRAST, THEMES, check_theme

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
    for below in ("primary", "error"):
        # The cursor of lists, and the panel of problems.
        name = "block-cursor-foreground" if below == "primary" else "background"
        background = Color.parse(variables[below])
        found.append((f"{name} on {below}", drawn(name, background, variables), background))
    return found


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_all_text_can_be_read(theme: Theme) -> None:
    least = 7.0 if theme is CONTRAST else 4.5
    poor = {name: round(contrast(one, other), 2) for name, one, other in pairs(theme)}
    assert {name: value for name, value in poor.items() if value < least} == {}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_in_16_colours_no_text_has_the_colour_of_what_it_stands_on(theme: Theme) -> None:
    def in_16(color: Color) -> int | None:
        return color.rich_color.downgrade(ColorSystem.STANDARD).number

    lost = [name for name, one, other in pairs(theme) if in_16(one) == in_16(other)]
    assert lost == []


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_right_and_wrong_differ_in_16_colours(theme: Theme) -> None:
    colours = [Color.parse(getattr(theme, name)).rich_color for name in ("success", "error", "warning")]
    assert len({colour.downgrade(ColorSystem.STANDARD).number for colour in colours}) == 3


def test_an_unknown_theme_is_answered_with_those_that_there_are() -> None:
    assert check_theme("nord") == "nord"
    with pytest.raises(ValueError, match=r"Did you mean abilityscope-dark\?.*abilityscope-light"):
        check_theme("abilityscope-drak")
