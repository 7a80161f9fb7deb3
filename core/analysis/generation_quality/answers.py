"""How many answers of a mask are no answers: empty, repeating themselves, not to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.analysis.diagnosis.loops import find_loop
from core.analysis.statistics.accuracy import Accuracy, accuracy

NOT_READ = "[invalid]"
"""What stands for the answer where the extraction of a benchmark found none in the text."""


@dataclass(frozen=True)
class AnswerQuality:
    """Shares of the written answers, each with its interval; an answer can count in several."""

    repeating: Accuracy
    """They repeat themselves (`core.analysis.diagnosis.loops` has the rule)."""
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
