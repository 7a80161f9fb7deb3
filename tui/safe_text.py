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


class _Characters(dict[int, str | None]):
    """What each character is shown as, worked out when it first occurs; None leaves it out."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        acts = unicodedata.category(character) in UNSHOWABLE and character not in JOINING
        self[code] = found = character.encode("unicode_escape").decode() if acts else character
        return found


_SHOWN, _SAFE = _Characters(), _Characters(JOINERS)


def shown(text: str) -> str:
    r"""The text with control characters escaped as in Python (`\x1b`, `\n`)."""
    # Most text is printable, which is found out faster.
    return text if text.isprintable() else text.translate(_SHOWN)


def safe_line(text: str) -> str:
    r"""The text on one line: control characters escaped (`\x1b`), line breaks as `⏎`."""
    return _safe(text.replace("\r\n", "\n").replace("\n", " ⏎ ").replace("\t", " "))


def safe_block(text: str) -> str:
    r"""The text with its line breaks; all other control characters escaped."""
    lines = text.replace("\r\n", "\n").replace("\t", TAB).split("\n")
    return "\n".join(map(_safe, lines))


def safe_place(text: str, place: int) -> int:
    """The index in `safe_block(text)` of the character at an index of the text."""
    before = text[:place]
    # A line break of two characters becomes one: half of one adds nothing.
    return len(
        safe_block(before[:-1] if before.endswith("\r") and text[place : place + 1] == "\n" else before)
    )


def _safe(text: str) -> str:
    return text if text.isascii() and text.isprintable() else text.translate(_SAFE)
