"""What shows that a text is no good: a loop, what surprises the base model, another language, a refusal."""

from __future__ import annotations

import itertools
import math
import operator
import re
import unicodedata
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from core.inference import Finish
from core.inference.answers import first_difference


@dataclass(frozen=True)
class Written:
    """What one model wrote."""

    text: str
    finish: Finish
    tokens: tuple[int, ...] = ()
    """The new tokens."""
    log_probabilities: tuple[float, ...] = ()
    """Log-probability of each token under the base model; empty if not computed."""

    @property
    def was_cut(self) -> bool:
        """Whether it was ended from outside: by the token limit, or because it only repeated itself."""
        return self.finish in ("length", "repeats")


def written_of(row: Mapping[str, Any], logprobs: Sequence[float] | None) -> Written:
    """What one model wrote, with the log-probabilities if there is a finite one for each token.

    Args:
        row: with `text`, which is known, `finish` and `tokens`.
        logprobs: log-probability of each token under the base model; None if unknown.
    """
    tokens = tuple(row["tokens"] or ())
    is_usable = logprobs is not None and len(logprobs) == len(tokens) and all(map(math.isfinite, logprobs))
    return Written(row["text"], row["finish"], tokens, tuple(logprobs) if logprobs and is_usable else ())


REPETITIONS = 3
"""Repetitions in a row that make a loop."""

LOOP_WORDS = 6
"""Words that a loop fills at least: "no, no, no" is none."""

LONGEST_PERIOD = 128
"""Words or tokens of a unit, at most."""

CHARACTER_REPETITIONS = 8
LOOP_CHARACTERS = 40
"""The same for a loop inside a single word, as in scripts without spaces and in "hahaha…"."""

SHARE_GRAM = 4
"""Words of the n-grams that are counted, for loops that change a little each time."""

SHARE_WORDS = 40
REPEATED_SHARE = 0.5
"""Words from which a text repeats itself if this share of its n-grams occurred before."""


class Run(NamedTuple):
    """A stretch of a sequence that repeats one unit."""

    start: int
    length: int
    period: int

    @property
    def repetitions(self) -> int:
        """How often the whole unit occurs."""
        return self.length // self.period


class Loop(NamedTuple):
    """What repeats itself in a text."""

    unit: str
    """What is repeated."""
    repetitions: int
    start: int
    """First character of the loop."""
    end: int
    """The character after it."""


