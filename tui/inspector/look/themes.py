"""The inspector's own themes: dark, light, and one of high contrast.

Text has a contrast of at least 4.5 on all that it stands on, in the last one of at least 7: tested.
"""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

from core.models.names import one_of

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
        "button-color-foreground": "#000000",
        "border-blurred": "#8a8a8a",
        "footer-key-foreground": "#ffcc33",
    },
)

THEMES: tuple[Theme, ...] = (DARK, LIGHT, CONTRAST)
"""The first is the usual one; `t` goes through them."""


def theme_names() -> list[str]:
    """All themes that there are, ours first: Textual's have not been measured."""
    return [*(theme.name for theme in THEMES), *BUILTIN_THEMES]


def check_theme(name: str) -> str:
    """The name itself, if there is such a theme.

    Raises:
        ValueError: there is not; the message lists those that there are.
    """
    return one_of(name, theme_names(), "theme")
