"""The form in which an answer is expected, and the answer of a text that ignores it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.abilities.prompts import extract_answer
from core.models.spec import PromptStyle

MARKERS = (
    r"\\boxed\{([^{}]+)\}",
    r"####\s*(\S[^\n]*)",
    r"\banswer\b\W{0,4}(?:is\b|[:=])[^\w$-]*([\w$-][^\n]*)",
)
"""Where people and models put an answer if they ignore the format; the first marker that is found counts, at
its last position."""

CONCLUSION = r"\b(?:therefore|thus|hence|so),?\s+([^\n]+)"
"""One more marker, for complete texts only: in a cut text the next thought may follow it."""

NUMBER = re.compile(r"(?<![\w.])-?\$?\d[\d,]*(?:\.\d+)?")
"""A number in digits, with thousands' commas, decimals, a minus sign or a dollar sign."""


@dataclass(frozen=True)
class AnswerFormat:
    """The form in which a benchmark expects a written answer."""

    asked: str
    """In words, such as "a line that begins with 'Answer:'"."""
    stated: Callable[[str], str | None]
    """The answer that a text states in this form, if any."""


def style_format(style: PromptStyle) -> AnswerFormat:
    """The format of diagnostic items whose answer is written, as `core.abilities.prompts` reads it."""
    words = "'so' and the answer" if style == "cloze" else "a line that begins with 'Answer:'"
    return AnswerFormat(words, lambda text: extract_answer(text, style))


def loose_answer(text: str, gold: str | None, options: Sequence[str], *, has_ended: bool) -> str | None:
    """The answer that a text gives in any recognisable form, if any.

    Searched is what follows a marker, else the last sentence of a complete text. The answer is the option
    that is named last; or a number if the right answer is one (the first after a marker, else the last of the
    sentence); or, with neither options nor a number to look for, everything after the marker.
    """
    for marker in (*MARKERS, CONCLUSION) if has_ended else MARKERS:
        found = list(re.finditer(marker, text, flags=re.IGNORECASE))
        if found and (answer := _fitting(found[-1][1], gold, options, at=0)):
            return answer
    if not has_ended or not (options or _is_number(gold)):
        return None
    last_sentence = re.split(r"[.!?](?=\s)|[。！？\n]", text.strip().rstrip("。！？"))[-1]
    return _fitting(last_sentence, gold, options, at=-1)


def _fitting(rest: str, gold: str | None, options: Sequence[str], at: int) -> str | None:
    """The part of a text that is an answer of the expected kind."""
    if options:
        named = [
            (match.start(), option)
            for option in options
            for match in re.finditer(rf"(?<!\w){re.escape(option)}(?!\w)", rest, flags=re.IGNORECASE)
        ]
        return sorted(named)[-1][1] if named else None
    if _is_number(gold):
        numbers = NUMBER.findall(rest)
        return numbers[at] if numbers else None
    return rest.strip(" .*") or None


def _is_number(gold: str | None) -> bool:
    return gold is not None and NUMBER.fullmatch(gold.strip()) is not None
