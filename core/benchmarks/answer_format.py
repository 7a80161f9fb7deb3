"""How a prompt asks for its answer, and where the answer stands if it was not given that way."""

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
"""Where people and models put an answer when they do not follow a format; the first that is found counts,
and of several places the last."""

CONCLUSION = r"\b(?:therefore|thus|hence|so),?\s+([^\n]+)"
"""One more such marker, for texts that were not cut: in others it may bring the next thought."""

NUMBER = re.compile(r"(?<![\w.])-?\$?\d[\d,]*(?:\.\d+)?")
"""A number in digits, with thousands' commas, decimals, a minus sign or a dollar sign."""


@dataclass(frozen=True)
class AnswerFormat:
    """Where and how an answer has to stand."""

    asked: str
    """In words, such as "a line that begins with 'Answer:'"."""
    stated: Callable[[str], str | None]
    """The answer that a text gives in this form; None if it gives none."""


def style_format(style: PromptStyle) -> AnswerFormat:
    """The format of the diagnostic items in the form for generation, as `core.abilities.prompts` reads it."""
    words = "'so' and the answer" if style == "cloze" else "a line that begins with 'Answer:'"
    return AnswerFormat(words, lambda text: extract_answer(text, style))


def pattern_format(asked: str, pattern: str) -> AnswerFormat:
    """The format of a benchmark whose answer is what a regular expression finds last.

    Args:
        asked: the format in words.
        pattern: its first group is the answer.

    Raises:
        ValueError: the pattern has no group.
    """
    compiled = re.compile(pattern)
    if not compiled.groups:
        raise ValueError(f"The answer pattern '{pattern}' has no group: put the answer in parentheses.")

    def stated(text: str) -> str | None:
        found = list(compiled.finditer(text))
        return (found[-1][1] or "").strip() or None if found else None

    return AnswerFormat(asked, stated)


def loose_answer(text: str, gold: str | None, options: Sequence[str], *, has_ended: bool) -> str | None:
    """The answer that a text gives in whatever form; None if it gives none that can be told.

    After a marker, or without one in the last sentence of a text that was not cut: the option that is named
    last; a number if the right answer is one (after a marker the first, else the last of the sentence); with
    neither options nor a number to look for, what follows a marker.
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
    """The part of a text that is an answer of the right kind."""
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
