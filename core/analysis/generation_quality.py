"""Generation quality: perplexity under a mask, and how many answers are no answers. No torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from core.analysis.statistics.scores import Accuracy, accuracy
from core.analysis.text_checks import Written, coherence, find_loop, written_of
from core.run.experiment import Experiment
from core.run.specs import MaskSpec

MOST_TIMES = 2.0
"""Largest acceptable perplexity on neutral text, times the intact model's. Twice is one bit more of surprise
at every token; ten times is where an answer counts as incoherent (`core.analysis.text_checks`)."""

MOST_RUINED = 0.25
"""Largest acceptable share of answers that repeat themselves, or are unreadable, beyond the intact model's.
Answers are few: one of twelve is 8 %. And a tenth of the embedded model's are about the ablated ability
itself, which an acceptable mask may well ruin."""

UNREAD = ("", "[invalid]")
"""What the extraction of a benchmark gives where it finds no answer in the text."""


def perplexity(log_probabilities: Sequence[Sequence[float]]) -> float:
    """The exponential of minus the mean log-probability of all tokens together; at least 1, may be inf.

    Args:
        log_probabilities: those of each text's tokens.

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


@dataclass(frozen=True)
class GenerationQuality:
    """The model under a mask and the intact one, on the neutral texts."""

    base_perplexity: float | None
    """The intact model's; None if a log-probability is not a number."""
    perplexity: float | None
    """Under the mask; may be infinite."""
    base_repeating: Accuracy
    """Share of the intact model's answers that repeat themselves."""
    repeating: Accuracy
    """The same under the mask."""
    unreadable: Accuracy
    """Share of the answers under the mask that are empty or incoherent."""
    base_unreadable: Accuracy
    """Share of the intact model's answers that are empty."""

    @property
    def times(self) -> float | None:
        """Perplexity as a multiple of the intact model's; None if one of them is unknown."""
        if self.perplexity is None or self.base_perplexity is None:
            return None
        return self.perplexity / self.base_perplexity

    @property
    def is_acceptable(self) -> bool:
        """Whether perplexity and answers are known and within `MOST_TIMES` and `MOST_RUINED`."""
        pairs = ((self.base_repeating, self.repeating), (self.base_unreadable, self.unreadable))
        is_written = all(after.score - before.score <= MOST_RUINED for before, after in pairs)
        return is_written and self.times is not None and self.times <= MOST_TIMES

    def figures(self) -> dict[str, float | int | None]:
        """Plain values; an infinite perplexity is None, as JSON has none."""
        return {
            "base_perplexity": _finite(self.base_perplexity),
            "perplexity": _finite(self.perplexity),
            "answers": self.repeating.n,
            "base_repeating": self.base_repeating.score,
            "repeating": self.repeating.score,
            "unreadable": self.unreadable.score,
        }


def mask_generation_qualities(
    experiment: Experiment, masks: Iterable[MaskSpec]
) -> dict[MaskSpec, GenerationQuality]:
    """The generation quality of masks, as far as it is stored.

    Raises:
        CorruptEntry: an entry is damaged.
    """
    base = experiment.store.generation_quality.load(experiment.generation_quality_request(None)[0])
    if base is None:
        return {}
    intact = base.rows(named=True)
    base_perplexity = _perplexity(base)
    base_repeating, base_unreadable = _answer_shares(intact, intact)
    found = {}
    for mask in masks:
        frame = experiment.store.generation_quality.load(experiment.generation_quality_request(mask)[0])
        if frame is not None:
            repeating, unreadable = _answer_shares(intact, frame.rows(named=True))
            found[mask] = GenerationQuality(
                base_perplexity, _perplexity(frame), base_repeating, repeating, unreadable, base_unreadable
            )
    return found


def _answer_shares(intact: list[dict[str, Any]], rows: list[dict[str, Any]]) -> tuple[Accuracy, Accuracy]:
    repeating = [find_loop(row["written"]) is not None for row in rows]
    unreadable = [
        _is_incoherent(base, row) or row["written"].strip() in UNREAD
        for base, row in zip(intact, rows, strict=True)
    ]
    return accuracy(np.array(repeating)), accuracy(np.array(unreadable))


def _is_incoherent(base: dict[str, Any], row: dict[str, Any]) -> bool:
    found = coherence(_written(base), _written(row))
    return found is not None and found.is_incoherent


def _written(row: dict[str, Any]) -> Written:
    return written_of({**row, "text": row["written"]}, row["written_logprobs"])


def _perplexity(frame: pl.DataFrame) -> float | None:
    """The perplexity of the neutral texts; None if a log-probability is not a number."""
    logprobs = frame["logprobs"].to_list()
    return None if any(math.isnan(value) for text in logprobs for value in text) else perplexity(logprobs)


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value
