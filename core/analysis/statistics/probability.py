"""The probability of the right option, in place of right or wrong: the same effect shows with fewer items."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.statistics.accuracy import STANDARD_ERRORS, Verdict

NO_OPTIONS = "answers are written or have no single right option, so there is no p(right)"


def right_probabilities(outcomes: pl.DataFrame) -> NDArray[np.float64] | None:
    """(N,) p(right) of each item: the softmax over its options' log-likelihoods, at the right one.

    Args:
        outcomes: `cache.outcomes.SCHEMA`.

    Returns:
        None if an item has fewer than two options, as where answers are written.
    """
    counts = outcomes["loglikelihoods"].list.len().fill_null(0).to_numpy()
    if not len(counts) or counts.min() < 2 or outcomes["gold"].null_count():
        return None
    values = outcomes["loglikelihoods"].explode().to_numpy().astype(np.float64)
    starts = np.cumsum(counts, dtype=np.int64) - counts
    weights = np.exp(values - np.repeat(np.maximum.reduceat(values, starts), counts))
    return np.asarray(weights[starts + outcomes["gold"].to_numpy()] / np.add.reduceat(weights, starts))


def chance_probability(outcomes: pl.DataFrame) -> float:
    """The mean p(right) of a model that finds all options of an item equally likely.

    Args:
        outcomes: `cache.outcomes.SCHEMA`, every item with two options or more.
    """
    return float(option_chances(outcomes).mean())


def option_chances(outcomes: pl.DataFrame) -> NDArray[np.float64]:
    """(N,) the same of each item."""
    return np.asarray(1 / outcomes["loglikelihoods"].list.len().to_numpy())


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
