"""Tests of single cells, and what is left of them when many are made at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


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
    flat = np.asarray(p_values, dtype=np.float64).ravel()
    if not np.all((flat >= 0) & (flat <= 1)):
        raise ValueError("A p-value is not a number in [0, 1]: leave out the cells without one.")
    order = np.argsort(flat)[::-1]
    ranks = np.arange(len(flat), 0, -1)
    q_values = np.empty_like(flat)
    q_values[order] = np.minimum.accumulate(np.minimum(flat[order] * len(flat) / ranks, 1.0))
    return q_values.reshape(np.shape(p_values))
