"""Tests of single cells, corrections for many of them, and the least effect that n items can show."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis.statistics import SIGNIFICANT


class EmpiricalP(NamedTuple):
    """How often random masks have at least the AIS of a mask."""

    p_value: float
    """One-sided; at least 1 / (masks + 1), so 19 masks are needed for 0.05."""
    masks: int
    """Number of random masks."""


def mcnemar_exact(base: NDArray[np.bool_], ablated: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(M,) two-sided p-values of the exact McNemar test (McNemar 1947) for M masks.

    The null hypothesis: a flip to wrong is as likely as a flip to right. Items are taken as independent.

    Args:
        base: (N,) whether the unmodified model answered each item right.
        ablated: (M, N) the same under each mask.
    """
    broken = np.count_nonzero(base & ~ablated, axis=1)
    fixed = np.count_nonzero(~base & ablated, axis=1)
    flips = broken + fixed
    pairs = zip(np.minimum(broken, fixed).tolist(), flips.tolist(), strict=True)
    return np.array([_two_sided_sign_test(fewer, n) for fewer, n in pairs], dtype=np.float64)


def _two_sided_sign_test(fewer: int, n: int) -> float:
    """Twice the probability of at most `fewer` heads in n fair tosses, at most 1."""
    heads = np.arange(1, fewer + 1)
    log_choose = np.concatenate([[0.0], np.cumsum(np.log((n - heads + 1) / heads))])
    return min(1.0, 2 * float(np.exp(log_choose - n * math.log(2)).sum()))


def is_above_chance(right: int, n: int, chance: float) -> bool:
    """Whether guessing gives so many right answers in fewer than 5 of 100 cases (exact binomial, one-sided).

    With four options, 9 of 20 are above chance, 33 of 100, and 61 of 200.

    Args:
        right: number of right answers.
        n: number of items.
        chance: the score of guessing, above 0 and below 1.
    """
    tail = sum(math.comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(right, n + 1))
    return tail < SIGNIFICANT


