"""Perplexity from log-probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence


def perplexity(log_probabilities: Sequence[Sequence[float]]) -> float:
    """The exponential of minus the mean log-probability of all tokens of all texts together; at least 1.

    Every token counts the same, so a short text weighs less than a long one.

    Args:
        log_probabilities: of each text's tokens, in nats, as `core.inference.probabilities` gives them.

    Returns:
        inf if it is beyond what a float can be.

    Raises:
        ValueError: there are no tokens, or a log-probability is not a number.
    """
    tokens = [value for text in log_probabilities for value in text]
    if not tokens:
        raise ValueError("There are no tokens to measure perplexity on: give texts that are not empty.")
    mean = -math.fsum(tokens) / len(tokens)
    if math.isnan(mean):
        raise ValueError("A log-probability is not a number: the model's output is not finite.")
    try:
        return math.exp(mean)
    except OverflowError:
        return math.inf
