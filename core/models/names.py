"""Checks of words that a person gives: one of several, with the nearest named. Plain text."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST_WORD = 100
"""Characters of a person's word that a sentence repeats."""


def shortened(word: str) -> str:
    """A word that a person gave as a sentence names it: at most so long that the sentence can be read."""
    return word if len(word) <= LONGEST_WORD else f"{word[: LONGEST_WORD - 1]}…"


def one_of(word: str, allowed: Iterable[str], what: str) -> str:
    """The word itself, if it is one of the allowed.

    Raises:
        ValueError: it is not; the message lists the allowed words and names the nearest.
    """
    words = list(allowed)
    if word in words:
        return word
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ValueError(f"There is no {what} '{shortened(word)}'.{hint} Known: {', '.join(words)}.")
