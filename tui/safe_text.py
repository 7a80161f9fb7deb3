"""Makes text from models, data and users safe to show: control characters and wide signs have no effect."""

from __future__ import annotations

import unicodedata

LINE_BREAKS = ("Zl", "Zp")
UNSHOWABLE = ("Cc", "Cf", "Cs", *LINE_BREAKS)
"""Unicode categories that act on a terminal, are invisible or cannot be encoded: control and format
characters (which may reverse the text around them), lone surrogates, line breaks."""

JOINING = "\u200c\u200d"
"""The two format characters of ordinary words and emoji."""

TAB = "    "

JOINERS = dict.fromkeys((0x200D, 0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)))
"""Characters that join signs or change their width. Terminals disagree about the width, and a line wider than
counted breaks the frame, so they are left out and the signs stand one by one."""


def shown(text: str) -> str:
    r"""The text with control characters escaped as in Python (`\x1b`, `\n`)."""
    if text.isprintable():  # as most text is
        return text
    return "".join(_shown_character(character) for character in text)


def _shown_character(character: str) -> str:
    acts = unicodedata.category(character) in UNSHOWABLE and character not in JOINING
    return character.encode("unicode_escape").decode() if acts else character


def safe_line(text: str) -> str:
    r"""The text on one line: control characters escaped (`\x1b`), line breaks as `⏎`."""
    return _one_by_one(shown(text.replace("\r\n", "\n").replace("\n", " ⏎ ").replace("\t", " ")))


def safe_block(text: str) -> str:
    r"""The text with its line breaks; all other control characters escaped."""
    lines = text.replace("\r\n", "\n").replace("\t", TAB).split("\n")
    return "\n".join(_one_by_one(shown(line)) for line in lines)


def safe_place(text: str, place: int) -> int:
    """The index in `safe_block(text)` of the character at an index of the text."""
    before = text[:place]
    # A line break of two characters becomes one: half of one adds nothing.
    return len(
        safe_block(before[:-1] if before.endswith("\r") and text[place : place + 1] == "\n" else before)
    )


def _one_by_one(text: str) -> str:
    return text if text.isascii() else text.translate(JOINERS)