def longest_run(sequence: Sequence[Hashable], shortest: int, repetitions: int = REPETITIONS) -> Run | None:
    """The longest stretch that repeats a unit, of equal ones that with the shorter unit; None without any.

    Args:
        shortest: the least length of the stretch.
        repetitions: the least number of whole units.
    """
    best: Run | None = None
    for period in range(1, min(LONGEST_PERIOD, len(sequence) // repetitions) + 1):
        least = max(shortest, repetitions * period, best.length + 1 if best else 0)
        equals = list(map(operator.eq, sequence[period:], sequence))
        if sum(equals) < least - period:  # most periods, and counting is much faster than looking for the run
            continue
        index = 0
        for is_equal, group in itertools.groupby(equals):
            equal = sum(1 for _ in group)
            if is_equal and equal + period >= least:
                best = Run(index, equal + period, period)
                least = best.length + 1
            index += equal
    return best


def find_loop(text: str) -> Loop | None:
    """The loop of a text; None if it does not repeat itself.

    A loop is the first of these, ignoring case and punctuation at a word's ends:
    1. a unit of words that occurs `REPETITIONS` times or more and fills `LOOP_WORDS` words, but no sum such
       as "1 + 1 + 1 + 1";
    2. a unit of characters within one word that occurs `CHARACTER_REPETITIONS` times and fills
       `LOOP_CHARACTERS`, but no dots and dashes;
    3. in a text of `SHARE_WORDS` words, n-grams of which `REPEATED_SHARE` occurred before.
    """
    words = list(re.finditer(r"\S+", text))
    plain = [_plain(word[0]) for word in words]
    run = longest_run(plain, LOOP_WORDS)
    if run and not _is_sum(plain[run.start : run.start + run.period]):
        last = words[run.start + run.length - 1]
        unit = text[words[run.start].start() : words[run.start + run.period - 1].end()]
        return Loop(unit, run.repetitions, words[run.start].start(), last.end())
    for word in words:
        if loop := _within(word):
            return loop
    return _by_share(text, words, plain)


def _within(word: re.Match[str]) -> Loop | None:
    run = (
        longest_run(word[0], LOOP_CHARACTERS, CHARACTER_REPETITIONS)
        if len(word[0]) >= LOOP_CHARACTERS
        else None
    )
    if run is None:
        return None
    unit = word[0][run.start : run.start + run.period]
    if not any(map(str.isalnum, unit)):
        return None
    start = word.start() + run.start
    return Loop(unit, run.repetitions, start, start + run.length)


def _by_share(text: str, words: Sequence[re.Match[str]], plain: Sequence[str]) -> Loop | None:
    """A loop whose turns are not quite equal; the most frequent n-gram stands for its unit."""
    if len(plain) < SHARE_WORDS:
        return None
    indices: dict[tuple[str, ...], list[int]] = {}
    for index in range(len(plain) - SHARE_GRAM + 1):
        indices.setdefault(tuple(plain[index : index + SHARE_GRAM]), []).append(index)
    grams = sum(map(len, indices.values()))
    if 1 - len(indices) / grams < REPEATED_SHARE:
        return None
    often = max(indices.values(), key=len)
    start, end = words[often[0]].start(), words[often[0] + SHARE_GRAM - 1].end()
    return Loop(text[start:end], len(often), start, words[often[-1] + SHARE_GRAM - 1].end())


def _plain(word: str) -> str:
    """The word in lower case, without punctuation at its ends; punctuation alone stays."""
    return word.casefold().strip(".,;:!?\"'()*") or word


def _is_sum(unit: Sequence[str]) -> bool:
    signs = [word for word in unit if re.fullmatch(r"[-+*/=×·÷−]+", word)]
    return bool(signs) and not any(character.isalpha() for word in unit for character in word)


TIMES = 10.0
"""An answer is incoherent if its perplexity under the base model is so many times the base answer's."""

JUDGED_TOKENS = 3
"""Fewer tokens are not judged: a wrong word surprises as much as one that is out of place."""


class Coherence(NamedTuple):
    """How much two answers surprise the base model."""

    base: float
    """Perplexity of the base answer."""
    ablated: float
    """Perplexity of the judged part of the ablated answer."""

    @property
    def is_incoherent(self) -> bool:
        """Whether the ablated answer's is more than `TIMES` the base answer's."""
        return self.ablated / self.base > TIMES


def coherence(base: Written, ablated: Written) -> Coherence | None:
    """The perplexities under the base model; None if there are too few tokens or no log-probabilities.

    The tokens of the ablated answer count from the one after its divergence from the base answer, which is
    always a surprise; of a loop only the first turn, because the others are foreseen; and no end token. Of
    these `JUDGED_TOKENS` or more, the most surprising one is left out: one wrong word in a fluent text is an
    error, not incoherence.
    """
    if not (base.log_probabilities and ablated.log_probabilities):
        return None
    index = first_difference(base.tokens, ablated.tokens)
    if index is None:
        return None
    end = len(ablated.tokens) - (ablated.finish == "eos")
    run = longest_run(ablated.tokens[:end], LOOP_WORDS)
    turns = range(run.start + run.period, run.start + run.length) if run else range(0)
    judged = [ablated.log_probabilities[i] for i in range(index + 1, end) if i not in turns]
    if len(judged) < JUDGED_TOKENS:
        return None
    return Coherence(_perplexity(base.log_probabilities), _perplexity(sorted(judged)[1:]))


def _perplexity(log_probabilities: Sequence[float]) -> float:
    return math.exp(-sum(max(value, -100.0) for value in log_probabilities) / len(log_probabilities))


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
    n = _stop_words(words, language)
    is_enough = len(_STOP_WORDS[language] & set(words)) >= STOP_WORDS and n >= STOP_WORD_SHARE * len(words)
    return is_enough and n > 2 * _stop_words(words, other_than)


def _stop_words(words: Sequence[str], language: str) -> int:
    return sum(word in _STOP_WORDS[language] for word in words)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())


def _beginnings(text: str) -> Iterator[int]:
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
