"""Cuts rows of different lengths into batches so that little is padded and few passes are made."""

from __future__ import annotations

from collections.abc import Sequence

PASS_ON_CPU = 64
"""A forward pass costs as much as so many tokens, whatever is in it: what a batch more has to save."""

PASS_ON_GPU = 512
"""The same on a GPU."""


def pass_cost(device: str) -> int:
    """What a forward pass costs beside its tokens, in tokens, by the kind of the device."""
    return PASS_ON_CPU if device == "cpu" else PASS_ON_GPU


def cheapest_batches(lengths: Sequence[int], most: int, cost: int) -> list[int]:
    """Rows of each batch, taken in their order, so that padded tokens and passes cost the least.

    Args:
        lengths: tokens of each row, at least one, the longest first.
        most: padded tokens of a batch at most; a longer row is a batch of its own.
        cost: of a pass, in tokens.
    """
    best = [0]
    """For each number of rows from the front, what they cost at least."""
    sizes = [0]
    """The rows of the last batch then."""
    for end in range(1, len(lengths) + 1):
        found = best[end - 1] + lengths[end - 1] + cost, 1
        for first in range(end - 2, -1, -1):
            padded = (end - first) * lengths[first]
            if padded > most:
                break
            found = min(found, (best[first] + padded + cost, end - first))
        best.append(found[0])
        sizes.append(found[1])
    batches = []
    end = len(lengths)
    while end:
        batches.append(sizes[end])
        end -= sizes[end]
    return batches[::-1]
