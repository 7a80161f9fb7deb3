"""Where two texts part: what they share, and how each goes on."""

from __future__ import annotations

from itertools import takewhile
from typing import NamedTuple

MOST_SHARED = 100
"""Characters that are shown of what two texts share, from its end."""

MOST_OWN = 200
"""Characters that are shown of how each goes on."""

MOST_PROMPT = 320
"""Characters that are shown of a prompt, from its end: examples come first, the question last."""


class Parting(NamedTuple):
    """Two texts from the left: together, then each on its own."""

    shared: str
    base: str
    ablated: str

    @property
    def is_same(self) -> bool:
        """Whether they do not part."""
        return not self.base and not self.ablated


def parting(base: str, ablated: str) -> Parting:
    """Where two texts part, at the beginning of a word."""
    if base == ablated:
        return Parting(ending(base, MOST_SHARED + MOST_OWN), "", "")
    at = sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(base, ablated, strict=False)))
    if not _ends_word(base, at) or not _ends_word(ablated, at):
        at = 1 + max(base.rfind(space, 0, at) for space in " \n\t")
    return Parting(
        ending(base[:at], MOST_SHARED), beginning(base[at:], MOST_OWN), beginning(ablated[at:], MOST_OWN)
    )


def _ends_word(text: str, at: int) -> bool:
    """Whether no word of the text goes on over this index."""
    return at == 0 or at == len(text) or text[at - 1].isspace() or text[at].isspace()


def ending(text: str, most: int) -> str:
    """The last characters of a text."""
    return text if len(text) <= most else f"…{text[1 - most :]}"


def beginning(text: str, most: int) -> str:
    """The first characters of a text."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
