"""Text that others wrote, made harmless and whole for the screen."""

from __future__ import annotations

import unicodedata

LINE_BREAKS = ("Zl", "Zp")
UNSHOWABLE = ("Cc", "Cf", "Cs", *LINE_BREAKS)
"""Unicode categories that act on a terminal, cannot be seen or cannot be written: control characters, what
turns the direction of the text around it or hides in it, half pairs, breaks."""

JOINING = "\u200c\u200d"
"""The two format characters that ordinary words and signs are written with."""

TAB = "    "

JOINERS = dict.fromkeys((0x200D, 0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)))
"""What makes one sign of several, or changes how wide one is: terminals do not agree how wide, and a line
that is wider than was counted breaks the frame. They are left out: the signs stand one by one."""


def shown(text: str) -> str:
    r"""The text with control characters as Python writes them (`\x1b`, `\n`): no effect on a terminal."""
    if text.isprintable():  # which most text is, and nothing printable acts on a terminal
        return text
    return "".join(_shown_character(character) for character in text)


def _shown_character(character: str) -> str:
    acts = unicodedata.category(character) in UNSHOWABLE and character not in JOINING
    return character.encode("unicode_escape").decode() if acts else character


def safe_line(text: str) -> str:
    r"""The text on one line: control characters as Python writes them (`\x1b`), line breaks as `⏎`."""
    return _one_by_one(shown(text.replace("\r\n", "\n").replace("\n", " ⏎ ").replace("\t", " ")))


def safe_block(text: str) -> str:
    r"""The text with its line breaks; all other control characters as Python writes them."""
    lines = text.replace("\r\n", "\n").replace("\t", TAB).split("\n")
    return "\n".join(_one_by_one(shown(line)) for line in lines)


def safe_place(text: str, place: int) -> int:
    """Where the character at a place of a text stands in its `safe_block`."""
    before = text[:place]
    # A line break of two characters becomes one: half of one adds nothing.
    return len(
        safe_block(before[:-1] if before.endswith("\r") and text[place : place + 1] == "\n" else before)
    )


def _one_by_one(text: str) -> str:
    return text if text.isascii() else text.translate(JOINERS)
