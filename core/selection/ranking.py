"""Exact rankings of all candidates at once: a radix select on the bits of the scores, streamed in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

CHUNK = 1 << 20
"""Scores that are looked at together; bounds the memory beyond scores and result."""

INFINITY_BITS = 0x7F800000
"""float32 bits of +inf; NaN lies above."""

HALF_RANGE = 1 << 15
"""Turns the upper 16 bits of a signed key into a bin from 0."""


@dataclass(frozen=True)
class _Threshold:
    """Where the ranking ends."""

    key: int
    """Everything with a greater key is selected."""
    ties: int
    """How many with this very key are selected: the first ones."""


def top_ranking(scores: Sequence[Tensor], n: int) -> Tensor:
    """(n,) int64 positions in the concatenation of the scores, the greatest value first.

    Ties go to the lower position; +0 and -0 are tied. Exact over the whole set; the ranking of a smaller n
    is a prefix of that of a greater one.

    Args:
        scores: finite, float32, float16 or bfloat16, any shape and sign.
        n: from 0 to the number of scores.

    Raises:
        ValueError: n or a dtype is out of range, or a score is NaN or infinite.
    """
    return _ranking(scores, n, sign=1)


def bottom_ranking(scores: Sequence[Tensor], n: int) -> Tensor:
    """(n,) int64 positions, the smallest value first; otherwise like `top_ranking`."""
    return _ranking(scores, n, sign=-1)


def _ranking(scores: Sequence[Tensor], n: int, sign: int) -> Tensor:
    total = sum(tensor.numel() for tensor in scores)
    if not 0 <= n <= total:
        raise ValueError(f"{n:,} of {total:,} scores cannot be ranked: choose a smaller k.")
    _check_finite(scores)
    if n == 0:
        return torch.empty(0, dtype=torch.int64)
    positions, keys = _selected(scores, sign, _threshold(scores, sign, n))
    # Positions are ascending, so a stable sort leaves ties with the lower position first.
    return positions[torch.argsort(keys, descending=True, stable=True)]


def _threshold(scores: Sequence[Tensor], sign: int, n: int) -> _Threshold:
    """The n-th greatest key, from a histogram of the upper 16 bits and one of the lower within that bin."""
    bin_, above = _bin_of_rank(_histogram(key >> 16 for key in _keys(scores, sign)), n)
    upper = bin_ - HALF_RANGE
    candidates = (key[(key >> 16) == upper] & 0xFFFF for key in _keys(scores, sign))
    bin_, above_in_bin = _bin_of_rank(_histogram(half - HALF_RANGE for half in candidates), n - above)
    return _Threshold((upper << 16) + bin_, n - above - above_in_bin)


def _histogram(halves: Iterable[Tensor]) -> Tensor:
    """(65536,) int64 counts of signed 16-bit values, from the least."""
    counts = torch.zeros(2 * HALF_RANGE, dtype=torch.int64)
    for half in halves:
        counts += torch.bincount(half + HALF_RANGE, minlength=len(counts)).cpu()
    return counts


def _bin_of_rank(histogram: Tensor, rank: int) -> tuple[int, int]:
    """The bin of the rank-th greatest (from 1), and how many lie in greater bins."""
    from_top = histogram.flip(0).cumsum(0)
    place = int(torch.searchsorted(from_top, rank))
    above = int(from_top[place - 1]) if place else 0
    return len(histogram) - 1 - place, above


def _selected(scores: Sequence[Tensor], sign: int, threshold: _Threshold) -> tuple[Tensor, Tensor]:
    """Ascending positions of what is selected, and their keys, on CPU."""
    positions: list[Tensor] = []
    keys: list[Tensor] = []
    start, ties = 0, threshold.ties
    for key in _keys(scores, sign):
        chosen = key > threshold.key
        if ties:
            tied = (key == threshold.key).nonzero().view(-1)[:ties]
            chosen[tied] = True
            ties -= len(tied)
        local = chosen.nonzero().view(-1)
        positions.append(local.cpu() + start)
        keys.append(key[local].cpu())
        start += len(key)
    return torch.cat(positions), torch.cat(keys)


def _keys(scores: Sequence[Tensor], sign: int) -> Iterator[Tensor]:
    """int32 keys in chunks, greater for what ranks earlier, equal for equal values.

    The bits of a float are sign and magnitude; as a signed integer of that magnitude they keep its order.
    """
    for bits in _bits(scores):
        magnitude = bits & 0x7FFFFFFF
        negative = bits >> 31
        yield sign * ((magnitude ^ negative) - negative)


def _bits(scores: Sequence[Tensor]) -> Iterator[Tensor]:
    for tensor in scores:
        if tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16):
            raise ValueError(f"Scores of {tensor.dtype} cannot be ranked: use float32, float16 or bfloat16.")
        for chunk in torch.split(tensor.detach().reshape(-1), CHUNK):
            yield chunk.float().view(torch.int32)


def _check_finite(scores: Sequence[Tensor]) -> None:
    for number, tensor in enumerate(scores):
        for bits in _bits([tensor]):
            if len(bits) and int((bits & 0x7FFFFFFF).max()) >= INFINITY_BITS:
                raise ValueError(f"The scores of matrix {number} hold NaN or infinity: score them again.")
