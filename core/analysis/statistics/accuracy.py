"""Accuracy, chance level and the Ability Impact Score, with the guards under which it means something."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
        n: number of items.
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
        ns: numbers of items.

    Raises:
        ValueError: there are no benchmarks, or the three differ in length.
    """
    if not scores:
        raise ValueError("Collapse needs at least one benchmark.")
    return all(
        score - chance <= STANDARD_ERRORS * standard_error(chance, n)
        for score, chance, n in zip(scores, chances, ns, strict=True)
    )
