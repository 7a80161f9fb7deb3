"""Reads word tables, and makes drafts whose four options stay the same whichever of them is right."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.abilities.item import Draft


def rows(text: str) -> tuple[tuple[str, ...], ...]:
    """The cells of every line; `|` stands between cells; a line that begins with it goes on."""
    lines = re.sub(r"\n\s*\|", " |", text.strip()).splitlines()
    return tuple(tuple(cell.strip() for cell in line.split("|")) for line in lines)


def blocks(text: str) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """The rows of every block; an empty line stands between blocks."""
    return tuple(rows(block) for block in text.strip().split("\n\n"))


def sentence(text: str) -> str:
    """The text with a capital at its start and a full stop at its end."""
    return capital(text) + "."


def capital(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]


def draft_of(key: str, context: str, question: str, options: Sequence[str], gold: int) -> Draft:
    """The draft whose right option is `options[gold]`.

    No shortcut arises when `gold` is drawn uniformly, `question` does not depend on it and the key does
    not name it: then every option of a key is right equally often, in both splits.
    """
    others = [option for place, option in enumerate(options) if place != gold]
    return Draft(key, context, question, options[gold], (others[0], others[1], others[2]))
