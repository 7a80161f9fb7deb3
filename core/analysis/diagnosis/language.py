"""Finds where a text goes over to another script or language, and where it refuses."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

SCRIPT_LETTERS = 6
SCRIPT_SHARE = 0.5
"""Letters of another script that count, if they are this share of all letters from the first of them on."""

STOP_WORDS = 5
"""Different stop-words of another language that count …"""

STOP_WORD_SHARE = 0.25
"""… if they are this share of all words there, and more than twice those of the language before."""

SCRIPT_WORDS = {
    "CJK": "Chinese characters", "HIRAGANA": "Japanese characters", "KATAKANA": "Japanese characters",
    "HANGUL": "Korean characters", "LATIN": "Latin letters", "CYRILLIC": "Cyrillic letters",
    "GREEK": "Greek letters", "ARABIC": "Arabic letters", "HEBREW": "Hebrew letters", "THAI": "Thai letters",
    "DEVANAGARI": "Devanagari letters",
}  # fmt: skip
"""Scripts by the first word of a letter's Unicode name; others are not judged."""

COMMON_WORDS = {
    "English": "the of and to is that it was for are with as his they at be this have from not by but we",
    "German": "der die das und ist nicht ein eine zu den mit sich auf für dem von auch wir sie er ich sind",
    "French": "le la les des et est une un dans que qui pour pas sur au avec du ce il elle nous vous sont je",
    "Spanish": "el los las y es una un que en por con para del se su como más pero lo hay son está muy yo",
    "Italian": "il lo gli di e è una un che per con del della non si sono come più ma nel alla questo anche",
    "Portuguese": "o os as e é uma um que em por com para do da não se são como mais mas na no isso ele",
    "Dutch": "de het een en is niet van dat die op te zijn met voor aan er maar om ook als bij dit naar",
}
"""Stop-words of the languages in Latin letters that Llama models are made for, and of Dutch."""

_STOP_WORDS = {language: frozenset(words.split()) for language, words in COMMON_WORDS.items()}


class Change(NamedTuple):
    """Another script or language."""

    to: str
    """Its name in words."""
    start: int
    """The first character of it."""
    end: int


def find_change(text: str, before: str) -> Change | None:
    """Where a text changes to another script or language; None if it does not.

    - Script: `SCRIPT_LETTERS` letters or more of a script that is not in `before`, which are `SCRIPT_SHARE`
      of all letters from the first of them on.
    - Language, among those of `COMMON_WORDS`: from the beginning of a sentence in it to the end there are
      `STOP_WORDS` different stop-words or more of a language of which `before` has fewer; they are
      `STOP_WORD_SHARE` of the words, and more than twice those of the language of `before` (English, if that
      is too short).

    Args:
        text: the ablated answer.
        before: the prompt and the base answer.
    """
    return _script_change(text, before) or _language_change(text, before)


def _script_change(text: str, before: str) -> Change | None:
    known = {_script(letter) for letter in set(before)}
    for script in dict.fromkeys(map(_script, text)):
        if script is None or script in known:
            continue
        indices = [index for index, letter in enumerate(text) if _script(letter) == script]
        letters = sum(map(str.isalpha, text[indices[0] :]))
        if len(indices) >= SCRIPT_LETTERS and len(indices) >= SCRIPT_SHARE * letters:
            return Change(script, indices[0], indices[-1] + 1)
    return None


@lru_cache(maxsize=4096)
def _script(letter: str) -> str | None:
    """The script of a letter; None for other characters, and scripts that are not judged."""
    if not letter.isalpha():
        return None
    return SCRIPT_WORDS.get(unicodedata.name(letter, "").partition(" ")[0])


def _language_change(text: str, before: str) -> Change | None:
    known = set(_words(before))
    counts = {language: len(words & known) for language, words in _STOP_WORDS.items()}
    most = max(counts, key=lambda language: counts[language])
    own = most if counts[most] >= STOP_WORDS else "English"
    strange = [language for language in _STOP_WORDS if language != own and counts[language] < STOP_WORDS]
    beginnings = [*_beginnings(text), len(text)]
    for start, end in itertools.pairwise(beginnings):
        sentence, rest = _words(text[start:end]), _words(text[start:])
        fitting = [
            language
            for language in strange
            if _stop_words(sentence, language) > _stop_words(sentence, own)
            and _is_in(rest, language, other_than=own)
        ]
        if fitting:  # related languages share stop-words
            return Change(max(fitting, key=lambda one: _stop_words(rest, one)), start, len(text))
    return None


def _is_in(words: Sequence[str], language: str, other_than: str) -> bool:
    """Whether words are in a language rather than in another."""
    n = _stop_words(words, language)
    is_enough = len(_STOP_WORDS[language] & set(words)) >= STOP_WORDS and n >= STOP_WORD_SHARE * len(words)
    return is_enough and n > 2 * _stop_words(words, other_than)


def _stop_words(words: Sequence[str], language: str) -> int:
    """How many of the words are stop-words of a language."""
    return sum(word in _STOP_WORDS[language] for word in words)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())


def _beginnings(text: str) -> Iterator[int]:
    """Where the first 60 lines and sentences of a text begin."""
    yield 0
    for number, match in enumerate(re.finditer(r"(?:(?<=[.!?:]\s)|(?<=\n))(?=\S)", text)):
        if number == 60:
            return
        yield match.end()


OPENING = 300
"""Characters at the beginning of an answer in which refusals are looked for."""

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
    """The span of an English refusal in a text that states no answer; None without one.

    A refusal is a phrase such as "I can't help with", "As an AI", "I don't know" or "There is not enough
    information" at the beginning of a sentence within the first `OPENING` characters, not in quotation marks.
    """
    for match in _PATTERN.finditer(text[:OPENING]):
        before = text[: match.start("said")]
        if sum(before.count(quote) for quote in _QUOTES) % 2 == 0:
            return match.start("said"), match.end("said")
    return None
