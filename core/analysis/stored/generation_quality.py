"""Whether the model can still write under a mask, from what is stored. No torch."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from core.analysis.diagnosis.coherence import coherence
from core.analysis.diagnosis.written import Written
from core.analysis.generation_quality.answers import AnswerQuality, answer_generation_quality
from core.analysis.generation_quality.limits import MOST_RUINED, MOST_TIMES
from core.analysis.generation_quality.perplexity import perplexity
from core.analysis.statistics.accuracy import Accuracy
from core.analysis.stored.written import written_of
from core.experiment.experiment import Experiment, generation_quality_request
from core.experiment.specs import MaskSpec


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
        """Whether perplexity and answers are known and within `core.analysis.generation_quality.limits`."""
        pairs = ((self.base_repeating, self.repeating), (self.base_unreadable, self.unreadable))
        is_written = all(after.score - before.score <= MOST_RUINED for before, after in pairs)
        return is_written and self.times is not None and self.times <= MOST_TIMES

    def perplexity_words(self) -> str:
        """Such as `perplexity on neutral text x1.3 (1.09 to 1.42)`."""
        ends = f"{_number(self.base_perplexity)} to {_number(self.perplexity)}"
        return f"perplexity on neutral text {times_text(self.times)} ({ends})"

    def answer_words(self) -> str:
        """Such as `of 50 answers 18 % repeat themselves, 2 % cannot be read`."""
        before = f" (intact {100 * self.base_repeating.score:.0f} %)" if self.base_repeating.score else ""
        return (
            f"of {self.repeating.n} answers {100 * self.repeating.score:.0f} % repeat themselves{before}, "
            f"{100 * self.unreadable.score:.0f} % cannot be read"
        )

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


def times_text(times: float | None) -> str:
    """A ratio of perplexities: `x1.3`, `x12`, `x4e+05`."""
    if times is None:
        return "x?"
    if times < 9.95:
        return f"x{times:.2f}" if times < 1.095 else f"x{times:.1f}"
    return f"x{times:.0f}" if times < 1e4 else f"x{times:.0e}"


def mask_generation_qualities(
    experiment: Experiment, masks: Iterable[MaskSpec]
) -> dict[MaskSpec, GenerationQuality]:
    """The generation quality of masks, as far as it is stored.

    Raises:
        CorruptEntry: an entry is damaged.
        ValueError: k asks for more weights than there are candidates.
    """
    base = experiment.store.generation_quality.load(generation_quality_request(experiment, None)[0])
    if base is None:
        return {}
    intact = base.rows(named=True)
    base_generation_quality, base_perplexity = _answers(intact, intact), _perplexity(base)
    found = {}
    for mask in masks:
        frame = experiment.store.generation_quality.load(generation_quality_request(experiment, mask)[0])
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


def _number(value: float | None) -> str:
    return "not a number" if value is None else f"{value:.3g}"


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value
