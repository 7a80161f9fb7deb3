"""Exact rankings of all candidates at once: a radix select on the bits of the scores, streamed in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
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


@dataclass(frozen=True)
class Threshold:
    """The end of the ranking."""

    key: int
    """All greater keys are selected."""
    ties: int
    """How many equal keys are selected: the first ones."""


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
    return merged_ranking([Part(scores, 1)], n)


def bottom_ranking(scores: Sequence[Scores], n: int) -> Tensor:
    """(n,) int64 positions, the smallest value first; otherwise like `top_ranking`."""
    return merged_ranking([Part(scores, -1)], n)


class RankedPart(Protocol):
    """Some consecutive matrices of those that are ranked, here or in another process."""

    def size(self) -> int:
        """Number of scores."""

    def histogram(self) -> Tensor:
        """(65536,) int64 counts of the upper 16 bits of all keys, from the least.

        Raises:
            ValueError: a dtype cannot be ranked, or a score is NaN or infinite.
        """

    def histogram_within(self, upper: int) -> Tensor:
        """(65536,) int64 counts of the lower 16 bits of the keys whose upper ones are these."""

    def selected(self, n: int, threshold: Threshold) -> tuple[Tensor, Tensor]:
        """(n,) int64 ascending positions of the scores at or above a threshold, (n,) int32 their keys."""


@dataclass(frozen=True)
class Part:
    """The same in this process."""

    scores: Sequence[Scores]
    sign: int
    """1 ranks the greatest first, -1 the smallest."""
    first: int = 0
    """The number of the first matrix, for errors."""

    def size(self) -> int:
        """Number of scores."""
        return sum(map(size_of, self.scores))

    def histogram(self) -> Tensor:
        """See `RankedPart`."""
        counts = _histogram(key >> 16 for key in _keys(self.scores, self.sign))
        if counts[: INFINITY_BINS[0] + 1].any() or counts[INFINITY_BINS[1] :].any():
            _check_finite(self.scores, self.first)
        return counts

    def histogram_within(self, upper: int) -> Tensor:
        """See `RankedPart`."""
        found = (key[(key >> 16) == upper] & 0xFFFF for key in _keys(self.scores, self.sign))
        return _histogram(half - HALF_RANGE for half in found)

    def selected(self, n: int, threshold: Threshold) -> tuple[Tensor, Tensor]:
        """See `RankedPart`."""
        return _selected(self.scores, self.sign, n, threshold)


def merged_ranking(parts: Sequence[RankedPart], n: int) -> Tensor:
    """(n,) int64 positions in the concatenation of all parts' scores: as one process would rank them.

    No score leaves its part but those that are selected: counts of keys are added up, and say where the
    ranking ends.

    Args:
        parts: all of one sign, in the order of their matrices.
        n: from 0 to the number of scores.

    Raises:
        ValueError: n or a dtype is out of range, or a score is NaN or infinite.
    """
    sizes = [part.size() for part in parts]
    total = sum(sizes)
    if not 0 <= n <= total:
        raise ValueError(f"{n:,} of {total:,} scores cannot be ranked: choose a smaller k.")
    counts = [part.histogram() for part in parts]
    if n == 0:
        return torch.empty(0, dtype=torch.int64)
    positions, keys = [], []
    for part, start, (found, threshold) in zip(
        parts, accumulate(sizes, initial=0), _thresholds(parts, counts, n), strict=False
    ):
        local, own = part.selected(found, threshold)
        positions.append(local + start)
        keys.append(own)
    chosen = _joined(positions)
    # Positions are ascending, so a stable sort leaves ties with the lower position first.
    order = torch.argsort(_joined(keys), descending=True, stable=True)[:n]
    return chosen[order]


def _joined(parts: list[Tensor]) -> Tensor:
    """All parts as one, which are given up."""
    found = parts[0] if len(parts) == 1 else torch.cat(parts)
    parts.clear()
    return found


def _thresholds(parts: Sequence[RankedPart], counts: Sequence[Tensor], n: int) -> list[tuple[int, Threshold]]:
    """How many scores of each part are at or above the end of the ranking, and where that is in it."""
    bin_, above = _bin_of_rank(torch.stack(list(counts)).sum(0), n)
    upper, inside = bin_ - HALF_RANGE, sum(int(own[bin_]) for own in counts)
    if inside <= SHARE_OF_BIN * n + CHUNK:
        return [(int(own[bin_:].sum()), Threshold((upper << 16) - 1, 0)) for own in counts]
    within = [part.histogram_within(upper) for part in parts]
    low, before = _bin_of_rank(torch.stack(within).sum(0), n - above)
    left, found = n - above - before, []
    for own, lower in zip(counts, within, strict=True):
        ties = min(left, int(lower[low]))  # the first parts have the lower positions
        left -= ties
        greater = int(own[bin_ + 1 :].sum()) + int(lower[low + 1 :].sum())
        found.append((greater + ties, Threshold((upper << 16) + low, ties)))
    return found


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


def _selected(scores: Sequence[Scores], sign: int, n: int, threshold: Threshold) -> tuple[Tensor, Tensor]:
    """(n,) int64 ascending positions of the selected scores, and (n,) int32 their keys, on CPU."""
    positions, keys = torch.empty(n, dtype=torch.int64), torch.empty(n, dtype=torch.int32)
    start, filled, ties = 0, 0, threshold.ties
    for key in _keys(scores, sign):
        chosen = key > threshold.key
        if ties:
            tied = (key == threshold.key).nonzero().view(-1)[:ties]
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


def _check_finite(scores: Sequence[Scores], first: int) -> None:
    for number, one in enumerate(scores, start=first):
        for bits in _bits([one]):
            if len(bits) and int((bits & 0x7FFFFFFF).max()) >= INFINITY_BITS:
                raise ValueError(f"The scores of matrix {number} hold NaN or infinity: score them again.")
