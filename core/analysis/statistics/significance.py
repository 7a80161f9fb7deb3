"""Tests of single cells, and what is left of them when many are made at once."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

SIGNIFICANT = 0.05
"""An adjusted p-value below it holds."""


class EmpiricalP(NamedTuple):
    """How often chance alone goes as far."""

    p_value: float
    """One-sided, at least `least`."""
    least: float
    """What it cannot fall below with so many random masks: 19 are needed for 0.05."""
    masks: int
    """Number of random masks."""


def mcnemar_exact(base: NDArray[np.bool_], ablated: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(M,) two-sided p-values of the exact McNemar test (McNemar 1947) for M masks.

    Under the null hypothesis, an item whose answer flips is as likely to flip to wrong as to right. Items are
    taken as independent.

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


def benjamini_hochberg(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The q-value of each p-value: the false discovery rate at which it is significant.

    Benjamini and Hochberg 1995.

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
    """The adjusted p-values: at 0.05 of each, the chance of any false finding among all is at most 0.05.

    Holm 1979. Stricter than `benjamini_hochberg`: for the few effects that a report is about.

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
    """How likely a random mask of the same size has at least this AIS: (1 + #{random >= ais}) / (N + 1).

    The mask itself counts as one more random one, or 0 could come out (Phipson and Smyth 2010).

    Args:
        ais: of the mask.
        random_ais: (N,) of N random masks of as many weights, on the same items.

    Raises:
        ValueError: there is no random mask, or an AIS is not defined.
    """
    random = np.asarray(random_ais, dtype=np.float64)
    if random.ndim != 1 or not len(random):
        raise ValueError("There is no random mask to compare with: run some, 19 for a p of 0.05.")
    if not math.isfinite(ais) or not np.isfinite(random).all():
        raise ValueError("An AIS is not defined: compare only masks on a benchmark where all are.")
    masks = len(random)
    return EmpiricalP((1 + int((random >= ais).sum())) / (masks + 1), 1 / (masks + 1), masks)


def _checked(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the p-values in a row."""
    flat = np.asarray(p_values, dtype=np.float64).ravel()
    if not np.all((flat >= 0) & (flat <= 1)):
        raise ValueError("A p-value is not a number in [0, 1]: leave out the cells without one.")
    return flat
