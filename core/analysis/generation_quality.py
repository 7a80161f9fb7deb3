"""Whether the model can still write under a mask: perplexity, and answers that are no answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from core.analysis.diagnosis.case import Written
from core.analysis.diagnosis.coherence import coherence, find_loop
from core.analysis.samples.written import written_of
from core.analysis.statistics.accuracy import Accuracy, accuracy
from core.experiment.experiment import Experiment
from core.experiment.specs import MaskSpec

MOST_TIMES = 2.0
"""Of the intact model's perplexity on neutral text. Twice is one bit more of surprise at every token, which a
model that still writes can have; ten times is where an answer counts as incoherent
(`core.analysis.diagnosis.coherence`)."""

MOST_RUINED = 0.25
"""Share of the answers that may repeat themselves, or be unreadable, beyond the intact model's. There are
few: of twelve a single one is 8 %. And of the embedded model's a tenth are of the ablated ability itself,
which a acceptable mask may well ruin."""


NOT_READ = "[invalid]"
"""What stands for the answer where the extraction of a benchmark found none in the text."""


@dataclass(frozen=True)
class AnswerQuality:
    """Shares of the written answers, each with its interval; an answer can count in several."""

    repeating: Accuracy
    """They repeat themselves (`core.analysis.diagnosis.coherence` has the rule)."""
    empty: Accuracy
    """There is nothing but spaces."""
    unreadable: Accuracy | None
    """No answer was found in the text; None if it is not known what was found."""


def answer_generation_quality(
    texts: Sequence[str], answers: Sequence[str | None] | None = None
) -> AnswerQuality:
    """How acceptable the written answers of one model are.

    Args:
        texts: what was written.
        answers: what the benchmark took out of each as its answer; None or `NOT_READ` if it found none.

    Raises:
        ValueError: there are no texts, or texts and answers differ in number.
    """
    if not texts or (answers is not None and len(answers) != len(texts)):
        found = "" if answers is None else f" and {len(answers)} answers"
        raise ValueError(f"There are {len(texts)} texts{found}: give at least one, and an answer for each.")
    unreadable = None if answers is None else _share([_is_unread(answer) for answer in answers])
    return AnswerQuality(
        repeating=_share([find_loop(text) is not None for text in texts]),
        empty=_share([not text.strip() for text in texts]),
        unreadable=unreadable,
    )


def _is_unread(answer: str | None) -> bool:
    return answer is None or answer.strip() in ("", NOT_READ)


def _share(which: Sequence[bool]) -> Accuracy:
    return accuracy(np.array(which))


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


@dataclass(frozen=True)
class GenerationQuality:
    """The model under a mask beside the intact one, on the neutral texts."""

    base_perplexity: float | None
    """Of the intact model; None if a log-probability is not a number."""
    perplexity: float | None
    """Under the mask; may be infinite."""
    base_repeating: Accuracy
    """Of what the intact model writes."""
    repeating: Accuracy
    """Share of the answers under the mask that repeat themselves."""
    unreadable: Accuracy
    """Share of those that are empty, or incoherent (`core.analysis.diagnosis.coherence`)."""
    base_unreadable: Accuracy
    """The same of what the intact model writes: the share that is empty."""

    @property
    def times(self) -> float | None:
        """How many times the intact model's perplexity; None if one of them is not known."""
        if self.perplexity is None or self.base_perplexity is None:
            return None
        return self.perplexity / self.base_perplexity

    @property
    def is_acceptable(self) -> bool:
        """Whether perplexity and answers are known and within `core.analysis.generation_quality`."""
        pairs = ((self.base_repeating, self.repeating), (self.base_unreadable, self.unreadable))
        is_written = all(after.score - before.score <= MOST_RUINED for before, after in pairs)
        return is_written and self.times is not None and self.times <= MOST_TIMES

    def figures(self) -> dict[str, float | int | None]:
        """Its plain values; an infinite perplexity is None, as JSON has none."""
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
        ValueError: k asks for more weights than there are candidates.
    """
    base = experiment.store.generation_quality.load(experiment.generation_quality_request(None)[0])
    if base is None:
        return {}
    intact = base.rows(named=True)
    base_generation_quality, base_perplexity = _answers(intact, intact), _perplexity(base)
    found = {}
    for mask in masks:
        frame = experiment.store.generation_quality.load(experiment.generation_quality_request(mask)[0])
        if frame is not None:
            answers = _answers(intact, frame.rows(named=True))
            found[mask] = GenerationQuality(
                base_perplexity,
                _perplexity(frame),
                base_generation_quality.repeating,
                answers.repeating,
                answers.unreadable or answers.empty,
                base_generation_quality.unreadable or base_generation_quality.empty,
            )
    return found


def _answers(intact: list[dict[str, Any]], rows: list[dict[str, Any]]) -> AnswerQuality:
    texts = [row["written"] for row in rows]
    pairs = zip(intact, rows, strict=True)
    return answer_generation_quality(
        texts, [None if _is_incoherent(*pair) else pair[1]["written"] for pair in pairs]
    )


def _is_incoherent(base: dict[str, Any], row: dict[str, Any]) -> bool:
    found = coherence(_written(base), _written(row))
    return found is not None and found.is_incoherent


def _written(row: dict[str, Any]) -> Written:
    return written_of({**row, "text": row["written"]}, row["written_logprobs"])


def _perplexity(frame: pl.DataFrame) -> float | None:
    """Of the neutral texts; None if a log-probability is not a number."""
    logprobs = frame["logprobs"].to_list()
    return None if any(math.isnan(value) for text in logprobs for value in text) else perplexity(logprobs)


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value
