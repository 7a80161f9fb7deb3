"""The first step of an answer that is not the true one."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from core.analysis.diagnosis.numerals import number_value, shown_number

STEP_WORDS = 1
"""After so many true words, whatever comes in place of the next true one is a wrong step."""


class WrongStep(NamedTuple):
    """Where an answer leaves the true solution."""

    kind: Literal["number", "word"]
    """`number`: a number stands where another should."""
    evidence: str
    start: int
    """First character of the word that is wrong."""
    end: int
    excess: float | None
    """Of a number: how much it is over or under."""


def first_wrong_step(text: str, steps: str, prompt: str, closing: str) -> WrongStep | None:
    """The first word of an answer that differs from the true steps; None if it follows them.

    A wrong number is a number where the steps have another. Any other word is a wrong step if it comes after
    `STEP_WORDS` true words, or is one of the prompt or the steps, of the same kind (number or word).
    Otherwise nothing can be said: the answer does not follow these steps at all. Steps that are left out at
    the end are not wrong.

    Args:
        text: the whole answer.
        steps: the true steps, in the words that the model was taught.
        prompt: the question.
        closing: the word that follows the steps and brings the answer; the comparison ends there.
    """
    true = steps.split()
    for place, (said, expected) in enumerate(zip(re.finditer(r"\S+", text), true, strict=False)):
        if said[0] == expected:
            continue
        if said[0] == closing:
            return None
        right, wrong = number_value(expected), number_value(said[0])
        if right is not None and wrong is not None:
            evidence = f"The steps have {said[0]} where {shown_number(right)} is right."
            return WrongStep("number", evidence, *said.span(), float(wrong - right))
        is_known = (right is None) == (wrong is None) and said[0] in {*prompt.split(), *true}
        if place >= STEP_WORDS or is_known:
            evidence = f"The steps have “{said[0]}” where “{expected}” is right."
            return WrongStep("word", evidence, *said.span(), None)
        return None
    return None