def benjamini_hochberg(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The q-values: the false discovery rate at which each is significant (Benjamini and Hochberg 1995).

    Args:
        p_values: any shape; the result has the same.

    Raises:
        ValueError: a p-value is not in [0, 1].
    """
    flat = _checked(p_values)
    order = np.argsort(flat)[::-1]
    ranks = np.arange(len(flat), 0, -1)
    q_values = np.empty_like(flat)
    q_values[order] = np.minimum.accumulate(np.minimum(flat[order] * len(flat) / ranks, 1.0))
    return q_values.reshape(np.shape(p_values))


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The adjusted p-values: at 0.05, any false finding among all has a chance of at most 0.05 (Holm 1979).

    Stricter than `benjamini_hochberg`: for the few effects that a report is about.

    Args:
        p_values: any shape; the result has the same.

    Raises:
        ValueError: a p-value is not in [0, 1].
    """
    flat = _checked(p_values)
    order = np.argsort(flat)
    remaining = np.arange(len(flat), 0, -1)
    adjusted = np.empty_like(flat)
    adjusted[order] = np.maximum.accumulate(np.minimum(flat[order] * remaining, 1.0))
    return adjusted.reshape(np.shape(p_values))


def empirical_p(ais: float, random_ais: ArrayLike) -> EmpiricalP:
    """The chance that a random mask of the same size has at least this AIS: (1 + #{random >= ais}) / (N + 1).

    The mask itself counts as a random one, so that the result is never 0 (Phipson and Smyth 2010).

    Args:
        ais: of the mask.
        random_ais: (N,) of random masks of as many weights, on the same items.

    Raises:
        ValueError: there is no random mask, or an AIS is not defined.
    """
    random = np.asarray(random_ais, dtype=np.float64)
    if random.ndim != 1 or not len(random):
        raise ValueError("There is no random mask to compare with: run some, 19 for a p of 0.05.")
    if not math.isfinite(ais) or not np.isfinite(random).all():
        raise ValueError("An AIS is not defined: compare only masks on a benchmark where all are.")
    masks = len(random)
    return EmpiricalP((1 + int((random >= ais).sum())) / (masks + 1), masks)


def _checked(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the p-values in a row."""
    flat = np.asarray(p_values, dtype=np.float64).ravel()
    if not np.all((flat >= 0) & (flat <= 1)):
        raise ValueError("A p-value is not a number in [0, 1]: leave out the cells without one.")
    return flat


ALPHA = 0.05
"""Two-sided level of the test."""

POWER = 0.8
"""How often an effect that counts as detectable is found."""

RELATIVE_PRECISION = 1e-3
"""Precision of the minimum detectable drop."""

SPREAD = 6.0
"""Standard deviations of the number of flips that are summed over; less than 1e-8 lies beyond."""


class _Flips(NamedTuple):
    """How many answers may flip, and when the test is significant."""

    counts: NDArray[np.int64]
    """(F,) numbers of flips."""
    weights: NDArray[np.float64]
    """(F,) the probability of each."""
    critical: list[int]
    """For each, the number of flips of the rarer kind below which it is significant; 0 if never."""
    log_factorials: NDArray[np.float64]
    """(n + 1,)"""


@cache
def minimum_detectable_drop(n: int) -> float | None:
    """The smallest drop in accuracy that n items can show (80 % power), if all flips go one way.

    Where some answers are mended too, it takes a larger one; with 7 items or more, no smaller one is found
    in 80 of 100 runs, however the answers flip.

    Returns:
        Fraction of the items; None if there are too few items to show anything.

    Raises:
        ValueError: n is below 1.
    """
    if mcnemar_power(n, 1.0, 1.0) < POWER:
        return None
    low, high = 0.0, 1.0
    while high - low > RELATIVE_PRECISION * high:
        middle = (low + high) / 2
        if mcnemar_power(n, middle, middle) < POWER:
            low = middle
        else:
            high = middle
    return high


def mcnemar_power(n: int, discordant: float, drop: float) -> float:
    """The power of the exact McNemar test: the probability of p <= 0.05, two-sided (Duffy 1984).

    Summed over the binomial numbers of flips and of mended answers among them.

    Args:
        n: number of items.
        discordant: share of the items whose answer flips; (0, 1].
        drop: share that is broken minus share that is mended; 0 to the discordant share.

    Raises:
        ValueError: an argument is out of range.
    """
    if not 0 <= drop <= discordant:
        raise ValueError(f"A drop of {drop} cannot come of {discordant} flips: give 0 to {discordant}.")
    return _power(_flips(n, discordant), (discordant - drop) / (2 * discordant))


def _flips(n: int, discordant: float) -> _Flips:
    if n < 1 or not 0 < discordant <= 1:
        raise ValueError(f"{n} items of which a share of {discordant} flips: give 1 or more and a share > 0.")
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    middle, width = n * discordant, SPREAD * (math.sqrt(n * discordant * (1 - discordant)) + 1)
    counts = np.arange(max(0, math.floor(middle - width)), min(n, math.ceil(middle + width)) + 1)
    weights = _binomial(log_factorials, n, counts, discordant)
    critical = [_critical(log_factorials, count) for count in counts.tolist()]
    return _Flips(counts, weights, critical, log_factorials)


def _critical(log_factorials: NDArray[np.float64], flips: int) -> int:
    """The number of flips of the rarer kind below which the two-sided p is at most ALPHA."""
    tail = np.cumsum(_binomial(log_factorials, flips, np.arange(flips // 2 + 1), 0.5))
    return int(np.searchsorted(tail, ALPHA / 2, side="right"))


def _power(flips: _Flips, mended_share: float) -> float:
    found = []
    for count, critical in zip(flips.counts.tolist(), flips.critical, strict=True):
        few = np.arange(critical)
        shares = (mended_share, 1 - mended_share)
        rare = [_binomial(flips.log_factorials, count, few, share).sum() for share in shares]
        found.append(sum(rare))
    return float(flips.weights @ np.array(found))


def _binomial(
    log_factorials: NDArray[np.float64], n: int, counts: NDArray[np.int64], share: float
) -> NDArray[np.float64]:
    """The probabilities of the counts among n."""
    if share in (0.0, 1.0):
        return np.asarray(counts == n * share, dtype=np.float64)
    log_choose = log_factorials[n] - log_factorials[counts] - log_factorials[n - counts]
    log_odds = counts * math.log(share) + (n - counts) * math.log1p(-share)
    return np.asarray(np.exp(log_choose + log_odds), dtype=np.float64)
