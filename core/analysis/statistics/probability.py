"""The probability of the right answer, in place of right or wrong: the same effect shows with fewer items."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.analysis.statistics.accuracy import STANDARD_ERRORS, Verdict


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
