"""Finds the sentence with which a model refuses to answer, in English."""

from __future__ import annotations

import re

OPENING = 300
"""Characters at the beginning of an answer in which a refusal stands."""

_APOLOGY = (
    r"(?:(?:i['’]?m|i am) (?:really |very |so )?sorry|i apologi[sz]e|sorry|unfortunately)[,.;!]?(?: but)? "
)
_UNABLE = (
    r"i(?: (?:can(?:no|['’])t|can not|won['’]t|will not|am (?:not able|unable) to|must decline to"
    r"|(?:do not|don['’]t) feel comfortable)|['’]m (?:not able|unable) to)"
)
_TO_DO = (
    r"(?: to)? (?:help|assist|answer|provide|fulfil?l|comply|complete|discuss|engage|support|give|generate"
    r"|create|do that|continue|solve|determine|respond|offer)"
)
_REFUSALS = (
    rf"(?:{_APOLOGY})?(?:but )?{_UNABLE}{_TO_DO}\b",
    rf"{_APOLOGY}(?:i|this|that|the question|there)\b[^.!?\n]{{0,80}}(?:\bnot|n['’]t|\bunable|\bcannot)\b",
    r"as an (?:ai|artificial intelligence|language model)\b",
    r"i (?:do not|don['’]t) (?:know|have (?:enough|sufficient|any|access|the (?:ability|information)))\b",
    r"there is (?:not enough|insufficient|no) information\b",
    r"(?:it is|it['’]s) (?:not possible|impossible) to (?:answer|determine|say|tell)\b",
)
_PATTERN = re.compile(rf"(?:^|(?<=[.!?:]\s)|(?<=\n))\W{{0,3}}(?P<said>{'|'.join(_REFUSALS)})", re.IGNORECASE)
_QUOTES = '"“”„«»'


def find_refusal(text: str) -> tuple[int, int] | None:
    """The characters of a refusal; None if a text has none.

    A refusal is a phrase such as "I can't help with", "As an AI", "I don't know" or "There is not enough
    information" at the beginning of a sentence within the first `OPENING` characters, not in quotation marks.
    Whoever asks has made sure that the text states no answer: "I cannot tell by the colours. So it is 4" is
    none.
    """
    for match in _PATTERN.finditer(text[:OPENING]):
        before = text[: match.start("said")]
        if sum(before.count(quote) for quote in _QUOTES) % 2 == 0:
            return match.start("said"), match.end("said")
    return None
