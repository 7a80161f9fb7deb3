"""Whether an ablated answer is incoherent: how much it surprises the base model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from core.analysis.diagnosis.loops import LOOP_WORDS, longest_run
from core.analysis.diagnosis.written import Written
from core.inference.divergence import first_difference

TIMES = 10.0
"""An answer is incoherent if its perplexity under the base model is so many times that of the base answer."""

JUDGED_TOKENS = 3
"""Fewer tokens say nothing: a word that is merely wrong surprises as much as one that is out of place."""


class Coherence(NamedTuple):
    """How much two answers surprise the base model."""

    base: float
    """Perplexity of the base answer."""
    ablated: float
    """Perplexity of the ablated answer, as far as it is judged."""

    @property
    def is_incoherent(self) -> bool:
        """Whether the second is `TIMES` the first."""
        return self.ablated / self.base > TIMES


def coherence(base: Written, ablated: Written) -> Coherence | None:
    """The perplexities under the base model; None if there are too few tokens or no log-probabilities.

    Of the ablated answer count the tokens after the one where it parts from the base answer, because that
    one is always a surprise, and of a loop only the first turn, because the others are foreseen. Whether an
    answer ends is no matter of coherence: an end token does not count. Of what is left, `JUDGED_TOKENS` or
    more, the most surprising token is left out: one wrong word in a fluent text is an error, not incoherence.
    """
    if not (base.log_probabilities and ablated.log_probabilities):
        return None
    place = first_difference(base.tokens, ablated.tokens)
    if place is None:
        return None
    end = len(ablated.tokens) - (ablated.finish == "eos")
    run = longest_run(ablated.tokens[:end], LOOP_WORDS)
    turns = range(run.start + run.period, run.start + run.length) if run else range(0)
    judged = [ablated.log_probabilities[i] for i in range(place + 1, end) if i not in turns]
    if len(judged) < JUDGED_TOKENS:
        return None
    return Coherence(_perplexity(base.log_probabilities), _perplexity(sorted(judged)[1:]))


def _perplexity(log_probabilities: Sequence[float]) -> float:
    """The exponential of the mean surprise; a single token's counts 100 nats at most."""
    return math.exp(-sum(max(value, -100.0) for value in log_probabilities) / len(log_probabilities))
