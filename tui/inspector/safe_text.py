"""Text that others wrote, made harmless and whole for the screen."""

from __future__ import annotations

from tui.output import shown

TAB = "    "


def safe_line(text: str) -> str:
    r"""The text on one line: control characters as Python writes them (`\x1b`), line breaks as `⏎`."""
    return shown(text.replace("\r\n", "\n").replace("\n", " ⏎ ").replace("\t", " "))


def safe_block(text: str) -> str:
    r"""The text with its line breaks; all other control characters as Python writes them."""
    lines = text.replace("\r\n", "\n").replace("\t", TAB).split("\n")
    return "\n".join(shown(line) for line in lines)
