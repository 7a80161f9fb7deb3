"""Scores of items, the Ability Impact Score and its guards, tests of cells and corrections for many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from core.analysis.statistics import SIGNIFICANT

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""

LEAST_JUDGED = 20
"""Items from which a base score can point to a broken set-up: a few can all be right or wrong by chance."""

STANDARD_ERRORS = 2.0
"""Standard errors from which a score counts as off chance."""


class Accuracy(NamedTuple):
    """A share of right answers."""

    n: int
    score: float
    """Fraction in [0, 1]."""
    low: float
    """Lower end of the 95 % Wilson interval."""
    high: float
    """Upper end of the 95 % Wilson interval."""


class Verdict(NamedTuple):
    """Whether something can be stated."""

    holds: bool
    reason: str
    """Why not; empty if it holds."""


def accuracy(correct: NDArray[np.bool_]) -> Accuracy:
    """The share of right answers with its 95 % Wilson interval (Wilson 1927).

    Args:
        correct: (N,) whether each item was answered right.

    Raises:
        ValueError: there are no items.
    """
    n = len(correct)
    if n == 0:
        raise ValueError("There are no items to score: raise the limit.")
    score = float(np.mean(correct))
    low, high = _wilson(score, n)
    return Accuracy(n, score, max(0.0, low), min(1.0, high))


def mean_score(scores: NDArray[Any], clusters: NDArray[Any] | None = None) -> Accuracy:
    """The mean over the items with its 95 % interval: Wilson's, at the effective number of items.

    The effective number of independent items, each right or wrong, would be as informative (Kish 1965).
    Scores between 0 and 1 spread less and so count for more; items of one cluster that go together count for
    less, and never for more than on their own. Where nothing spreads, each cluster counts as one item.

    Args:
        scores: (N,) 0 to 1 each, or whether it is right.
        clusters: (N,) labels; items of one label share a passage. None: every item is on its own.

    Returns:
        With n, the actual number of items.

    Raises:
        ValueError: there are no items, or the shapes differ.
    """
    n = len(scores)
    if n == 0 or (clusters is not None and len(clusters) != n):
        raise ValueError(f"There are {n} scores: give one item or more, and a cluster for each.")
    score = float(np.mean(scores, dtype=np.float64))
    off = np.asarray(scores, np.float64) - score
    spread, units = float(np.square(off).sum()), n
    if clusters is not None:
        _, members = np.unique(clusters, return_inverse=True)
        sums = np.bincount(members, off)
        spread, units = max(spread, float(np.square(sums).sum())), len(sums)
    binomial = score * (1 - score)
    effective = binomial * n * n / spread if binomial > 0 and spread > 0 else units
    low, high = _wilson(score, effective)
    # The score itself can lie on an end of the interval, and differ from it by rounding.
    return Accuracy(n, score, max(0.0, min(score, low)), min(1.0, max(score, high)))


def _wilson(score: float, n: float) -> tuple[float, float]:
    z2 = Z_95**2 / n
    middle = (score + z2 / 2) / (1 + z2)
    half = math.sqrt(z2 * (score * (1 - score) + z2 / 4)) / (1 + z2)
    return middle - half, middle + half


def standard_error(share: float, n: int) -> float:
    """The standard error of a share of n independent items: a fraction, 0 where the share is 0 or 1."""
    return math.sqrt(share * (1 - share) / n)


def impact(base: float, ablated: float, chance: float) -> float:
    """The Ability Impact Score: the part of the score above chance that the ablation takes away.

    AIS = (P - P_ablated) / (P - chance). Never clipped: below 0 the ability was in the way, above 1 the
    ablated model falls below chance.

    Raises:
        ValueError: the base score is not above chance.
    """
    if base <= chance:
        raise ValueError(f"AIS is not defined: the base score {base:.3f} is not above chance {chance:.3f}.")
    return (base - ablated) / (base - chance)


def identifiable(base_score: float, chance: float | None, n: int) -> Verdict:
    """Whether the base score is above chance by two standard errors, so that an AIS means something.

    The standard error is the base score's own, or that of a score at chance where every item is right.

    Args:
        base_score: accuracy of the unmodified model, fraction in [0, 1].
        chance: accuracy of guessing; None if the benchmark has no usable chance level.
    """
    if chance is None:
        return Verdict(False, "not identifiable: the benchmark has no usable chance level")
    if n == 0:
        return Verdict(False, "not identifiable: no items")
    error = standard_error(chance if base_score == 1.0 else base_score, n)
    if base_score > chance + STANDARD_ERRORS * error:
        return Verdict(True, "")
    relation = "not above" if base_score <= chance else "less than two standard errors above"
    reason = f"not identifiable: base accuracy {base_score:.2f} is {relation} chance {chance:.2f} (n {n})"
    return Verdict(False, reason)


class PlausibleRange(NamedTuple):
    """The base scores of a benchmark that do not point to a broken set-up."""

    benchmark: str
    """Its id."""
    low: float
    """Fraction in [0, 1]."""
    high: float
    """Fraction in [0, 1]."""


def is_plausible(base_score: float, limits: PlausibleRange, n: int) -> Verdict:
    """Whether a base score lies in the benchmark's plausible range: if not, the set-up is broken.

    A base score of 0 in every condition, for example, means a broken prompt, and gives no AIS. Fewer than
    LEAST_JUDGED items do not tell.
    """
    name, low, high = limits
    if n < LEAST_JUDGED or low <= base_score <= high:
        return Verdict(True, "")
    reason = (
        f"base score {base_score:.3g} is not plausible for {name} [{low:.3g}, {high:.3g}]: check the prompt "
        "format, the data or the model"
    )
    return Verdict(False, reason)


def collapsed(scores: Sequence[float], chances: Sequence[float], ns: Sequence[int]) -> bool:
    """Whether no benchmark's score is above chance by two standard errors of a score at chance.

    A score below chance counts as at chance: a collapsed model that always prefers one kind of option can be
    far below.

    Args:
        scores: accuracy of the ablated model on each benchmark, fraction in [0, 1].
        chances: chance levels.

    Raises:
        ValueError: there are no benchmarks, or the three differ in length.
    """
    if not scores:
        raise ValueError("Collapse needs at least one benchmark.")
    return all(
        score - chance <= STANDARD_ERRORS * standard_error(chance, n)
        for score, chance, n in zip(scores, chances, ns, strict=True)
    )


def right_probabilities(outcomes: pl.DataFrame) -> NDArray[np.float64] | None:
    """(N,) p(right) of each item: the softmax over its options' log-likelihoods, at the right one.

    Where answers are written, the geometric mean of the probabilities of the tokens of a right one.

    Args:
        outcomes: `cache.outcomes.SCHEMA`.

    Returns:
        None if an item has neither a right answer in the benchmark's form nor two options or more.
    """
    if len(outcomes) and not outcomes["gold_logprob"].null_count():
        return np.asarray(np.exp(outcomes["gold_logprob"].to_numpy().astype(np.float64)))
    counts = outcomes["loglikelihoods"].list.len().fill_null(0).to_numpy()
    if not len(counts) or counts.min() < 2 or outcomes["gold"].null_count():
        return None
    values = outcomes["loglikelihoods"].explode().to_numpy().astype(np.float64)
    starts = np.cumsum(counts, dtype=np.int64) - counts
    weights = np.exp(values - np.repeat(np.maximum.reduceat(values, starts), counts))
    return np.asarray(weights[starts + outcomes["gold"].to_numpy()] / np.add.reduceat(weights, starts))


def chance_probability(outcomes: pl.DataFrame) -> float:
    """The mean p(right) of a model that finds all options of an item equally likely; 0 of written answers.

    Args:
        outcomes: `cache.outcomes.SCHEMA`, every item with a p(right).
    """
    return float(option_chances(outcomes).mean())


def option_chances(outcomes: pl.DataFrame) -> NDArray[np.float64]:
    """(N,) the same of each item."""
    options = outcomes["loglikelihoods"].list.len()
    return np.zeros(len(outcomes)) if options.null_count() else np.asarray(1 / options.to_numpy())


def probability_identifiable(base: NDArray[np.floating[Any]] | NDArray[np.bool_], chance: float) -> Verdict:
    """Whether the mean p(right) is above chance by two standard errors, so that an AIS_p means something.

    Args:
        base: (N,) p(right) of the unmodified model.
        chance: mean p(right) of guessing.
    """
    n, mean = len(base), float(base.mean())
    error = float(base.std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf
    if mean > chance + STANDARD_ERRORS * error:
        return Verdict(True, "")
    relation = "not above" if mean <= chance else "less than two standard errors above"
    return Verdict(
        False, f"not identifiable: base p(right) {mean:.2f} is {relation} chance {chance:.2f} (n {n})"
    )


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
    heads = np.arange(1, fewer + 1)
    log_choose = np.concatenate([[0.0], np.cumsum(np.log((n - heads + 1) / heads))])
    return min(1.0, 2 * float(np.exp(log_choose - n * math.log(2)).sum()))


def is_above_chance(right: int, n: int, chance: float) -> bool:
    """Whether guessing gives so many right answers in fewer than 5 of 100 cases (exact binomial, one-sided).

    With four options, 9 of 20 are above chance, 33 of 100, and 61 of 200.

    Args:
        right: number of right answers.
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
    if share in (0.0, 1.0):
        return np.asarray(counts == n * share, dtype=np.float64)
    log_choose = log_factorials[n] - log_factorials[counts] - log_factorials[n - counts]
    log_odds = counts * math.log(share) + (n - counts) * math.log1p(-share)
    return np.asarray(np.exp(log_choose + log_odds), dtype=np.float64)
