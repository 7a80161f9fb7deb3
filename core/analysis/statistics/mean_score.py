"""The mean score of a run with its interval, for scores between 0 and 1 and items that come in clusters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.statistics.accuracy import Z_95, Accuracy


def mean_score(scores: NDArray[Any], clusters: NDArray[Any] | None = None) -> Accuracy:
    """The mean over the items with its 95 % interval: Wilson's, at the effective number of items.

    So many items, each right or wrong and on its own, would tell as much (Kish 1965). It is the number of
    items where that is what they are, and the interval then `accuracy`'s. Scores between 0 and 1 spread less
    and so tell more; items of one cluster that go together tell less, and never count for more than on
    their own. Where nothing spreads, each cluster counts as one item.

    Args:
        scores: (N,) 0 to 1 each, or whether it is right.
        clusters: (N,) labels; items of one label share a passage. None: every item is on its own.

    Returns:
        With n, the number of items as they are.

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
    z2 = Z_95**2 / effective
    middle = (score + z2 / 2) / (1 + z2)
    half = math.sqrt(z2 * (binomial + z2 / 4)) / (1 + z2)
    # The score itself can lie on an end of the interval, and differ from it by rounding.
    return Accuracy(n, score, max(0.0, min(score, middle - half)), min(1.0, max(score, middle + half)))
