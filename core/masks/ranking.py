"""Exact rankings of all candidates at once: a radix select on the bits of the scores, streamed in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor


class ComputedScores(Protocol):
    """The scores of one matrix, each part of which is computed when it is read."""

    @property
    def size(self) -> int:
        """Number of scores."""

    def part(self, first: int, last: int) -> Tensor:
        """(last - first,) float32: the row-major scores from first to before last."""


Scores = Tensor | ComputedScores
"""The scores of one matrix."""


def size_of(scores: Scores) -> int:
    """Number of scores."""
    return scores.numel() if isinstance(scores, Tensor) else scores.size


def part_of(scores: Scores, first: int, last: int) -> Tensor:
    """(last - first,) the row-major scores from first to before last."""
    return scores.detach().reshape(-1)[first:last] if isinstance(scores, Tensor) else scores.part(first, last)


def parts_of(scores: Scores, length: int) -> Iterator[Tensor]:
    """The scores in row-major order, at most so many at once."""
    flat = scores.detach().reshape(-1) if isinstance(scores, Tensor) else scores
    size = size_of(flat)
    for first in range(0, size, length):
        yield part_of(flat, first, min(first + length, size))


def whole(scores: Scores) -> Tensor:
    """(size,) all scores of the matrix."""
    return part_of(scores, 0, size_of(scores))


CHUNK = 1 << 18
"""Scores handled at once. Bounds the memory beyond scores and result; as it stays in a processor's cache,
more than twice as fast as 1 << 20."""

SHARE_OF_BIN = 0.1
"""Share of the ranking's length up to which a whole bin of keys is sorted with it: that takes less time than
to read all scores once more for the key at which the ranking ends."""

INFINITY_BITS = 0x7F800000
"""float32 bits of +inf; NaN lies above."""

HALF_RANGE = 1 << 15
"""Turns the upper 16 bits of a signed key into a bin from 0."""

INFINITY_BINS = (HALF_RANGE - (INFINITY_BITS >> 16), HALF_RANGE + (INFINITY_BITS >> 16))
"""All non-finite keys are in these bins or beyond; the first also holds the most negative numbers."""


def top_ranking(scores: Sequence[Scores], n: int) -> Tensor:
    """(n,) int64 positions in the concatenation of the scores, the greatest value first.

    Ties go to the lower position; +0 and -0 are tied. Exact over the whole set; the ranking of a smaller n is
    a prefix of that of a greater one. The scores are read two or three times, a chunk at a time, so that no
    other memory grows with them.

    Args:
        scores: finite, float32, float16 or bfloat16, any shape and sign; tensors, or what computes them.
        n: from 0 to the number of scores.

    Raises:
        ValueError: n or a dtype is out of range, or a score is NaN or infinite.
    """
    return _ranking(scores, n, sign=1)


def bottom_ranking(scores: Sequence[Scores], n: int) -> Tensor:
    """(n,) int64 positions, the smallest value first; otherwise like `top_ranking`."""
    return _ranking(scores, n, sign=-1)


def _ranking(scores: Sequence[Scores], n: int, sign: int) -> Tensor:
    """The ranking by sign times the score: counts of keys say where it ends, and what is in it is sorted."""
    total = sum(map(size_of, scores))
    if not 0 <= n <= total:
        raise ValueError(f"{n:,} of {total:,} scores cannot be ranked: choose a smaller k.")
    counts = _histogram(key >> 16 for key in _keys(scores, sign))
    if counts[: INFINITY_BINS[0] + 1].any() or counts[INFINITY_BINS[1] :].any():
        _check_finite(scores)
    if n == 0:
        return torch.empty(0, dtype=torch.int64)
    bin_, above = _bin_of_rank(counts, n)
    upper = bin_ - HALF_RANGE
    if int(counts[bin_]) <= SHARE_OF_BIN * n + CHUNK:
        # The whole bin is sorted with the rest.
        positions, keys = _selected(scores, sign, int(counts[bin_:].sum()), (upper << 16) - 1, ties=0)
    else:
        found = (key[(key >> 16) == upper] & 0xFFFF for key in _keys(scores, sign))
        low, before = _bin_of_rank(_histogram(half - HALF_RANGE for half in found), n - above)
        positions, keys = _selected(scores, sign, n, (upper << 16) + low, ties=n - above - before)
    # Positions are ascending, so a stable sort leaves ties with the lower position first.
    return positions[torch.argsort(keys, descending=True, stable=True)[:n]]


def _histogram(halves: Iterable[Tensor]) -> Tensor:
    """(65536,) int64 counts of signed 16-bit values, from the least."""
    counts = torch.zeros(2 * HALF_RANGE, dtype=torch.int64)
    for half in halves:
        counts += torch.bincount(half + HALF_RANGE, minlength=len(counts)).cpu()
    return counts


def _bin_of_rank(histogram: Tensor, rank: int) -> tuple[int, int]:
    """The bin of the rank-th greatest key (from 1), and how many are in greater bins."""
    from_top = histogram.flip(0).cumsum(0)
    index = int(torch.searchsorted(from_top, rank))
    above = int(from_top[index - 1]) if index else 0
    return len(histogram) - 1 - index, above


def _selected(
    scores: Sequence[Scores], sign: int, n: int, threshold: int, ties: int
) -> tuple[Tensor, Tensor]:
    """(n,) int64 ascending positions of the selected scores, and (n,) int32 their keys, on CPU.

    Selected are those whose keys are greater than a threshold, and of those that equal it the first `ties`.
    """
    positions, keys = torch.empty(n, dtype=torch.int64), torch.empty(n, dtype=torch.int32)
    start, filled = 0, 0
    for key in _keys(scores, sign):
        chosen = key > threshold
        if ties:
            tied = (key == threshold).nonzero().view(-1)[:ties]
            chosen[tied] = True
            ties -= len(tied)
        local = chosen.nonzero().view(-1)
        span = slice(filled, filled + len(local))
        positions[span] = local.cpu() + start
        keys[span] = key[local].cpu()
        start, filled = start + len(key), span.stop
    return positions, keys


def _keys(scores: Sequence[Scores], sign: int) -> Iterator[Tensor]:
    """int32 keys in chunks, greater for what ranks earlier, equal for equal values.

    The bits of a float are sign and magnitude; as a signed integer of that magnitude they keep its order.
    """
    for bits in _bits(scores):
        magnitude = bits & 0x7FFFFFFF
        negative = bits >> 31
        yield sign * ((magnitude ^ negative) - negative)


def _bits(scores: Sequence[Scores]) -> Iterator[Tensor]:
    for one in scores:
        for part in parts_of(one, CHUNK):
            if part.dtype not in (torch.float32, torch.float16, torch.bfloat16):
                raise ValueError(
                    f"Scores of {part.dtype} cannot be ranked: use float32, float16 or bfloat16."
                )
            yield part.float().view(torch.int32)


def _check_finite(scores: Sequence[Scores]) -> None:
    for number, one in enumerate(scores):
        for bits in _bits([one]):
            if len(bits) and int((bits & 0x7FFFFFFF).max()) >= INFINITY_BITS:
                raise ValueError(f"The scores of matrix {number} hold NaN or infinity: score them again.")
