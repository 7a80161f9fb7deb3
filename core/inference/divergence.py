"""The first token where a base and an ablated answer part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Divergence(NamedTuple):
    """Where two answers part, and how sure both models were of either token."""

    place: int
    """Index of the first token that differs, in both answers."""
    base_token: int | None
    """The base answer's token there; None if the base answer has ended."""
    ablated_token: int | None
    """The ablated answer's token there; None if it has ended."""
    base_probabilities: tuple[float | None, float | None]
    """The base model's probabilities of the base and of the ablated token; None of one that there is not."""
    ablated_probabilities: tuple[float | None, float | None]
    """The ablated model's probabilities of the same two."""


def first_difference(base: Sequence[int], ablated: Sequence[int]) -> int | None:
    """Index of the first token where two answers part, or of the shorter one's end; None if equal."""
    for place, (one, other) in enumerate(zip(base, ablated, strict=False)):
        if one != other:
            return place
    return None if len(base) == len(ablated) else min(len(base), len(ablated))
